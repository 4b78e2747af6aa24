"""What a write would change, as the receipts of a comparison say it: row by row, counted, and what it costs to know.

Decides the words. It knows receipts and what a destination is described to be; it knows no service.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from custify_connector.checking.json_values import loads
from custify_connector.checking.secret import Secret, redacted
from custify_connector.checking.values import dumped
from custify_connector.host import words
from custify_connector.host.feed import Line

VERDICTS = {
    "create": "to create",
    "update": "to update",
    "delete": "to delete",
    "nothing": "unchanged",
    "unknown": "cannot be compared",
    "rejected": "rejected",
    "failed": "failed",
    "not_tried": "not tried",
}
"""What becomes of a row, in words; the last three are outcomes of rows that are not compared."""


@dataclass(frozen=True)
class Compared:
    """One row beside what the service holds of it; each of `changes` has its field, its value `now` and `then`."""

    line: int
    key: Mapping[str, Any] | None
    verdict: str
    changes: tuple[Mapping[str, Any], ...] = ()
    reason: str | None = None

    def as_mapping(self) -> dict[str, Any]:
        """Return the row for scripts."""
        return {**vars(self), "changes": list(self.changes)}


def compared(line: Line, secrets: Sequence[Secret] = ()) -> Compared:
    """Return what the receipt of a row says of it, without the secrets that a value may hold."""
    receipt = line.receipt
    if receipt.outcome != "planned":
        found: Mapping[str, Any] = {"verdict": receipt.outcome, "reason": receipt.reason}
    else:
        found = (receipt.response or {}).get("difference") or {}
    key, found = loads(redacted(secrets, dumped([receipt.key, found]).decode()))
    verdict = found.get("verdict")
    known = verdict if verdict in VERDICTS else "unknown"
    return Compared(line.line, key, known, tuple(found.get("changes", ())), found.get("reason"))


def summary(counts: Mapping[str, int]) -> str:
    """Return how many rows have which verdict."""
    total = words.counted(sum(counts.values()), "row")
    found = ", ".join(f"{counts[verdict]:,} {said}" for verdict, said in VERDICTS.items() if counts.get(verdict))
    return f"{total} compared: {found or 'nothing to do'}"


def lookups_of(described: Mapping[str, Any], fields: Collection[str] | None) -> int:
    """Return how many look-ups a record with these fields takes at most; None stands for fields that are not known.

    One for each way in which it names itself, and one for each list, which may hold links.
    """
    lookups: int = described.get("lookups", 0)
    if fields is None:
        return lookups
    properties = described.get("schema", {}).get("properties", {})
    ways = sum(all(name.partition(".")[0] in fields for name in names) for names in described.get("identity", ()))
    lists = sum("array" in properties.get(name, {}).get("type", ()) for name in fields)
    return min(lookups, max(1, ways + lists))


def cost(lookups: int, rows: int | None, limit: Mapping[str, Any] | None) -> str:
    """Return what a comparison costs in requests; `rows` is None where their number is not known before the end."""
    if not lookups:
        return "no request: what the service holds of these records cannot be read"
    if rows is None:
        return f"at most {words.counted(lookups, 'request')} for each row; nothing is written"
    most = lookups * rows
    seconds = most * limit["seconds"] / limit["requests"] if limit else 0
    paced = f", {words.span(seconds)} at the rate limit" if seconds >= 1 else ""
    return f"at most {words.counted(most, 'request')} for {words.counted(rows, 'row')}{paced}; nothing is written"

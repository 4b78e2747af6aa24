"""Which runs a list shows, and in which order, as a part of a query. Pure; it does not know the file."""

from __future__ import annotations

from dataclasses import dataclass

_SEARCHED = ("endpoint", "credential", "command", "input", "output", "quarantine", "reason", "connector")
ORDERS = {
    "": "id DESC", "oldest": "id", "longest": "seconds DESC, id DESC", "records": "records DESC, id DESC",
    "errors": "errors DESC, id DESC",
}  # fmt: skip


@dataclass(frozen=True)
class Listing:
    """What is wanted of the history; an empty text wants nothing. `since` and `until` are days, such as 2026-01-31."""

    status: str = ""
    kind: str = ""
    endpoint: str = ""
    credential: str = ""
    text: str = ""
    since: str = ""
    until: str = ""
    order: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether the file cannot know which runs these are: of those that count as running, some have died."""
        return self.status in {"running", "died"}

    def where(self) -> tuple[str, tuple[str, ...]]:
        """Return the condition of a query, and its values."""
        conditions: list[tuple[str, tuple[str, ...]]] = [
            (f"{name} = ?", (value,))
            for name, value in (("kind", self.kind), ("endpoint", self.endpoint), ("credential", self.credential))
            if value
        ]
        if self.status:
            conditions.append(("status = ?", ("running" if self.is_judged else self.status,)))
        if self.since:
            conditions.append(("started >= ?", (self.since,)))
        if self.until:
            conditions.append(("started < ?", (f"{self.until}T99",)))
        for word in self.text.split():
            searched = " OR ".join(f"{name} LIKE ? ESCAPE '\\'" for name in _SEARCHED)
            conditions.append((f"({searched})", (_like(word),) * len(_SEARCHED)))
        where = f"WHERE {' AND '.join(text for text, _ in conditions)}" if conditions else ""
        return where, tuple(value for _, values in conditions for value in values)

    @property
    def by(self) -> str:
        """The order of the query; that of an unknown word is the usual one."""
        return ORDERS.get(self.order, ORDERS[""])


def _like(word: str) -> str:
    for special in ("\\", "%", "_"):
        word = word.replace(special, f"\\{special}")
    return f"%{word}%"

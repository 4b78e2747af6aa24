"""Rows that a host passes again: each has its effect once, whatever a host does after a failure.

A host starts again from its last state, and a full sync passes every row each time. An upsert bears that. An event
gets a `deduplication_id` from what it holds, so that Custify ignores it the second time. What has no such field is
found in a folder of the host's, and is refused without one. Decides which of the three holds for a row.
"""

from __future__ import annotations

import hashlib
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from typing import Any

from custify_connector.adapters.protection import Protection
from custify_connector.adapters.sent_rows import SentRows, account
from custify_connector.checking.identity import key_of, may_repeat
from custify_connector.checking.values import dumped
from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault
from custify_connector.host import mapping, runs
from custify_connector.host.account import Account
from custify_connector.host.feed import Line, Safekeeping, Shape
from custify_connector.host.rows import Row, Table
from custify_connector.plugin import connector

DERIVED = "deduplication_id"
"""The one field by which Custify ignores what it had before, and which stands for nothing else."""

_WAY_OUT = (
    "a later sync could send it again, and Custify would keep both: name a folder in `journal`, which must stay from"
    " one sync to the next, or set `allow_duplicates` to true"
)


class Once:
    """Writes the rows of one sync; its memory of equal rows is for all calls of `write`."""

    def __init__(self, credential: Mapping[str, Any], settings: Protection) -> None:
        self._credential = credential
        self._settings = settings
        self._met: Counter[bytes] = Counter()
        self._journals: dict[tuple[str, str], SentRows] = {}
        self._held = ExitStack()

    def refuse_unsafe(self, endpoint: str) -> None:
        """Raise ConfigurationError for a destination of which no row is safe to pass again."""
        if _repeat(endpoint) == "never" and not (self._settings.journal or self._settings.allow_duplicates):
            raise ConfigurationError((Fault(endpoint, f"only creates, and {_WAY_OUT}"),))

    def write(self, destination: Mapping[str, Any], table: Table, shape: Shape, safe: Safekeeping) -> Iterator[Line]:
        """Write the rows of a table, and yield a line for each; raises what `runs.write` raises."""
        endpoint = str(destination.get("endpoint", ""))
        if self._settings.allow_duplicates or _repeat(endpoint) == "always":
            return runs.write(connector, self._credential, destination, table, shape, safe)
        self.refuse_unsafe(endpoint)
        journal = None if destination.get("dry_run") else self._journal(table.name, endpoint)
        protected = self._settings.journal is not None
        return _Pass(table, shape, destination, journal, self._met, protected=protected).write(self._credential, safe)

    def _journal(self, stream: str, endpoint: str) -> SentRows | None:
        if self._settings.journal is None:
            return None
        if (stream, endpoint) not in self._journals:
            opened = SentRows(self._settings.journal, self._account, stream, endpoint)
            self._held.callback(opened.close)
            self._journals[stream, endpoint] = opened
        return self._journals[stream, endpoint]

    @cached_property
    def _account(self) -> Account:
        return account(self._credential)

    def close(self) -> None:
        """Close the journals; the next call of `write` opens them again."""
        self._journals.clear()
        self._held.close()


class _Pass:
    """One call: rows that need not or cannot be sent are kept aside, the others go to the hook."""

    def __init__(  # noqa: PLR0913 - what one call is about
        self,
        table: Table,
        shape: Shape,
        destination: Mapping[str, Any],
        journal: SentRows | None,
        met: Counter[bytes],
        *,
        protected: bool,
    ) -> None:
        self._table = table
        self._shape = shape
        self._destination = destination
        self._repeat = _repeat(str(destination["endpoint"]))
        self._constants = destination.get("params") or {}
        self._journal = journal
        self._met = met
        self._protected = protected
        self._given: dict[int, bytes] = {}
        self._aside: deque[Line] = deque()

    def write(self, credential: Mapping[str, Any], safe: Safekeeping) -> Iterator[Line]:
        table = Table(self._table.name, None, self._rows())
        return self._lines(runs.write(connector, credential, self._destination, table, Shape(empty="text"), safe))

    def _rows(self) -> Iterator[Row]:
        for row in self._table.rows:
            if (kept := row if row.fault else self._row(row)) is not None:
                yield kept

    def _row(self, row: Row) -> Row | None:
        """Return a row as its record, with what makes it safe to send; None when it is kept aside."""
        try:
            record = self._shape.record(row)
        except mapping.NotConvertible as error:
            return Row(row.line, row.fields, f"has a value of another type: {error}")
        if may_repeat(self._repeat, {**record, **self._constants}):
            return Row(row.line, record)
        digest = self._digest(row, record)
        derives = self._repeat == DERIVED
        fate = self._journal.fate(digest) if self._journal else None
        if fate == "sent":
            self._aside.append(Line(row.line, _sent_before(record, self._destination)))
            return None
        if fate == "unclear" and not derives:
            return Row(row.line, record, unclear=True)
        self._give(row.line, digest)
        if derives:
            return Row(row.line, {**record, DERIVED: f"row-{digest.hex()}"})
        return Row(row.line, record, None if self._protected else f"has no {self._repeat}: {_WAY_OUT}")

    def _give(self, line: int, digest: bytes) -> None:
        if self._journal:
            self._journal.give(digest)
            self._given[line] = digest

    def _digest(self, row: Row, record: Mapping[str, Any]) -> bytes:
        """Return what names a row in every sync: what it holds, what becomes of it, and how many equal ones came.

        Two orders may map to one record and differ in their rows; a mapping that was corrected makes other records.
        """
        whole = {"stream": self._table.name, "row": row.fields, "record": record, "constants": self._constants}
        met = hashlib.sha256(dumped(whole)).digest()[:16]
        self._met[met] += 1
        return hashlib.sha256(met + str(self._met[met]).encode()).digest()[:20]

    def _lines(self, lines: Iterator[Line]) -> Iterator[Line]:
        error: ConnectorError | None = None
        try:
            for line in lines:
                self._decide(line)
                yield from self._kept_aside()
                yield line
        except ConnectorError as raised:
            error = raised
        yield from self._kept_aside()
        if error:
            raise error

    def _kept_aside(self) -> Iterator[Line]:
        while self._aside:
            yield self._aside.popleft()

    def _decide(self, line: Line) -> None:
        digest, receipt = self._given.pop(line.line, None), line.receipt
        if digest is None or self._journal is None:
            return
        if receipt.outcome in {"sent", "unchanged"}:
            self._journal.sent(digest)
        elif receipt.code != "unclear":
            self._journal.forget(digest)


def _sent_before(record: Mapping[str, Any], destination: Mapping[str, Any]) -> Receipt:
    identity = _described(str(destination["endpoint"])).get("identity", ())
    key = key_of({**record, **(destination.get("params") or {})}, identity)
    return Receipt(0, "unchanged", key, code="sent_before", reason="an earlier sync sent this row")


def _described(endpoint: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = connector.describe()["destinations"].get(endpoint, {})
    return found


def _repeat(endpoint: str) -> str:
    """Return the word `repeat` of a destination; the hook refuses what is none."""
    return str(_described(endpoint).get("repeat", "always"))

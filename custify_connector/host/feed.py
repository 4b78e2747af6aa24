"""Rows to records for a hook, and its receipts back to rows: what is sent, what need not be, and what is kept of it.

Decides in which order a row's fate is made safe. It knows hooks' values and files; it does not know Custify.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from custify_connector.checking.identity import key_of, may_repeat
from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import journal, mapping
from custify_connector.host.delivered import Delivered
from custify_connector.host.journal import Entry, Journal
from custify_connector.host.origins import Origins
from custify_connector.host.quarantine import Origin, Place, Quarantine, quarantined
from custify_connector.host.rows import Row, Table


@dataclass(frozen=True)
class Line:
    """A receipt, with the line of the input that its record stands on."""

    line: int
    receipt: Receipt


@dataclass(frozen=True)
class Shape:
    """How rows become records: the rules (none: columns are fields), and what an empty cell means."""

    rules: tuple[mapping.Rule, ...] = ()
    empty: mapping.Empty = "absent"

    def record(self, row: Row) -> dict[str, Any]:
        """Return the record of a row; raises NotConvertible."""
        if self.rules:
            return mapping.apply(self.rules, row.fields, self.empty)
        return mapping.unmapped(row.fields, self.empty, flat=row.flat)

    def read(self, row: Row) -> tuple[dict[str, Any], str | None]:
        """Return the record of a row, and what is wrong with it; a faulty row stays as it is."""
        if row.fault is not None:
            return row.fields, row.fault
        try:
            return self.record(row), None
        except mapping.NotConvertible as error:
            return row.fields, f"has a value of another type: {error}"


@dataclass(frozen=True)
class Safekeeping:
    """What a write run keeps, each None when it keeps nothing: a journal, a quarantine, what was delivered last.

    `identity` and `repeat` are those of the destination's description; `resend_unclear` sends rows again whose fate
    is unclear since an earlier run; `ended` asks whether the run should end; `connector` is written to the quarantine.
    """

    journal: Journal | None = None
    quarantine: Quarantine | None = None
    delivered: Delivered | None = None
    identity: tuple[tuple[str, ...], ...] = ()
    repeat: str = "never"
    resend_unclear: bool = False
    ended: Callable[[], bool] = lambda: False
    connector: str = ""

    @classmethod
    def of(cls, described: Mapping[str, Any], **kept: Any) -> Safekeeping:  # noqa: ANN401 - the other fields
        """Return what a run keeps, with identity and repeat as the destination's description has them."""
        identity = tuple(tuple(fields) for fields in described.get("identity", ()))
        return cls(identity=identity, repeat=described.get("repeat", "never"), **kept)


@dataclass(frozen=True)
class Given:
    """A record that was handed over: where it stands, what it is, its hash, and its row in an earlier run."""

    index: int
    line: int
    record: dict[str, Any]
    hash: bytes
    origin: Origin | None = None


class Feed:
    """Gives records to a hook, keeps aside the rows that need not or cannot be sent, and makes receipts safe."""

    def __init__(self, table: Table, shape: Shape, safe: Safekeeping, destination: Mapping[str, Any]) -> None:
        self._table = table
        self._shape = shape
        self._safe = safe
        self._destination = str(destination.get("endpoint", ""))
        self._constants = destination.get("params", {})
        self._run_id = int(time.time() * 1000)
        self._aside: deque[Line] = deque()
        self._given: dict[int, Given] = {}
        self._origins = Origins()

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records that are to be sent."""
        handed_over = 0
        for index, row in enumerate(self._table.rows):
            if self._safe.ended():
                return
            record, fault = self._shape.read(row)
            given = Given(index, row.line, record, journal.hash_of({**record, **self._constants}), row.origin)
            if self._is_aside(given, fault or self._contradiction(given), unclear=row.unclear):
                continue
            self._given[handed_over] = given
            handed_over += 1
            yield record

    def _is_aside(self, given: Given, fault: str | None, *, unclear: bool) -> bool:
        """Keep a row aside when it is decided already, or decided here; else write down that it is handed over."""
        entry = self._entry(given)
        receipt = self._settled_before(given, entry) or self._settled_here(given, entry, fault, unclear=unclear)
        if receipt is not None:
            self._aside.append(Line(given.line, receipt))
        return receipt is not None

    def _settled_before(self, given: Given, entry: Entry | None) -> Receipt | None:
        """Return what an interrupted run found of a row that is not to be sent again; it was kept safe then."""
        if entry is None or entry.receipt is None:
            return None
        repeated = entry.unclear and self._may_be_repeated(given.record)
        return entry.receipt if entry.decided or (entry.unclear and not repeated) else None

    def _settled_here(self, given: Given, entry: Entry | None, fault: str | None, *, unclear: bool) -> Receipt | None:
        """Return what becomes of a row that is not to be sent, and keep it safe; else write down that it is sent."""
        if self._safe.journal:
            self._safe.journal.give(given.index, given.hash)
        if fault:
            receipt: Receipt | None = _unreadable(given, fault)
        else:
            earlier = self._origins.find(given.origin) if given.origin else None
            unclear = entry.unclear if entry else earlier.unclear if earlier else unclear
            receipt = self._sent_since(given, earlier) or self._unclear(given, unclear) or self._unchanged(given)
        if receipt is not None:
            self._make_safe(given, receipt)
        else:
            self._hand_over(given)
        return receipt

    def _hand_over(self, given: Given) -> None:
        if given.origin:
            self._origins.give(given.origin, given.line)
        if self._safe.delivered and (key := self._key(given)):
            # Should its fate stay unclear, nobody knows what the service holds for this key.
            self._safe.delivered.forget(key)

    def _contradiction(self, given: Given) -> str | None:
        """Return what is wrong with a row that stands in a quarantine twice: which of the two counts, nobody knows."""
        line = self._origins.given_on(given.origin) if given.origin else None
        return f"is the same row as line {line}: keep one of the two" if line is not None else None

    def _sent_since(self, given: Given, earlier: Entry | None) -> Receipt | None:
        """Return the receipt of a quarantined row that arrived after all, in a resumed run or another replay."""
        if earlier is None or earlier.receipt is None or earlier.receipt.outcome not in {"sent", "unchanged"}:
            return None
        reason = "it was sent since it was kept here"
        return Receipt(given.index, "unchanged", self._key(given), code="sent_since", reason=reason)

    def _entry(self, given: Given) -> Entry | None:
        """Return what an interrupted run knew of a row; raises ConfigurationError when the row was another then."""
        entry = self._safe.journal.find(given.index) if self._safe.journal else None
        if entry is not None and entry.hash != given.hash and self._safe.journal and self._safe.journal.finished:
            # The run before came to its end; this row is a new one.
            return None
        if entry is not None and entry.hash != given.hash:
            reason = "is not what the interrupted run had here: start anew without --resume"
            raise ConfigurationError((Fault(f"{self._table.name}:{given.line}", reason),))
        return entry

    def _unclear(self, given: Given, unclear: bool) -> Receipt | None:
        if not unclear or self._may_be_repeated(given.record):
            return None
        reason = "an earlier run left it unclear whether this record arrived; --resend-unclear sends it again"
        return Receipt(given.index, "failed", self._key(given), None, "unclear", reason)

    def _may_be_repeated(self, record: Mapping[str, Any]) -> bool:
        return self._safe.resend_unclear or may_repeat(self._safe.repeat, record)

    def _unchanged(self, given: Given) -> Receipt | None:
        key = self._key(given)
        if self._safe.delivered and key and self._safe.delivered.holds(key, given.hash):
            reason = "it equals what was delivered last"
            return Receipt(given.index, "unchanged", key, code="unchanged", reason=reason)
        return None

    def _key(self, given: Given) -> dict[str, Any] | None:
        return key_of(given.record, self._safe.identity)

    def settle(self, receipt: Receipt) -> Line:
        """Return a receipt with its place in the input, once it is safe."""
        given = self._given.pop(receipt.index)
        receipt = replace(receipt, index=given.index)
        if given.origin:
            self._origins.decide(given.origin, receipt)
        self._make_safe(given, receipt)
        return Line(given.line, receipt)

    def _make_safe(self, given: Given, receipt: Receipt) -> None:
        """Keep what became of a row: the quarantine first, then what was delivered, the journal last.

        A refused key is no fault of the row, which was certainly not taken: nothing is to be mended in it.
        """
        refused_key = receipt.outcome == "failed" and receipt.code == "key_refused"
        if self._safe.quarantine and receipt.outcome in {"rejected", "failed"} and not refused_key:
            place = Place(
                self._table.name, given.line, self._destination, self._run_id, self._origin(given), self._safe.connector
            )
            self._safe.quarantine.add(quarantined(given.record, receipt, place))
        key = self._key(given)
        if self._safe.delivered and key and receipt.outcome == "sent":
            self._safe.delivered.keep(key, given.hash)
        if self._safe.journal:
            self._safe.journal.decide(given.index, receipt)

    def _origin(self, given: Given) -> Origin | None:
        if given.origin or self._safe.journal is None:
            return given.origin
        return Origin(self._safe.journal.path.resolve(), given.index, given.hash)

    def close(self) -> None:
        """Let go of the journals of earlier runs."""
        self._origins.close()

    def aside(self, before: int | None = None) -> Iterator[Line]:
        """Yield the receipts of rows that were kept aside, those before a place, or all."""
        while self._aside and (before is None or self._aside[0].receipt.index < before):
            yield self._aside.popleft()


def _unreadable(given: Given, fault: str) -> Receipt:
    return Receipt(given.index, "rejected", code="unreadable_row", reason=f"line {given.line} {fault}")

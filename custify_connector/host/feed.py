"""Rows to records for a hook, and its receipts back to rows: what is sent, what need not be, and what is kept of it.

Decides in which order a row's fate is made safe. It knows hooks' values and files; it does not know Custify.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from custify_connector.checking.identity import key_of, may_repeat
from custify_connector.checking.json_schema import faults_of
from custify_connector.contract import Receipt, RejectLimit
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.contract.events import Event, Sending
from custify_connector.host import journal, mapping
from custify_connector.host.account import Account
from custify_connector.host.conversions import PLAIN, Notation
from custify_connector.host.delivered import Delivered
from custify_connector.host.fitting import Fit, compile_fit
from custify_connector.host.journal import Entry, Journal
from custify_connector.host.latest import Latest, Newer, Sent
from custify_connector.host.origins import Origins
from custify_connector.host.quarantine import Origin, Place, Quarantine, quarantined
from custify_connector.host.rows import Row, Table


@dataclass(frozen=True)
class Line:
    """A receipt, with the line of the input that its record stands on, and the row as it was read.

    `record` is what was passed to the connector, None for a row that was not. `sent` is what is kept for later replays
    of a record that the account has, by this run or an earlier one.
    """

    line: int
    receipt: Receipt
    row: Row | None = None
    record: Mapping[str, Any] | None = None
    sent: Sent | None = None


@dataclass(frozen=True)
class Shape:
    """How rows become records: the rules (none: columns are fields), and what an empty cell means.

    `notation` is how the cells are written. `schema` is that of the destination: a cell of a `textual` table gets the
    type that it asks for. `see` is shown every record.
    """

    rules: tuple[mapping.Rule, ...] = ()
    empty: mapping.Empty = "absent"
    notation: Notation = PLAIN
    schema: Mapping[str, Any] = field(default_factory=dict)
    textual: bool = False
    see: Callable[[dict[str, Any]], None] | None = None

    @cached_property
    def _fit(self) -> Fit | None:
        return compile_fit(self.schema, self.notation, textual=self.textual)

    def record(self, row: Row) -> dict[str, Any]:
        """Return the record of a row; raises NotConvertible."""
        if self.rules:
            record = mapping.apply(self.rules, row.fields, self.empty, self.notation)
        else:
            record = mapping.unmapped(row.fields, self.empty, flat=row.flat)
        if self._fit:
            record = self._fit(record)
        if self.see:
            self.see(record)
        return record

    def read(self, row: Row, constants: Mapping[str, Any] | None = None) -> tuple[dict[str, Any], str | None]:
        """Return the record of a row, and what is wrong with it; a faulty row stays as it is.

        `constants` are the fields that every record has besides.
        """
        if row.fault is not None:
            return row.fields, row.fault
        try:
            return self.record(row), None
        except mapping.NotConvertible as error:
            return (
                row.fields,
                f"has a value of another type: {'; '.join([str(error), *self._others(error, constants)])}",
            )

    def _others(self, error: mapping.NotConvertible, constants: Mapping[str, Any] | None) -> Iterator[str]:
        """Yield what is wrong with the fields that could be made, so that one run shows all faults of a row."""
        record = self._fit(dict(error.record)) if self._fit else error.record
        for fault in faults_of({**record, **(constants or {})}, self.schema, "") if self.schema else ():
            if fault.place and not any(f"{name}.".startswith(f"{fault.place}.") for name in error.missing):
                yield str(fault)

    @property
    def of_records(self) -> Shape:
        """The shape of what is a record already, in which a cell that is corrected is written as in the file.

        A date is not: it may have been read, and must not be read by its format once more.
        """
        notation = replace(self.notation, date_format="", null_markers=(), trim=False)
        return replace(self, rules=(), empty="text", notation=notation)

    def words(self) -> dict[str, Any]:
        """Return the shape as it is kept; see `of_words`."""
        kept: dict[str, Any] = {"map": [rule.text for rule in self.rules], "empty": self.empty}
        kept |= {"textual": True} if self.textual else {}
        return kept if self.notation == PLAIN else {**kept, "notation": asdict(self.notation)}


def of_words(words: Mapping[str, Any], schema: Mapping[str, Any] | None = None) -> Shape:
    """Return the shape that was kept, for a destination of a schema; raises ConfigurationError for a damaged one."""
    rules, empty = words.get("map", []), words.get("empty", "absent")
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        raise ConfigurationError((Fault("shape.map", "is damaged: it must be a list of the rules of --map"),))
    if empty not in {"absent", "null", "text"}:
        raise ConfigurationError((Fault("shape.empty", "is damaged: it must be absent, null or text"),))
    notation, textual = _notation_of(words.get("notation", {})), words.get("textual") is True
    return Shape(mapping.parse(rules), cast("mapping.Empty", empty), notation, schema or {}, textual)


def _notation_of(words: Any) -> Notation:  # noqa: ANN401 - what it is shows here
    try:
        kept: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in words.items()
        }
        notation = Notation(**kept)
        notation.check()
    except (TypeError, ValueError, AttributeError):
        raise ConfigurationError((Fault("shape.notation", "is damaged: it must be how cells are written"),)) from None
    return notation


@dataclass(frozen=True)
class Safekeeping:
    """What a write run keeps, each None when it keeps nothing: a journal, a quarantine, what was delivered last.

    `others` are the stores of accounts that other keys open at the same place: one of them may be this account.
    `skip_unchanged` leaves out what was delivered last; else that is only kept up to date. `identity` and `repeat` are
    those of the destination's description; `resend_unclear` sends rows again whose fate is unclear since an earlier
    run; `ended` asks whether the run should end; `connector` and `account` are written to the quarantine.
    `reports_sending` says that the connector reports `Sending`; a row is then unclear from that moment, else from the
    moment that it is passed. `folder` is where journals are kept.
    """

    journal: Journal | None = None
    quarantine: Quarantine | None = None
    delivered: Delivered | None = None
    others: tuple[Delivered, ...] = ()
    skip_unchanged: bool = True
    identity: tuple[tuple[str, ...], ...] = ()
    repeat: str = "never"
    resend_unclear: bool = False
    ended: Callable[[], bool] = lambda: False
    connector: str = ""
    account: Account | None = None
    same_account: bool = False
    reports_sending: bool = False
    folder: Path | None = None
    latest: Latest | None = None
    older_too: bool = False

    @classmethod
    def of(cls, described: Mapping[str, Any], **kept: Any) -> Safekeeping:  # noqa: ANN401 - the other fields
        """Return what a run keeps, with identity and repeat as the destination's description has them."""
        identity = tuple(tuple(fields) for fields in described.get("identity", ()))
        return cls(identity=identity, repeat=described.get("repeat", "never"), **kept)


@dataclass(frozen=True)
class Given:
    """A row that this run came to: where it stands, what it is, and its hash.

    `place` is its place in the journal; `token` what `Delivered.touch` returned. `record` holds the fields of the row
    where it could not be made a record.
    """

    index: int
    row: Row
    record: dict[str, Any]
    hash: bytes
    place: int
    token: int | None = None
    is_record: bool = True


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
        self._announced: set[int] = set()
        self._is_announcing = safe.reports_sending
        self._origins = Origins(self._destination, safe.account, safe.same_account, safe.folder)
        self._rejects = RejectLimit(destination.get("on_reject"), destination.get("max_rejects"))
        self._rows = enumerate(self._table.rows)
        self._broken: ConfigurationError | None = None
        self._kept: tuple[Mapping[str, Any], Shape] | None = None

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield the records that are to be sent."""
        passed = 0
        while not self._safe.ended() and not self._broken and not self._rejects.stopped:
            if (given := self._next()) is None:
                return
            self._given[passed] = given
            passed += 1
            if not self._is_announcing:
                self._give([given])
            yield given.record

    def rest(self) -> Iterator[Line]:
        """Yield the rows that are left after a stop: what an earlier run found of them, or that they were not tried."""
        while self._rejects.stopped and not self._safe.ended() and (found := self._met()) is not None:
            given, entry, _ = found
            before = self._settled_before(given, entry)
            receipt = before or Receipt(given.index, "not_tried", self._key(given), reason=self._rejects.stopped)
            yield self._line(given, receipt)

    def hear(self, event: Event) -> None:
        """Record which rows may have arrived from now on; raises ConfigurationError where that cannot be kept."""
        if not isinstance(event, Sending):
            return
        self._announced.update(event.indexes)
        try:
            self._give([self._given[index] for index in event.indexes if index in self._given])
        except ConfigurationError as error:
            self._broken = error
            raise

    def check(self) -> None:
        """Raise what kept the feed from writing down that a row is sent: the run ended over it."""
        if self._broken:
            raise self._broken

    def _next(self) -> Given | None:
        """Return the next row that is to be sent; keeps aside those before it."""
        while not self._rejects.stopped and (found := self._met()) is not None:
            given, entry, fault = found
            receipt = self._settled_before(given, entry) or self._settled_here(given, entry, fault)
            if receipt is None:
                return self._touching(given)
            self._aside.append(self._line(given, receipt))
        return None

    def _met(self) -> tuple[Given, Entry | None, str | None] | None:
        """Return the next row, what is known of it, and why it cannot be sent; None after the last."""
        try:
            index, row = next(self._rows, (-1, None))
        except OSError as error:
            reason = f"cannot be read any further: {error.strerror or error}"
            raise ConfigurationError((Fault(self._table.name, reason),)) from None
        if row is None:
            return None
        record, fault = self._read(row)
        record_hash = self._hash(row, record, is_record=fault is None)
        place, entry = self._safe.journal.meet(record_hash) if self._safe.journal else (index, None)
        given = Given(index, row, record, record_hash, place, is_record=fault is None)
        return given, entry, fault or self._contradiction(given)

    def _hash(self, row: Row, record: Mapping[str, Any], *, is_record: bool) -> bytes:
        """Return what a row is known by in the files of this run; nothing where it has none."""
        if self._safe.journal is None and self._safe.delivered is None:
            return b""
        return journal.hash_of({**record, **self._constants} if is_record else {"": [record, row.text]})

    def _settled_before(self, given: Given, entry: Entry | None) -> Receipt | None:
        """Return what an interrupted run found of a row that is not to be sent again; it was kept safe then."""
        if entry is None or entry.receipt is None:
            return None
        repeated = entry.unclear and self._may_be_repeated(given.record)
        found = entry.decided or (entry.unclear and not repeated)
        return replace(entry.receipt, index=given.index) if found else None

    def _settled_here(self, given: Given, entry: Entry | None, fault: str | None) -> Receipt | None:
        """Return what becomes of a row that is not to be sent, and keep it safe; None for one that is to be sent."""
        if fault:
            receipt: Receipt | None = _unreadable(given, fault)
        else:
            earlier = self._origins.find(given.row.origin) if given.row.origin else None
            unclear = _may_have_arrived(given.row, entry, earlier)
            receipt = (
                self._sent_since(given, earlier)
                or self._outdated(given)
                or self._unclear(given, unclear)
                or self._unchanged(given)
            )
        if receipt is not None:
            self._make_safe(given, receipt)
            self._rejects.count((receipt,))
        elif given.row.origin:
            self._origins.note(given.row.origin, given.row.line)
        return receipt

    def _touching(self, given: Given) -> Given:
        """Return a row as it is passed: what it may change in the account is not known from now on."""
        if self._safe.delivered is None and not self._safe.others:
            return given
        sent = {**given.record, **self._constants}
        for other in self._safe.others:
            other.forget(sent)
        return replace(given, token=self._safe.delivered.touch(sent) if self._safe.delivered else None)

    def _give(self, given: list[Given]) -> None:
        """Record that rows may have arrived from now on."""
        for each in given:
            if each.row.origin:
                self._origins.give(each.row.origin)
        if self._safe.journal:
            self._safe.journal.send([each.place for each in given])

    def _contradiction(self, given: Given) -> str | None:
        """Return what is wrong with a row that stands in a quarantine twice: which of the two counts is unknown."""
        line = self._origins.given_on(given.row.origin) if given.row.origin else None
        return f"is the same row as line {line}: keep one of the two" if line is not None else None

    def _sent_since(self, given: Given, earlier: Entry | None) -> Receipt | None:
        """Return the receipt of a quarantined row that arrived after all, in a resumed run or another replay."""
        if earlier is None or earlier.receipt is None or earlier.receipt.outcome not in {"sent", "unchanged"}:
            return None
        reason = "it was sent after it was saved here"
        return Receipt(given.index, "unchanged", self._key(given), code="sent_since", reason=reason)

    def _outdated(self, given: Given) -> Receipt | None:
        """Return the receipt of a quarantined row over which a newer record was sent since."""
        latest, turn = self._safe.latest, given.row.turn
        newer = latest.newer({**given.record, **self._constants}, turn) if latest and turn else None
        if newer is None or self._safe.older_too:
            if latest and turn:
                latest.passed({**given.record, **self._constants}, turn)
            return None
        key = self._key(given)
        return Receipt(given.index, "failed", key, code="outdated", reason=_older_than(newer, key))

    def _line(self, given: Given, receipt: Receipt, record: Mapping[str, Any] | None = None) -> Line:
        """Return what is reported of a row."""
        is_there = receipt.outcome in {"sent", "unchanged"} or receipt.code == "unclear"
        sent = None
        if is_there and given.is_record and self._safe.latest:
            turn = given.row.turn or (self._run_id, given.row.line)
            sent = self._safe.latest.sent({**given.record, **self._constants}, turn)
        return Line(given.row.line, receipt, given.row, record, sent)

    def _read(self, row: Row) -> tuple[dict[str, Any], str | None]:
        if row.shape is None:
            return self._shape.read(row, self._constants)
        try:
            shape = self._kept_shape(row.shape)
        except ConfigurationError as error:
            return row.fields, f"cannot be read as it was saved: {error}"
        return shape.read(replace(row, fields=shape.notation.cells(row.fields)), self._constants)

    def _kept_shape(self, words: Mapping[str, Any]) -> Shape:
        """Return the shape of words; rows of one run share theirs."""
        if self._kept is None or self._kept[0] != words:
            self._kept = words, of_words(words, self._shape.schema)
        return self._kept[1]

    def _unclear(self, given: Given, unclear: bool) -> Receipt | None:
        if not unclear or self._may_be_repeated(given.record):
            return None
        reason = "this record may have arrived in an earlier run; add --resend-unclear to send it again"
        return Receipt(given.index, "failed", self._key(given), None, "unclear", reason)

    def _may_be_repeated(self, record: Mapping[str, Any]) -> bool:
        return self._safe.resend_unclear or may_repeat(self._safe.repeat, record)

    def _unchanged(self, given: Given) -> Receipt | None:
        delivered = self._safe.delivered
        if not delivered or not self._safe.skip_unchanged or not (key := self._key(given)):
            return None
        if not delivered.holds({**given.record, **self._constants}, given.hash):
            return None
        return Receipt(given.index, "unchanged", key, code="unchanged", reason="it equals what was delivered last")

    def _key(self, given: Given) -> dict[str, Any] | None:
        return key_of(given.record, self._safe.identity)

    def settle(self, receipt: Receipt) -> Line:
        """Return a receipt with its place in the input, once it is safe."""
        self._hold_to_its_word(receipt)
        given = self._given.pop(receipt.index)
        if receipt.index != given.index:
            receipt = replace(receipt, index=given.index)
        self._rejects.count((receipt,))
        if given.row.origin:
            self._origins.decide(given.row.origin, receipt)
        self._make_safe(given, receipt)
        return self._line(given, receipt, given.record)

    def _hold_to_its_word(self, receipt: Receipt) -> None:
        """Take every row that is passed for under way, once a connector sent one without reporting it."""
        was_sent = receipt.outcome == "sent" or receipt.code == "unclear"
        if self._is_announcing and was_sent and receipt.index not in self._announced:
            self._is_announcing = False
            self._give([given for index, given in self._given.items() if index not in self._announced])
        self._announced.discard(receipt.index)

    def _make_safe(self, given: Given, receipt: Receipt) -> None:
        """Keep the outcome of a row: the quarantine first, then what was delivered, the journal last.

        A refused key is not a fault of the row, which was certainly not taken: nothing is to be corrected in it.
        """
        refused_key = receipt.outcome == "failed" and receipt.code == "key_refused"
        if self._safe.quarantine and receipt.outcome in {"rejected", "failed"} and not refused_key:
            self._quarantine(self._safe.quarantine, given, receipt)
        if self._safe.delivered and receipt.outcome == "sent":
            self._safe.delivered.keep(given.token, given.hash)
        if self._safe.journal:
            self._safe.journal.decide(given.place, receipt)

    def _quarantine(self, quarantine: Quarantine, given: Given, receipt: Receipt) -> None:
        origin, row = self._origin(given), given.row
        shape = self._shape_words(given)
        account = self._safe.account.words() if self._safe.account else None
        connector = self._safe.connector
        place = Place(
            self._table.name,
            row.line,
            self._destination,
            self._run_id,
            origin,
            connector,
            account,
            shape,
            row.text,
            row.turn,
        )
        line = quarantined(given.record, receipt, place)
        if quarantine.holds(line, may_repeat=may_repeat(self._safe.repeat, given.record)):
            quarantine.before += 1
            return
        if self._safe.journal and not row.origin:
            self._safe.journal.keep(given.place)
        quarantine.add(line)

    def _shape_words(self, given: Given) -> Mapping[str, Any] | None:
        """Return how what is kept of a row becomes a record, once it is corrected; None where it is one as it is."""
        row = given.row
        if not given.is_record:
            return row.shape or {**self._shape.words(), "flat": row.flat}
        shape = self._kept_shape(row.shape) if row.shape is not None else self._shape
        return shape.of_records.words() if shape.textual else None

    def _origin(self, given: Given) -> Origin | None:
        if given.row.origin or self._safe.journal is None:
            return given.row.origin
        return Origin(self._safe.journal.path.resolve(), given.place, given.hash)

    def close(self) -> None:
        """Let go of the journals of earlier runs."""
        self._origins.close()

    def aside(self, before: int | None = None) -> Iterator[Line]:
        """Yield the receipts of rows that were kept aside, those before a place, or all."""
        while self._aside and (before is None or self._aside[0].receipt.index < before):
            yield self._aside.popleft()


def _older_than(newer: Newer, key: Mapping[str, Any] | None) -> str:
    day = datetime.fromtimestamp(newer.began / 1000, timezone.utc).date()
    named = f' for "{" ".join(map(str, key.values()))}"' if key else ""
    who = f"run {newer.run} sent" if newer.run else "a line above holds"
    reason = f"{who} a newer record{named}, of {day}"
    return f"{reason}: to send this older one as well, add --older-too"


def _unreadable(given: Given, fault: str) -> Receipt:
    return Receipt(given.index, "rejected", code="unreadable_row", reason=f"line {given.row.line} {fault}")


def _may_have_arrived(row: Row, entry: Entry | None, earlier: Entry | None) -> bool:
    """Return whether a row may have arrived: by what this run has of it, and by what its origin has by now.

    Another run may have sent it since this run came to it: that it was not sent here says nothing then.
    """
    if entry and entry.unclear:
        return True
    if earlier:
        return earlier.unclear
    return row.unclear and (entry is None or entry.receipt is None)

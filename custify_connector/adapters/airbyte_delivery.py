"""One write of `destination-custify`: messages in, receipts, and each STATE back once it is true.

Decides when a STATE is true: every record before it has an outcome, and those that were rejected are kept. Records of
one stream that follow each other are one call of the hook; the next stream begins when all of them are decided, so
that what was sent first arrives first. This file does not know configurations.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from custify_connector.adapters.airbyte_destination import Route
from custify_connector.adapters.airbyte_protocol import BrokenProtocol, Output
from custify_connector.contract import Receipt
from custify_connector.errors import ConfigurationError, ConnectorError, Fault
from custify_connector.host import mapping, runs
from custify_connector.host.feed import Safekeeping, Shape
from custify_connector.host.interruption import Interruption
from custify_connector.host.quarantine import Quarantine
from custify_connector.host.rows import Row, Table
from custify_connector.plugin import connector

_OWN_COLUMNS = "_airbyte_"
_KEY_REFUSED = (401, 403)
_TOLD = 20
_PASSED_OVER = {"LOG", "TRACE", "CONTROL", "SPEC", "CATALOG", "CONNECTION_STATUS", "DESTINATION_CATALOG"}
_ENDED = {"COMPLETE", "INCOMPLETE"}


@dataclass(frozen=True)
class Pending:
    """A STATE that waits until so many records are decided."""

    after: int
    state: dict[str, Any]


class Ledger:
    """Counts what is decided, and gives each STATE back in its turn, with the counts since the one before."""

    def __init__(self, output: Output, *, keeps_rejected: bool) -> None:
        self._output = output
        self._keeps_rejected = keeps_rejected
        self._pending: deque[Pending] = deque()
        self._since: dict[str, Counter[str]] = {}
        self.outcomes: dict[str, Counter[str]] = {}
        self.taken = 0
        self.stopped: str | None = None
        self._decided = 0
        self._held = False

    def state(self, state: dict[str, Any]) -> None:
        """Take a STATE; it goes back now if nothing is under way."""
        self._pending.append(Pending(self.taken, state))
        self._give_back()

    def settle(self, stream: str, receipt: Receipt) -> None:
        """Take an outcome; one that leaves a record neither delivered nor kept holds every later STATE back."""
        refused = receipt.outcome in {"rejected", "failed"}
        if receipt.outcome == "not_tried" or (refused and not self._keeps_rejected):
            self.stopped = self.stopped or receipt.reason or "it was not tried"
        # A row that only the key's refusal kept from being sent is for the next sync, not for the quarantine alone.
        unsent = receipt.outcome == "planned" or receipt.status in _KEY_REFUSED
        self._held = self._held or self.stopped is not None or unsent
        self._since.setdefault(stream, Counter())["rejected" if refused else "delivered"] += 1
        self.outcomes.setdefault(stream, Counter())[receipt.outcome] += 1
        self._decided += 1
        self._give_back()

    def _give_back(self) -> None:
        while self._pending and self._pending[0].after <= self._decided and not self._held:
            state = self._pending.popleft().state
            counts = self._counts(state)
            stats = {"recordCount": float(counts["delivered"]), "rejectedRecordCount": float(counts["rejected"])}
            self._output.message("STATE", state={**state, "destinationStats": stats})

    def _counts(self, state: Mapping[str, Any]) -> Counter[str]:
        """Take out what was counted for a state: of its stream, or of all streams for a state of all."""
        name = _stream_of(state)
        if name is not None:
            return self._since.pop(name, Counter())
        counts = sum(self._since.values(), Counter())
        self._since.clear()
        return counts


def _stream_of(state: Mapping[str, Any]) -> str | None:
    told = state.get("stream")
    descriptor = told.get("stream_descriptor") if isinstance(told, dict) else None
    name = descriptor.get("name") if isinstance(descriptor, dict) else None
    return name if isinstance(name, str) else None


class Inbox:
    """Standard input as runs of rows, one stream each; a STATE on the way goes to the ledger.

    It ends early, with `broken` set, at a line that is no message, or a record of a stream that the catalog does not
    have: raised from within a call of the hook, it would cost the receipts of what is under way.
    """

    def __init__(self, lines: Iterable[bytes], streams: Iterable[str], ledger: Ledger, output: Output) -> None:
        self._lines = enumerate(lines, start=1)
        self._streams = set(streams)
        self._ledger = ledger
        self._output = output
        self._unknown: set[str] = set()
        self._next: tuple[str, Row] | None = None
        self.broken: BrokenProtocol | None = None

    def runs(self, asked: Interruption) -> Iterator[tuple[str, Iterator[Row]]]:
        """Yield a stream and its rows, again and again; each run's rows must be taken before the next is asked for."""
        while not asked and self._ledger.stopped is None and self._peek() is not None:
            assert self._next  # noqa: S101 - just looked at
            stream = self._next[0]
            yield stream, self._rows(stream, asked)

    def _rows(self, stream: str, asked: Interruption) -> Iterator[Row]:
        while not asked and self._ledger.stopped is None:
            if self._next is None and not self._fill(stop_at_end_of=stream):
                return
            if self._next is None or self._next[0] != stream:
                return
            row, self._next = self._next[1], None
            self._ledger.taken += 1
            yield row

    def _peek(self) -> tuple[str, Row] | None:
        if self._next is None:
            self._fill()
        return self._next

    def _fill(self, stop_at_end_of: str | None = None) -> bool:
        """Take messages up to the next record; False at the end of the input, or where a stream says that it ends."""
        try:
            while self.broken is None and (taken := next(self._lines, None)) is not None:
                number, line = taken
                if line.strip() and self._is_taken(number, _message(number, line), stop_at_end_of):
                    return self._next is not None
        except BrokenProtocol as error:
            self.broken = error
        return False

    def _is_taken(self, number: int, message: dict[str, Any], stop_at_end_of: str | None) -> bool:
        """Take one message; True for a record, and for the end of the stream."""
        kind = message["type"]
        body = message.get(kind.lower())
        if kind == "RECORD":
            self._next = self._record(number, body)
        elif kind == "STATE" and isinstance(body, dict):
            self._ledger.state(body)
        elif kind not in _PASSED_OVER:
            self._report(number, kind)
        return self._next is not None or (stop_at_end_of is not None and _ends(body) == stop_at_end_of)

    def _record(self, number: int, body: object) -> tuple[str, Row]:
        stream = body.get("stream") if isinstance(body, dict) else None
        if not isinstance(body, dict) or stream not in self._streams:
            known = ", ".join(sorted(self._streams))
            raise BrokenProtocol(f"line {number}: a record of stream {stream!r}, which the catalog lacks ({known})")
        data = body.get("data")
        if not isinstance(data, dict):
            return stream, Row(number, {}, "has no object as its data")
        return stream, Row(number, {name: value for name, value in data.items() if not name.startswith(_OWN_COLUMNS)})

    def _report(self, number: int, kind: str) -> None:
        if kind not in self._unknown:
            self._unknown.add(kind)
            self._output.log("WARN", f"line {number}: a message of type {kind} is passed over; others of it, too")


def _message(number: int, line: bytes) -> dict[str, Any]:
    try:
        message = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise BrokenProtocol(f"line {number} of the input is not JSON: {error.msg} at column {error.colno}") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BrokenProtocol(f"line {number} of the input is no message: it must be an object with a type")
    return message


def _ends(body: object) -> str | None:
    """Return the stream whose end a TRACE tells."""
    status = body.get("stream_status") if isinstance(body, dict) else None
    if not isinstance(status, dict) or status.get("status") not in _ENDED:
        return None
    return _stream_of({"stream": status})


class Delivery:
    """A whole write: every run of rows through the hook, receipts to the ledger, and a summary at the end."""

    def __init__(
        self,
        credential: Mapping[str, Any],
        routes: Mapping[str, Route],
        quarantine: Quarantine | None,
        asked: Interruption,
        output: Output,
    ) -> None:
        self._credential = credential
        self._routes = routes
        self._quarantine = quarantine
        self._asked = asked
        self._output = output
        self._ledger = Ledger(output, keeps_rejected=quarantine is not None)
        self._told = 0

    def run(self, lines: Iterable[bytes]) -> bool:
        """Write everything; return whether every record was decided, and each rejected one kept."""
        inbox = Inbox(lines, self._routes, self._ledger, self._output)
        try:
            for stream, rows in inbox.runs(self._asked):
                self._deliver(stream, rows)
            if inbox.broken:
                raise inbox.broken
        except ConnectorError as error:
            self._summarise()
            self._output.error(error)
            return False
        self._summarise()
        return self._ended_well()

    def _deliver(self, stream: str, rows: Iterator[Row]) -> None:
        route = self._routes[stream]
        if route.counts_one_run and stream in self._ledger.outcomes:
            reason = "its records come in several runs, and max_rejects and max_deletes count one: send it in one piece"
            raise ConfigurationError((Fault(f"stream {stream}", reason),))
        safe = Safekeeping(quarantine=self._quarantine, ended=lambda: bool(self._asked))
        # A value is what it is here: empty text is a text, and what is absent is not there.
        shape = Shape(mapping.parse(route.rules), "text")
        table = Table(stream, None, rows)
        for line in runs.write(connector, self._credential, route.destination, table, shape, safe):
            self._tell(stream, line.line, line.receipt)
            self._ledger.settle(stream, line.receipt)

    def _tell(self, stream: str, number: int, receipt: Receipt) -> None:
        """Tell of a row that was not delivered: where, why, and its key; never the row."""
        if receipt.outcome not in {"rejected", "failed", "planned"} or self._told == _TOLD:
            return
        self._told += 1
        shown = (
            f"would send {orjson.dumps(receipt.response).decode()}" if receipt.outcome == "planned" else receipt.reason
        )
        key = f" {orjson.dumps(receipt.key).decode()}" if receipt.key else ""
        self._output.log(
            "INFO" if receipt.outcome == "planned" else "WARN",
            f"{stream}, line {number}{key}: {receipt.outcome}: {shown}",
        )
        if self._told == _TOLD:
            self._output.log("INFO", "further rows like these are counted only")

    def _summarise(self) -> None:
        for stream, outcomes in self._ledger.outcomes.items():
            counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
            self._output.log("INFO", f"{stream} to {self._routes[stream].destination['endpoint']}: {counts}")
        if self._quarantine and self._quarantine.count:
            self._output.log("WARN", f"{self._quarantine.count} rejected or failed rows are in {self._quarantine.path}")

    def _ended_well(self) -> bool:
        dry = all(route.destination.get("dry_run") for route in self._routes.values())
        if self._asked:
            self._output.log("WARN", "ended by a signal: what was under way is decided, the rest was not taken")
        elif self._ledger.stopped is not None and not dry:
            advice = "" if self._quarantine else "; name a quarantine file, so that the others are sent"
            self._output.error(ConfigurationError((Fault("the sync was stopped", f"{self._ledger.stopped}{advice}"),)))
            return False
        return True

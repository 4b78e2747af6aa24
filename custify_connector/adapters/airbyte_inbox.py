"""The messages that `destination-custify` is sent: rows of one stream after another, and the STATEs that it gives back.

Decides what is a message, which are passed over, where a stream ends, and when a STATE is true: every record before it
has an outcome, and those that were rejected are kept. It does not know how a record gets its outcome.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from custify_connector.adapters.airbyte_protocol import BrokenProtocol, Output, stream_of
from custify_connector.checking.json_values import loads
from custify_connector.checking.texts import Json
from custify_connector.contract import Receipt
from custify_connector.host.interruption import Interruption
from custify_connector.host.rows import Row

_KEY_REFUSED = (401, 403)
_OWN_COLUMNS = "_airbyte_"
_PASSED_OVER = {"LOG", "TRACE", "CONTROL", "SPEC", "CATALOG", "CONNECTION_STATUS", "DESTINATION_CATALOG"}
_ENDED = {"COMPLETE", "INCOMPLETE"}


@dataclass(frozen=True)
class Pending:
    """A STATE that waits until so many records are decided."""

    after: int
    state: dict[str, Any]


class Ledger:
    """Counts what is decided, and gives each STATE back in its turn, with the counts since the one before."""

    def __init__(self, output: Output, *, keeps_rejected: bool, is_dry: bool = False) -> None:
        self._output = output
        self._keeps_rejected = keeps_rejected
        self._pending: deque[Pending] = deque()
        self._since: dict[str, Counter[str]] = {}
        self.outcomes: dict[str, Counter[str]] = {}
        self.taken = 0
        self.stopped: str | None = None
        self._decided = 0
        # A state that came back from a dry run would let the next sync pass over rows that were never sent.
        self._held = is_dry

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
        unsent = receipt.status in _KEY_REFUSED
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
        name = stream_of(state)
        if name is not None:
            return self._since.pop(name, Counter())
        counts = sum(self._since.values(), Counter())
        self._since.clear()
        return counts


class Inbox:
    """Standard input as runs of rows, one stream each; a STATE on the way goes to the ledger.

    It ends early, with `broken` set, at a line that is not a message, or a record of a stream that the catalog does not
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
            self._next = self._record(number, body, message.get(_FAULT))
        elif kind == "STATE":
            if not isinstance(body, dict):
                raise BrokenProtocol(f"line {number}: a STATE without its object, state")
            self._ledger.state(body)
        elif kind not in _PASSED_OVER:
            self._report(number, kind)
        return self._next is not None or (stop_at_end_of is not None and _ends(body) == stop_at_end_of)

    def _record(self, number: int, body: object, fault: str | None) -> tuple[str, Row]:
        stream = body.get("stream") if isinstance(body, dict) else None
        if not isinstance(body, dict) or not isinstance(stream, str) or stream not in self._streams:
            known = ", ".join(sorted(self._streams))
            raise BrokenProtocol(f"line {number}: a record of stream {stream!r}, which the catalog lacks ({known})")
        data = body.get("data")
        if not isinstance(data, dict):
            return stream, Row(number, {}, "has no object as its data")
        if fault:
            return stream, Row(number, data, fault)
        return stream, Row(number, {name: value for name, value in data.items() if not name.startswith(_OWN_COLUMNS)})

    def _report(self, number: int, kind: str) -> None:
        if kind not in self._unknown:
            self._unknown.add(kind)
            self._output.log(
                "WARN", f"line {number}: a message of type {kind} is ignored, and so are further messages of this type"
            )


def _read(line: bytes) -> Json:
    """Return a message exactly; where a field is there twice, the message says so."""
    try:
        return loads(line, unique_names=True)
    except json.JSONDecodeError:
        raise
    except ValueError as error:
        message = loads(line)
        return {**message, _FAULT: str(error)} if isinstance(message, dict) else message


_FAULT = "the fault of this line"


def _message(number: int, line: bytes) -> dict[str, Any]:
    try:
        message = _read(line)
    except json.JSONDecodeError as error:
        raise BrokenProtocol(f"line {number} of the input is not JSON: {error.msg} at column {error.colno}") from None
    except ValueError as error:
        raise BrokenProtocol(f"line {number} of the input is not JSON: {error}") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise BrokenProtocol(f"line {number} of the input is not a message: it must be an object with a type")
    return message


def _ends(body: object) -> str | None:
    """Return the stream whose end a TRACE reports."""
    status = body.get("stream_status") if isinstance(body, dict) else None
    ended = isinstance(status, dict) and str(status.get("status")) in _ENDED
    return stream_of({"stream": status}) if ended else None

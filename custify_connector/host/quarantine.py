"""Records that were rejected or failed, kept for replay as JSON lines in Nexla's shape.

A line is on the disk before the run moves on. This file does not know why a record was refused: it stores what it is
given.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from custify_connector.checking.values import dumped
from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.latest import Turn
from custify_connector.storage import atomic

_LAST_PLACE = 2**63 - 1
"""The last that a journal has."""
_LAST_TIME = 253_402_300_799_999
"""The end of the year 9999, in milliseconds."""


@dataclass(frozen=True)
class Origin:
    """The row that a record was in the run that kept it here: that run's journal, its place there, and its hash.

    A run without a journal has None; the place is then the line of the input, and the hash is of what it holds.
    """

    journal: Path | None
    place: int
    hash: bytes

    def words(self) -> dict[str, Any]:
        """Return what is recorded."""
        return {"journal": str(self.journal) if self.journal else None, "place": self.place, "hash": self.hash.hex()}


@dataclass(frozen=True)
class Place:
    """Where a record came from and was to go: the input's name and line, the destination, and the run's id.

    `origin` is None where the run had no journal.
    `connector` names the one that the destination belongs to, where it is not this installation's own.
    `account` is the words of the account that it was for. `shape` is how the record, which is the row as it was read
    then, becomes what is sent; None where the record is what was sent. `text` is a row that could not be read.
    `turn` is when the row was first given, where that was not in this run.
    """

    source: str
    line: int
    destination: str
    run_id: int
    origin: Origin | None = None
    connector: str = ""
    account: Mapping[str, str] | None = None
    shape: Mapping[str, Any] | None = None
    text: str | None = None
    turn: Turn | None = None


def quarantined(record: Mapping[str, Any], receipt: Receipt, place: Place) -> dict[str, Any]:
    """Return the quarantined form of a record: `nexlaMetaData`, `error`, `rawMessage`; times are in milliseconds."""
    error = {
        "status": receipt.status,
        "message": receipt.reason,
        "code": receipt.code,
        "field": receipt.field,
        "outcome": receipt.outcome,
        "stage": "validation" if receipt.status is None and receipt.outcome == "rejected" else "delivery",
    }
    meta = {
        "resourceType": "SINK",
        "ingestTime": int(time.time() * 1000),
        "runId": place.run_id,
        "sourceKey": place.source,
        "sourceOffset": place.line,
        "destination": place.destination,
        **({"connector": place.connector} if place.connector else {}),
    }
    if place.origin:
        meta["origin"] = place.origin.words()
    if place.turn:
        meta["given"] = list(place.turn)
    context = {"account": place.account, "shape": place.shape}
    meta.update({name: dict(words) for name, words in context.items() if words is not None})
    text = {} if place.text is None else {"rawText": place.text}
    return {"nexlaMetaData": meta, "error": error, "rawMessage": dict(record), **text}


class Quarantine:
    """A quarantine file, opened to add to it; a line that a killed process left half written gets its end first.

    `count` records were saved here, and `before` were found here, saved by an earlier run.
    Each call may raise ConfigurationError: the file cannot be written, as on a full disk. `alone` says that no other
    run can have the file open: one that is made here and stays empty is removed then.
    """

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        self.path = path
        self.count = 0
        self.before = 0
        self._marks: set[bytes] | None = None
        if path.exists() and not path.is_file() and not path.is_dir() and str(path) != os.devnull:  # that one is meant
            reason = "is not a regular file, and keeps nothing for a replay: name a file"
            raise ConfigurationError((Fault(str(path), reason),))
        self._may_go = alone and not os.path.lexists(path)
        try:
            self._stream = path.open("ab", buffering=0)
            if _is_half_a_line(path):
                self._stream.write(b"\n")
        except OSError as error:
            raise self._unusable(error) from None

    def add(self, line: Mapping[str, Any]) -> None:
        """Write one record, and wait until it is on the disk; what does not fit there leaves nothing behind."""
        text, before = dumped(line, sort=False) + b"\n", self._stream.seek(0, os.SEEK_END)
        try:
            while text:
                text = text[self._stream.write(text) :]
            atomic.sync(self._stream)
        except OSError as error:
            with suppress(OSError):
                self._stream.truncate(before)
            raise self._unusable(error) from None
        self.count += 1

    def holds(self, line: Mapping[str, Any], *, may_repeat: bool) -> bool:
        """Return whether an earlier run kept the row of a line here, corrected since or not; to be asked before `add`.

        It is the same row of the same run, or the record that a dry run, which has no journal, made of it. Where it may
        be repeated, it is also the same content on the same line: of others, each run that gives it may mean another.
        """
        if self._marks is None:
            self._marks = set(_marks_in(self.path))
        marks = _marks(line)
        return not self._marks.isdisjoint((*(marks if may_repeat else marks[:1]), _mark_of_dry_run(line)))

    def _unusable(self, error: OSError) -> ConfigurationError:
        return ConfigurationError((Fault(str(self.path), f"cannot be written: {error.strerror or error}"),))

    def close(self) -> None:
        """Close the file."""
        is_empty = os.fstat(self._stream.fileno()).st_size == 0
        self._stream.close()
        if self._may_go and is_empty:
            with suppress(OSError):
                self.path.unlink()


def _is_half_a_line(path: Path) -> bool:
    with path.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) == 0:
            return False
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) != b"\n"


def _marks_in(path: Path) -> Iterator[bytes]:
    """Yield what the rows of a quarantine are known by; a line that is none is passed over."""
    with path.open("rb") as stream:
        for text in stream:
            with suppress(ValueError, TypeError, AttributeError):
                line = orjson.loads(text)
                yield from _marks(line) or [_mark_of_dry_run(line)]


def _marks(line: Mapping[str, Any]) -> list[bytes]:
    """Return what a row that a journal has is known by; nothing for one of a run without a journal."""
    meta = _meta(line)
    origin = _origin(meta.get("origin"))
    if origin is None or origin.journal is None:
        return []
    journal, row = str(origin.journal), origin.hash.hex()
    return [_mark(journal, origin.place, row), _mark(journal, "line", meta.get("sourceOffset"), row)]


def _mark_of_dry_run(line: Mapping[str, Any]) -> bytes:
    meta = _meta(line)
    words = (meta.get(word) for word in ("sourceKey", "sourceOffset", "destination", "shape"))
    return _mark(*words, line.get("rawMessage"), line.get("rawText"))


def _mark(*words: object) -> bytes:
    return hashlib.sha256(dumped(words)).digest()[:16]


def record_of(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the record of a quarantined line; None when the line is not of a quarantine."""
    record = line.get("rawMessage")
    return record if isinstance(record, dict) and "nexlaMetaData" in line else None


def destination_of(line: Mapping[str, Any]) -> str | None:
    """Return the destination that a quarantined record was meant for."""
    return _meant(line, "destination")


def connector_of(line: Mapping[str, Any]) -> str | None:
    """Return the connector that a quarantined record was meant for, None where it is this installation's own."""
    return _meant(line, "connector")


def _meant(line: Mapping[str, Any], word: str) -> str | None:
    named = _meta(line).get(word)
    return named if isinstance(named, str) else None


def origin_of(line: Mapping[str, Any]) -> Origin | None:
    """Return where a quarantined record was first given; None for a line that was made by hand."""
    meta = _meta(line)
    return _origin(meta.get("origin")) or _origin(_unjournalled(meta))


def _origin(words: Any) -> Origin | None:  # noqa: ANN401 - whatever the line holds
    try:
        journal, place = words["journal"], int(words["place"])
        origin = Origin(Path(journal) if journal else None, place, bytes.fromhex(words["hash"]))
    except (KeyError, TypeError, ValueError):
        return None
    return origin if 0 <= place <= _LAST_PLACE else None


def _unjournalled(meta: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the origin of a row that has none but its run, and its line there; None where the line names neither."""
    known = {word: meta.get(word) for word in ("runId", "ingestTime", "sourceKey", "sourceOffset")}
    if None in known.values():
        return None
    return {"journal": None, "place": known["sourceOffset"], "hash": hashlib.sha256(dumped(known)).hexdigest()}


def turn_of(line: Mapping[str, Any]) -> Turn | None:
    """Return when a quarantined record was first given; None for a line that does not say so."""
    meta = _meta(line)
    given = meta.get("given", [meta.get("runId"), meta.get("sourceOffset")])
    if not isinstance(given, list) or [type(each) for each in given] != [int, int]:
        return None
    began, place = given
    return (began, place) if 0 <= began <= _LAST_TIME and 0 <= place <= _LAST_PLACE else None


def shape_of(line: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return how the record of a quarantined line becomes what is sent; None where it is sent as it is."""
    shape = _meta(line).get("shape")
    return shape if isinstance(shape, Mapping) else None


def text_of(line: Mapping[str, Any]) -> str | None:
    """Return the text of a quarantined row that could not be read; None for one that could."""
    text = line.get("rawText")
    return text if isinstance(text, str) else None


def is_unclear(line: Mapping[str, Any]) -> bool:
    """Return whether a quarantined record may have arrived."""
    error = line.get("error")
    return isinstance(error, Mapping) and error.get("code") == "unclear"


def _meta(line: Mapping[str, Any]) -> Mapping[str, Any]:
    meta = line.get("nexlaMetaData")
    return meta if isinstance(meta, Mapping) else {}

"""A quarantine file as pages: where each line begins, which lines share a reason, and which hold a text.

Decides what counts as the same reason. A file is read once, and then what is added to it; changes replace it whole.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import re
import threading
import time
from array import array
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import orjson

from custify_connector.checking.json_values import dumps, loads
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import quarantine, run_files
from custify_connector.storage import atomic

_START, _LOOKED_AT = b'{"nexlaMetaData":', 4_000_000
_MOST_FILES = 8
_READ_AT_ONCE = 2_000_000
"""In bytes: more than this is read after the page that asks for it."""
_AFTER_SECONDS = 0.3
_LINES_AT_A_TIME, _PAUSE_SECONDS = 32, 0.001
_MOST_GROUPS = 1000
_OTHERS = "others"
_VALUE = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b\d[\d.,:-]*\b""")
_ADDRESS = re.compile(r"\S+@\S+\.\w+")
_PLACE = re.compile(r"^line [0-9]+:? ")
_MOST_AT_A_FIELD = 20
_ONE_CHANGE = threading.RLock()
_alone: set[Path] = set()
Taken = TypeVar("Taken")


@dataclass
class Group:
    """The lines that share a reason, at a field or none: one's text, or what the texts of several share."""

    id: str
    code: str
    at: str
    message: str
    lines: array[int] = field(default_factory=lambda: array("q"))


@dataclass
class Index:
    """Where the lines of a file begin, in bytes, and its groups.

    `end` is how far the file was read, `last` the mark of its last line.
    """

    starts: array[int] = field(default_factory=lambda: array("q"))
    groups: dict[str, Group] = field(default_factory=dict)
    unreadable: int = 0
    end: int = 0
    last: str = ""
    _at_field: Counter[str] = field(default_factory=Counter)

    def key_of(self, code: str, at: str, pattern: str) -> str:
        """Return what the lines of one reason share; a field, or a file, with too many gets one for its others.

        The service may quote the value that it refuses without quotation marks, which makes a reason of each.
        """
        place, key = f"{code}\n{at}\n", f"{code}\n{at}\n{pattern}"
        if key in self.groups:
            return key
        if at and self._at_field[place] >= _MOST_AT_A_FIELD:
            return place
        self._at_field[place] += 1
        return key if len(self.groups) < _MOST_GROUPS else _OTHERS

    def group(self, name: str) -> Group:
        """Return a group by its id; raises ConfigurationError when there is none."""
        found = next((each for each in self.groups.values() if each.id == name), None)
        if found is None:
            raise ConfigurationError((Fault("group", f"there is no group {name}: the file may have changed"),))
        return found

    def largest(self) -> list[Group]:
        """Return the groups, the largest first."""
        return sorted(self.groups.values(), key=lambda group: -len(group.lines))


@dataclass(frozen=True)
class Line:
    """One line of a quarantine: its number from 0, its content, and a mark that changes with it."""

    number: int
    content: dict[str, Any]
    mark: str

    @property
    def record(self) -> dict[str, Any]:
        """The record itself."""
        return quarantine.record_of(self.content) or {}

    @property
    def error(self) -> dict[str, Any]:
        """Why it is here: `message`, `code`, `field`, `status`."""
        found = self.content.get("error")
        return found if isinstance(found, dict) else {}

    @property
    def place(self) -> dict[str, Any]:
        """Where it came from and was to go."""
        found = self.content.get("nexlaMetaData")
        return found if isinstance(found, dict) else {}


def is_quarantine(path: Path) -> bool:
    """Say whether a file is a quarantine, by its first line."""
    return _of_first_line(path, quarantine.record_of) is not None


def may_be_quarantine(path: Path) -> bool:
    """Say whether rejected records may be added to a file: it holds some, or nothing yet."""
    return path.is_file() and (not path.stat().st_size or is_quarantine(path))


def was_sent(path: Path) -> bool:
    """Say whether the records of a file have a receipt which says that they arrived, by the first of them."""
    return _of_first_line(path, lambda line: line.get("receipt")) is not None


def connector_of(path: Path) -> str | None:
    """Return the connector that the first line of a file names; None where it is this installation's own."""
    return _of_first_line(path, quarantine.connector_of)


def place_of(path: Path) -> dict[str, Any]:
    """Return where the first record of a file came from and was to go; empty where that is not kept."""
    found = _of_first_line(path, lambda line: line.get("nexlaMetaData"))
    return found if isinstance(found, dict) else {}


def count_of(path: Path) -> int:
    """Return how many records a file holds, by its lines."""
    with _explained(path), path.open("rb") as stream:
        return sum(1 for text in stream if text.strip())


def _of_first_line(path: Path, take: Callable[[Any], Taken | None]) -> Taken | None:
    """Return what the first line says that is not blank, nor cut short by a process that was killed."""
    with suppress(OSError), path.open("rb") as stream:
        for text in iter(lambda: _next_line(stream), b""):
            with suppress(ValueError, AttributeError):
                return take(loads(text))
            if text.strip() and not text.startswith(_START):
                return None
    return None


def _next_line(stream: BinaryIO) -> bytes:
    """Return the next line, of another file no more than its beginning: it may be one line of any length."""
    start = stream.readline(_LOOKED_AT)
    return start + stream.readline() if start.startswith(_START) and not start.endswith(b"\n") else start


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError((Fault(path.name, f"cannot be read: {error.strerror or error}"),)) from None


def index_of(path: Path) -> Index:
    """Read a file once, and return its index; raises ConfigurationError when it cannot be read."""
    index = Index()
    _read_on(path, index)
    return index


def _read_on(path: Path, index: Index, *, gently: bool = False) -> None:
    """Read what was added to a file since its index was made; `gently` lets other threads answer meanwhile."""
    with _explained(path), path.open("rb") as stream:
        stream.seek(index.end)
        for text in stream:
            if text.strip():
                _take(index, len(index.starts), text)
                index.starts.append(index.end)
                index.last = mark_of(text)
                if gently and len(index.starts) % _LINES_AT_A_TIME == 0:
                    time.sleep(_PAUSE_SECONDS)
            index.end += len(text)


def _continues(path: Path, index: Index) -> bool:
    """Say whether a file still begins with all that its index knows, as one does that a run adds to."""
    if not index.starts:
        return False
    with _explained(path), path.open("rb") as stream:
        stream.seek(index.starts[-1])
        text = stream.readline()
        return text.endswith(b"\n") and mark_of(text) == index.last


def _take(index: Index, number: int, text: bytes) -> None:
    try:
        error = _error_of(text)
        code, at, message = (str(error.get(name) or "") for name in ("code", "field", "message"))
        message = message.removeprefix(f"{at}: ")
    except (ValueError, KeyError, TypeError, AttributeError):
        index.unreadable += 1
        code, at, message = "unreadable", "", "is not a line of a quarantine file"
    pattern = pattern_of(message)
    key = index.key_of(code, at, pattern)
    group = index.groups.get(key)
    if group is None:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:10]
        code, at = (_OTHERS, "") if key == _OTHERS else (code, at)
        group = index.groups[key] = Group(name, code, at, "other reasons" if key == _OTHERS else message)
    elif group.message != message and group.code != _OTHERS:
        group.message = pattern if key.endswith(f"\n{pattern}") else "several reasons at this field"
    group.lines.append(number)


def _error_of(text: bytes) -> dict[str, Any]:
    """Return why a line is here. Of one as this host writes it, nothing else is parsed: a file has many.

    No text within JSON can hold `"error":` with bare quotes, and what comes before it there has no such field.
    """
    start, end = text.find(b',"error":{'), text.find(b',"rawMessage":{')
    if text.startswith(b'{"nexlaMetaData":{') and 0 < start < end:
        with suppress(ValueError):
            found: dict[str, Any] = orjson.loads(text[start + 9 : end])
            return found
    whole: dict[str, Any] = loads(text)["error"]
    return whole


@lru_cache(10_000)
def pattern_of(message: str) -> str:
    """Return a reason without what differs from record to record: its line, quoted values, addresses, numbers.

    One that is nothing but a value stays as it is.
    """
    reason = _PLACE.sub("", message)
    pattern = _VALUE.sub("…", _ADDRESS.sub("…", reason) if "@" in reason else reason)
    return pattern if pattern.strip("… ") else reason


@dataclass
class _Kept:
    """An index with what its file was then; the lock is held while it is made."""

    index: Index = field(default_factory=Index)
    file: tuple[int, int, int] | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    is_awaited: bool = False


class Indexes:
    """The indexes of the files that were looked at last; one is brought up to date when its file has changed."""

    def __init__(self) -> None:
        self._known: OrderedDict[Path, _Kept] = OrderedDict()

    def of(self, path: Path, *, gently: bool = False) -> Index:
        """Return the index of a file as it is now; see `_read_on`."""
        kept = self._kept(path)
        with kept.lock:
            now = _file(path)
            if kept.file != now:
                grows = kept.file is not None and kept.file[0] == now[0] and kept.file[1] <= now[1]
                if not (grows and _continues(path, kept.index)):
                    kept.index = Index()
                kept.file = None
                _read_on(path, kept.index, gently=gently)
                kept.file = now
            return kept.index

    def soon(self, path: Path) -> Index | None:
        """Return the index of a file where that takes a moment; else None, and it is made meanwhile."""
        kept, now = self._kept(path), _file(path)
        if kept.file == now or (now[1] - kept.index.end <= _READ_AT_ONCE and not kept.is_awaited):
            return self.of(path)
        if not kept.is_awaited:
            kept.is_awaited = True
            making = threading.Timer(_AFTER_SECONDS, self._make, (path, kept))
            making.daemon = True
            making.start()
        return None

    def _make(self, path: Path, kept: _Kept) -> None:
        with suppress(ConfigurationError):  # who asks for the index is given the reason
            self.of(path, gently=True)
        kept.is_awaited = False

    def _kept(self, path: Path) -> _Kept:
        kept = self._known.setdefault(path, _Kept())
        self._known.move_to_end(path)
        while len(self._known) > _MOST_FILES:
            self._known.popitem(last=False)
        return kept


def _file(path: Path) -> tuple[int, int, int]:
    with _explained(path):
        status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def lines(path: Path, index: Index, numbers: Iterable[int]) -> list[Line]:
    """Return some lines of a file."""
    found = []
    with path.open("rb") as stream:
        for number in numbers:
            stream.seek(index.starts[number])
            text = stream.readline()
            found.append(Line(number, content_of(text), mark_of(text)))
    return found


def first(path: Path, count: int) -> list[Line]:
    """Return the first lines of a file, which need no index."""
    return [Line(number, content_of(text), mark_of(text)) for number, text in islice(_texts(path), count)]


def content_of(text: bytes) -> dict[str, Any]:
    """Return what a line holds, or that it is not a line of a quarantine file."""
    try:
        content = loads(text)
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {"error": {"message": "is not a line of a quarantine file"}}


def mark_of(text: bytes) -> str:
    """Return what a line is recognised by when it is to be changed: of another content it is another line."""
    return hashlib.sha256(text.rstrip(b"\n")).hexdigest()[:16]


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep other changes from a file meanwhile, and runs from adding to it: they would add to the one it replaces.

    Raises ConfigurationError where a run has it now.
    """
    with _ONE_CHANGE:
        if path in _alone:
            yield
            return
        with run_files.held([path]):
            _alone.add(path)
            try:
                yield
            finally:
                _alone.discard(path)


def rewrite(path: Path, change: Callable[[int, bytes], bytes | None]) -> None:
    """Give lines of a file what `change` says, by number and text: other text, or None for what stays.

    The file is put in its place in one step, `alone`. An empty text removes the line.
    """
    with alone(path), path.open("rb") as stream, atomic.replacing(path) as written:
        number = 0
        for text in stream:
            found = change(number, text) if text.strip() else None
            written.write(text if found is None else found)
            number += bool(text.strip())


def named(path: Path, numbers: Iterable[int] | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield lines of a file, all without `numbers`, each with its name: `7-0f3a`, its number from 1 and its mark."""
    chosen = None if numbers is None else set(numbers)
    for number, text in _texts(path):
        if chosen is None or number in chosen:
            yield f"{number + 1}-{mark_of(text)}", content_of(text)


class Lines(Mapping[str, dict[str, Any]]):
    """The lines of a file by name; one is found wherever it stands now, as long as it holds the same."""

    def __init__(self, path: Path, index: Index) -> None:
        self._path = path
        self._starts = index.starts
        self.numbers: dict[str, int] = {}
        for number, text in _texts(path):
            mark = mark_of(text)
            self.numbers.setdefault(mark, number)
            self.numbers[f"{number + 1}-{mark}"] = number

    def number(self, name: str) -> int | None:
        """Return the number of a line from 0, None where no line holds that any more."""
        return self.numbers.get(name, self.numbers.get(name.rpartition("-")[2]))

    def __contains__(self, name: object) -> bool:
        return self.number(str(name)) is not None

    def __getitem__(self, name: str) -> dict[str, Any]:
        number = self.number(name)
        if number is None:
            raise KeyError(name)
        with self._path.open("rb") as stream:
            stream.seek(self._starts[number])
            return content_of(stream.readline())

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in named(self._path))

    def __len__(self) -> int:
        return len(self._starts)


def _texts(path: Path) -> Iterator[tuple[int, bytes]]:
    with _explained(path), path.open("rb") as stream:
        yield from enumerate(text for text in stream if text.strip())


def found(path: Path, index: Index, text: str) -> list[int]:
    """Return the numbers of the lines whose record holds a text, as it is written there."""
    texts = [each for each in (text, text.lower()) if each]
    spelt = dict.fromkeys(way(each)[1:-1] for each in texts for way in (dumps, _escaped))
    numbers = {number for each in spelt for number in _holding(path, index, each)}
    return sorted(numbers)


def _escaped(text: str) -> bytes:
    """Return JSON in ASCII, as other programs write it."""
    return json.dumps(text).encode()


def _holding(path: Path, index: Index, wanted: bytes) -> Iterator[int]:
    with _explained(path), path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as whole:
        place = whole.find(wanted)
        while 0 <= place < index.end:
            number = bisect_right(index.starts, place) - 1
            start, end = index.starts[number], whole.find(b"\n", place)
            end = len(whole) if end < 0 else end
            record = whole.find(b'"rawMessage":', start, end)
            if record < 0 or whole.find(wanted, record, end) >= 0:
                yield number
            place = whole.find(wanted, end)

"""A quarantine file as pages: where each line begins, and which lines share a reason; read once, until it changes.

Decides what counts as the same reason, and changes a line in place.
"""

from __future__ import annotations

import hashlib
import re
import threading
from array import array
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from custify_connector.checking.json_values import dumps, loads
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import quarantine
from custify_connector.storage import atomic

_MOST_FILES = 8
_MOST_GROUPS = 1000
_OTHERS = "others"
_VALUE = re.compile(r"""'[^']*'|"[^"]*"|`[^`]*`|\S+@\S+\.\w+|\b[0-9a-f]{8}-[0-9a-f-]{27}\b|\b\d[\d.,:-]*\b""")
_ONE_CHANGE = threading.Lock()
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
    """Where the lines of a file begin, in bytes, and its groups, the largest first."""

    starts: array[int] = field(default_factory=lambda: array("q"))
    groups: dict[str, Group] = field(default_factory=dict)
    unreadable: int = 0

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


def _of_first_line(path: Path, take: Callable[[Any], Taken | None]) -> Taken | None:
    try:
        with path.open("rb") as stream:
            return take(loads(stream.readline(4_000_000)))
    except (OSError, ValueError, AttributeError):
        return None


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError((Fault(path.name, f"cannot be read: {error.strerror or error}"),)) from None


def index_of(path: Path) -> Index:
    """Read a file once, and return its index; raises ConfigurationError when it cannot be read."""
    index, start = Index(), 0
    with _explained(path), path.open("rb") as stream:
        for text in stream:
            if text.strip():
                _take(index, len(index.starts), text)
                index.starts.append(start)
            start += len(text)
    return index


def _take(index: Index, number: int, text: bytes) -> None:
    try:
        error = loads(text)["error"]
        code, at, message = (str(error.get(name) or "") for name in ("code", "field", "message"))
    except (ValueError, KeyError, TypeError, AttributeError):
        index.unreadable += 1
        code, at, message = "unreadable", "", "is not a line of a quarantine file"
    # The text of a fault at a field may quote its value; without a field, the text alone says it, its own values aside.
    pattern = pattern_of(message)
    key = f"{code}\n{at}" if at else f"{code}\n\n{pattern}"
    if key not in index.groups and len(index.groups) >= _MOST_GROUPS:
        key, code, at, message = _OTHERS, _OTHERS, "", "other reasons"
    if key not in index.groups:
        name = hashlib.sha256(key.encode()).hexdigest()[:10]
        index.groups[key] = Group(name, code, at, message)
    elif not at and index.groups[key].message != message and key != _OTHERS:
        index.groups[key].message = pattern
    index.groups[key].lines.append(number)


def pattern_of(message: str) -> str:
    """Return a reason without what differs from record to record: quoted values, addresses, numbers.

    One that is nothing but a value stays as it is.
    """
    pattern = _VALUE.sub("…", message)
    return pattern if pattern.strip("… ") else message


class Indexes:
    """The indexes of the files that were looked at last; one is made again when its file has changed."""

    def __init__(self) -> None:
        self._known: OrderedDict[Path, tuple[tuple[int, int], Index]] = OrderedDict()

    def of(self, path: Path) -> Index:
        """Return the index of a file as it is now."""
        with _explained(path):
            status = path.stat()
        mark = (status.st_mtime_ns, status.st_size)
        if path not in self._known or self._known[path][0] != mark:
            self._known[path] = (mark, index_of(path))
        self._known.move_to_end(path)
        while len(self._known) > _MOST_FILES:
            self._known.popitem(last=False)
        return self._known[path][1]


def lines(path: Path, index: Index, numbers: Iterable[int]) -> list[Line]:
    """Return some lines of a file."""
    found = []
    with path.open("rb") as stream:
        for number in numbers:
            stream.seek(index.starts[number])
            text = stream.readline()
            found.append(Line(number, content_of(text), mark_of(text)))
    return found


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


def fix(path: Path, number: int, mark: str, record: dict[str, Any]) -> None:
    """Put a corrected record in place of the one on a line; raises ConfigurationError when that has changed."""

    def change(place: int, text: bytes) -> bytes:
        if place != number:
            return text
        if mark_of(text) != mark:
            raise ConfigurationError((Fault("record", "was changed by another process: look at it again"),))
        return dumps({**content_of(text), "rawMessage": record}, newline=True)

    _rewrite(path, change)


def change(path: Path, fate: Callable[[bytes], bytes | None]) -> None:
    """Give lines of a file, without their ends, what `fate` says: other text, nothing, or None for what stays."""

    def changed(_place: int, text: bytes) -> bytes:
        found = fate(text.rstrip(b"\n"))
        return text if found is None else found

    _rewrite(path, changed)


def _rewrite(path: Path, change: Callable[[int, bytes], bytes]) -> None:
    """Write a file again, line by line, and put it in its place in one step; one change at a time."""
    with _ONE_CHANGE, path.open("rb") as stream, atomic.replacing(path) as changed:
        number = 0
        for text in stream:
            changed.write(change(number, text) if text.strip() else text)
            number += bool(text.strip())

"""What this process does for a while: where it connects to, by Python's sockets, and what it logs.

An audit hook would see the same and could not be taken away again; tracing of threads fails now and then beside one.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_listeners: list[list[str]] = []
_changing = threading.Lock()


@contextmanager
def connections() -> Iterator[list[str]]:
    """Collect the addresses (`host:port`) that any thread connects to meanwhile."""
    seen: list[str] = []
    with _changing:
        _listeners.append(seen)
        socket.socket.connect = _connect  # type: ignore[method-assign,assignment]
        socket.socket.connect_ex = _connect_ex  # type: ignore[method-assign,assignment]
    try:
        yield seen
    finally:
        with _changing:
            _listeners[:] = [each for each in _listeners if each is not seen]
            if not _listeners:  # the methods of the parent class are met again
                del socket.socket.connect, socket.socket.connect_ex


def _connect(self: socket.socket, address: Any) -> None:  # noqa: ANN401 - whatever the family of the socket takes
    _heard(address)
    super(socket.socket, self).connect(address)


def _connect_ex(self: socket.socket, address: Any) -> int:  # noqa: ANN401 - the same
    _heard(address)
    return super(socket.socket, self).connect_ex(address)


def _heard(address: Any) -> None:  # noqa: ANN401 - the same
    text = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address)
    for seen in tuple(_listeners):
        seen.append(text)


@contextmanager
def collected_log() -> Iterator[list[str]]:
    """Collect everything that is logged meanwhile, at every level, each entry with its arguments and traceback."""
    lines: list[str] = []
    handler = _Collector(lines)
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


class _Collector(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(f"{self.format(record)} {record.args!r}")

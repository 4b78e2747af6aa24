"""What this process does for a while: where it connects to, by Python's own audit of sockets, and what it logs.

An audit hook cannot be taken away again, so there is one, set when first needed, and it is idle between listeners.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

_listeners: list[list[str]] = []


@contextmanager
def connections() -> Iterator[list[str]]:
    """Collect the addresses (`host:port`) that any thread connects to meanwhile."""
    _attach()
    seen: list[str] = []
    _listeners.append(seen)
    try:
        yield seen
    finally:
        _listeners.remove(seen)


@lru_cache(maxsize=1)
def _attach() -> None:
    sys.addaudithook(_heard)


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if _listeners and event == "socket.connect":
        address = arguments[1]
        text = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else str(address)
        for seen in _listeners:
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

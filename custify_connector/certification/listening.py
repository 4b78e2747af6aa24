"""Where this process connects to, while somebody listens: what Python's own audit of sockets tells.

An audit hook cannot be taken away again, so there is one, set when first needed, and it is idle between listeners.
"""

from __future__ import annotations

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

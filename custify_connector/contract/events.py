"""What a connector reports while a hook runs: each event a value, each passed to the one listener of the call.

    with listening(print):
        for batch in hooks.read_source(...):
            ...

A connector takes `current_listener()` when a hook is called, and calls it from any of its threads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class RateLimitWait:
    """A request waits `seconds` for a place in the rate limit; reported before the wait."""

    seconds: float


@dataclass(frozen=True)
class HeldBack:
    """The service answered that the limit is reached (429): no request is sent for `seconds`."""

    seconds: float


@dataclass(frozen=True)
class Retry:
    """A request is sent again in `seconds`; `reason` is the status or the failure that the last try met."""

    method: str
    path: str
    seconds: float
    reason: str


@dataclass(frozen=True)
class PageRead:
    """A page was read: `records` on it, of `total` in the stream where the service names that."""

    stream: str
    records: int
    total: int | None


@dataclass(frozen=True)
class Sending:
    """A request that writes the records at `indexes` is about to leave: from now on they may have arrived.

    `indexes` count the records of `write_destination` from 0. A listener that raises here keeps the request from
    leaving. A connector that reports this for every request that writes says so: `reports_sending` in its description.
    """

    indexes: tuple[int, ...]


Event = RateLimitWait | HeldBack | Retry | PageRead | Sending
Listener = Callable[[Event], None]
"""Is called from any thread, must return quickly, and must not raise, except at `Sending`."""


def unheard(_event: Event) -> None:
    """Ignore an event: the listener where there is no other."""


_listener: ContextVar[Listener] = ContextVar("listener", default=unheard)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Pass the events of every hook that is called inside to a listener; a thread needs a copy of the context."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


def current_listener() -> Listener:
    """Return the listener of the hook that is called."""
    return _listener.get()

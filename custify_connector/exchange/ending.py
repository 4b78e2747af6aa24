"""The end of one call of a hook: nothing new begins, what is under way is given a moment, and then cut.

An end is asked for by the host's interrupt, by closing or dropping the iterator that the hook returned, and by the end
of the interpreter. This file does not know what is under way.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from custify_connector.exchange.workers import Workers

GRACE_SECONDS = 1.0
"""How long a request under way may still be answered once the end is asked for."""

READ_GRACE_SECONDS = 0.25
"""A page that is not there yet is asked again by the next run."""

OUTCOME_SECONDS = 3.0
"""How long a batch that was posted may still be asked for its outcome."""

_UNINTERRUPTIBLE_SECONDS = 0.3
"""What still waits so long after the cut looks up a host name, or connects: no socket of it can be shut."""


class Ending:
    """Whether a call is to end: `asked` once it is, `over` once the time of what is under way is up."""

    def __init__(self, grace: float = GRACE_SECONDS) -> None:
        self.asked = threading.Event()
        self.over = threading.Event()
        self.cut: Callable[[], None] = lambda: None
        self._grace = grace
        self._lock = threading.RLock()
        self._stops: list[threading.Event] = []
        self._workers: weakref.WeakSet[Workers] = weakref.WeakSet()

    def workers(self, most: int, name: str) -> Workers:
        """Return threads for which no one waits once the call is over."""
        made = Workers(most, name)
        self._workers.add(made)
        return made

    @contextmanager
    def setting(self, stop: threading.Event) -> Iterator[None]:
        """Set an event when the end is asked for; `over` itself is set in its time."""
        with self._lock:
            self._stops.append(stop)
            asked = self.asked.is_set()
        if asked and stop is not self.over:
            stop.set()
        try:
            yield
        finally:
            with self._lock:
                self._stops.remove(stop)

    def ask(self) -> None:
        """Begin nothing new, and cut what is under way after its grace. Called again, it changes nothing."""
        if self._begin():
            _later(self._grace, self._cut_late)

    def finish(self) -> None:
        """Cut what is under way, at once."""
        self._begin()
        self.over.set()
        self.cut()
        self._abandon()

    def _begin(self) -> bool:
        with self._lock:
            first, stops = not self.asked.is_set(), list(self._stops)
            self.asked.set()
        for stop in stops:
            if stop is not self.over:
                stop.set()
        return first

    def _cut_late(self) -> None:
        self.over.set()
        self.cut()
        _later(_UNINTERRUPTIBLE_SECONDS, self._abandon)

    def _abandon(self) -> None:
        for workers in list(self._workers):
            workers.abandon()


def _later(seconds: float, function: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, function)
    timer.daemon = True
    timer.start()

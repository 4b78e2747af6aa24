"""The rate budget: an exact moving window, shared by every call with one credential in this process.

Decides when the next request may go. This file does not know what is sent.
"""

from __future__ import annotations

import bisect
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from custify_connector.manifest import RateLimit

JITTER_SECONDS = 0.25
"""How much later than it was sent a request may count at the service: networks delay one request more than another."""


@dataclass(frozen=True)
class Clock:
    """Time as a value, so that a test need not wait.

    `now` counts monotonic seconds, `wall` seconds since the epoch. `pause` waits so many seconds, or until the event
    is set, and tells whether it was.
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    pause: Callable[[float, threading.Event], bool] = lambda seconds, stop: stop.wait(seconds)


class Budget:
    """At most `requests` requests counted by the service in any `seconds`, over all threads.

    A request occupies its place from before it is sent until `seconds` after its answer came (or after
    JITTER_SECONDS, whichever is earlier): at whatever moment between the service counted it, no window holds more.
    """

    def __init__(self, limit: RateLimit | None, clock: Clock | None = None) -> None:
        self.limit = limit
        self._clock = clock or Clock()
        self._lock = threading.Lock()
        self._in_flight: dict[int, float] = {}
        self._counted: list[float] = []
        self._blocked_until = 0.0
        self._next_ticket = 0

    def acquire(self, pause: Callable[[float], None]) -> tuple[int, float]:
        """Wait, by `pause`, for a place; returns a ticket for `release`, and the seconds that were waited."""
        waited = 0.0
        while True:
            ticket, seconds = self._try()
            if ticket is not None:
                return ticket, waited
            pause(seconds)
            waited += seconds

    def release(self, ticket: int) -> None:
        """Tell that the answer to a request came, or that it failed."""
        with self._lock:
            sent = self._in_flight.pop(ticket)
            bisect.insort(self._counted, min(self._clock.now(), sent + JITTER_SECONDS))

    def hold_back(self, seconds: float) -> None:
        """Let nobody send for so long: the service said that the limit is reached."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock.now() + seconds)

    def _try(self) -> tuple[int | None, float]:
        with self._lock:
            now = self._clock.now()
            seconds = max(self._blocked_until - now, self._window_wait(now))
            if seconds > 0:
                return None, seconds
            self._next_ticket += 1
            self._in_flight[self._next_ticket] = now
            return self._next_ticket, 0.0

    def _window_wait(self, now: float) -> float:
        """Return the seconds until a place is free, 0 when one is."""
        if self.limit is None:
            return 0.0
        del self._counted[: bisect.bisect_right(self._counted, now - self.limit.seconds)]
        overdue = [sent + JITTER_SECONDS for sent in self._in_flight.values()]
        counted = sorted([*self._counted, *overdue])
        surplus = len(counted) - self.limit.requests
        return counted[surplus] + self.limit.seconds - now if surplus >= 0 else 0.0


_budgets: dict[tuple[str, str], Budget] = {}
_budgets_lock = threading.Lock()


def shared_budget(account: tuple[str, str], limit: RateLimit | None) -> Budget:
    """Return the one budget of an account in this process; a later call's limit replaces an earlier one's."""
    with _budgets_lock:
        budget = _budgets.setdefault(account, Budget(limit))
        budget.limit = limit
        return budget

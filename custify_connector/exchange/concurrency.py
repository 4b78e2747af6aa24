"""How many requests may be under way at once: as many as the rate limit needs at the latency that is seen.

`allowed` is pure. By Little's law a rate needs rate x latency requests under way; a high quantile of the latency, or
twice its mean, leaves room for its spread. No single answer changes much, and what was seen 64 answers ago nothing.
Who goes first is decided here, too. This file does not know what is sent.
"""

from __future__ import annotations

import bisect
import itertools
import math
import statistics
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from custify_connector.manifest import RateLimit

AT_FIRST = 8
"""So many may be under way before as many answers are known."""

AT_THE_LIMIT = 8
"""So many wait for the rate limit at most: more would have no order there, one alone wakes late on a busy machine."""

RECENT = 64
_HIGH = 0.95
_POLL_SECONDS = 0.25


@dataclass(frozen=True)
class Latency:
    """How long one answer took, in seconds, and how many requests were under way when its request was sent."""

    seconds: float
    under_way: int


@dataclass(frozen=True)
class Pace:
    """What the recent answers show of a service.

    `usual` are the seconds within which nearly all came. `in_time` is how many it could answer in half the timeout if
    it answered one after another: more of them under way would only make each run into its timeout.
    """

    usual: float
    in_time: int


def pace_of(recent: Sequence[Latency], timeout: float) -> Pace | None:
    """Return what the recent answers show; None where they are too few."""
    if len(recent) < AT_FIRST:
        return None
    seconds = sorted(each.seconds for each in recent)
    usual = max(seconds[int(_HIGH * (len(seconds) - 1))], 2 * statistics.fmean(seconds))
    share = statistics.median(each.seconds / each.under_way for each in recent)
    return Pace(usual, int(timeout / 2 / share) if share else RECENT)


def allowed(limit: RateLimit | None, pace: Pace | None, ages: Sequence[float], bound: int) -> int:
    """Return how many requests may be under way, at least 1 and at most `bound`.

    `ages` are the seconds for which those under way have waited. One that waits longer than is usual takes no place
    from the others: a few that hang do not slow the rest down.
    """
    if pace is None:
        return min(bound, AT_FIRST)
    late = sum(age > pace.usual for age in ages)
    needed = math.ceil(limit.requests / limit.seconds * pace.usual) + 1 + late if limit else bound
    return max(1, min(bound, needed, max(AT_FIRST, pace.in_time)))


_Waiting = tuple[tuple[int, ...], int, threading.Condition]
"""A request that waits for a place: its turn, a number in the order of arrival, and what wakes it."""


class InFlight:
    """The places of the requests under way, up to `bound`."""

    def __init__(
        self, bound: int, limit: Callable[[], RateLimit | None], timeout: float, now: Callable[[], float]
    ) -> None:
        self._bound = bound
        self._limit = limit
        self._timeout = timeout
        self._now = now
        self._recent: deque[Latency] = deque(maxlen=RECENT)
        self._pace: Pace | None = None
        self._taken = 0
        self._sent: list[float] = []
        self._lock = threading.Lock()
        self._arrivals = itertools.count()
        self._waiting: list[_Waiting] = []

    @property
    def allowed(self) -> int:
        """How many may be under way at the moment."""
        with self._lock:
            return self._allowed()

    def _allowed(self) -> int:
        ages = [self._now() - sent for sent in self._sent]
        return allowed(self._limit(), self._pace, ages, self._bound)

    @contextmanager
    def place(self, turn: tuple[int, ...], stopped: Callable[[], bool]) -> Iterator[None]:
        """Hold a place; waits for one until `stopped` says that none is needed any more.

        The lowest turn goes first, and of equal ones the one that came first. A few at a time wait with their places
        for the rate limit, which knows no turns; the others wait here.
        """
        with self._lock:
            mine = (turn, next(self._arrivals), threading.Condition(self._lock))
            bisect.insort(self._waiting, mine)
            # Looked at now and then: a request that hangs frees a place by its age, and nothing reports that.
            try:
                while not stopped() and not self._may_go(mine):
                    mine[-1].wait(_POLL_SECONDS)
            finally:
                self._waiting.remove(mine)
            self._taken += 1
            self._wake()
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1
                self._wake()

    def _may_go(self, who: _Waiting) -> bool:
        is_first = who is self._waiting[0]
        return is_first and self._taken - len(self._sent) < AT_THE_LIMIT and self._taken < self._allowed()

    def _wake(self) -> None:
        if self._waiting:
            self._waiting[0][-1].notify()

    @contextmanager
    def sending(self) -> Iterator[None]:
        """Take in how long the answer to one request takes."""
        sent = self._now()
        with self._lock:
            self._sent.append(sent)
            under_way = len(self._sent)
            self._wake()
        try:
            yield
        finally:
            with self._lock:
                self._sent.remove(sent)
                self._recent.append(Latency(self._now() - sent, under_way))
                self._pace = pace_of(self._recent, self._timeout)

"""Whether more requests under way make the whole slower, by answers a second over a while, not by single answers.

`judged` is pure. A while counts only where the requests under way were the bound and not the rate limit, so a service
with room for the limit is never slowed down. This file does not know what is sent.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from custify_connector.manifest import RateLimit

ANSWERS, SECONDS = 12, 1.0
"""So many answers at least, and so long at least, are a while."""

_FULL = 0.8
_CLEARLY = 1.15
_STEP = 0.7
_PATIENCE = 25
"""After so many whiles another number is tried, fewer and more in turn, since a service changes."""


@dataclass(frozen=True)
class Latency:
    """How long one answer took, in seconds, and how many requests were under way when its request was sent."""

    seconds: float
    under_way: int


@dataclass(frozen=True)
class Throughput:
    """How many requests were under way on average, and how many answers came in a second."""

    under_way: float
    rate: float


@dataclass(frozen=True)
class Ceiling:
    """At most so many requests under way, the best throughput yet, and for how many whiles nothing else was tried."""

    most: float
    best: Throughput | None = None
    waited: int = 0
    try_fewer: bool = True


def judged(ceiling: Ceiling, seen: Throughput, bound: int) -> Ceiling:
    """Return the ceiling after a while in which as many requests were under way as were allowed."""
    best = ceiling.best
    if best is None:
        return _moved(seen.under_way * _STEP, seen, bound)
    ratio = seen.under_way / best.under_way
    better, worse = seen.rate > best.rate * _CLEARLY, seen.rate * _CLEARLY < best.rate
    if 1 / _CLEARLY < ratio < _CLEARLY:
        return _stayed(ceiling, seen, bound)
    if better:
        return _moved(seen.under_way * (_STEP if ratio < 1 else 1 / _STEP), seen, bound)
    return _moved(best.under_way * (_STEP if worse and ratio > 1 else 1), best, bound)


def _stayed(ceiling: Ceiling, seen: Throughput, bound: int) -> Ceiling:
    if ceiling.waited < _PATIENCE:
        return Ceiling(ceiling.most, seen, ceiling.waited + 1, ceiling.try_fewer)
    moved = _moved(seen.under_way * (_STEP if ceiling.try_fewer else 1 / _STEP), seen, bound)
    return Ceiling(moved.most, seen, 0, not ceiling.try_fewer)


def _moved(most: float, best: Throughput, bound: int) -> Ceiling:
    return Ceiling(min(float(bound), max(1.0, most)), best)


class Saturation:
    """Watches the answers of a run, and keeps the ceiling up to date."""

    def __init__(self, bound: int) -> None:
        self._ceiling = Ceiling(float(bound))
        self._bound = bound
        self._changed = self._began = float("-inf")
        self._answers: list[Latency] = []

    @property
    def most(self) -> int:
        """How many requests may be under way at most."""
        return max(1, round(self._ceiling.most))

    def answered(self, now: float, answer: Latency, allowed: int, limit: RateLimit | None) -> None:
        """Take in an answer that came now; `allowed` requests may be under way."""
        if now - answer.seconds < self._changed:
            return  # what was sent under another ceiling says nothing of this one
        if not self._answers:
            self._began = now
        self._answers.append(answer)
        if len(self._answers) >= ANSWERS and now - self._began >= SECONDS:
            seen, self._answers = _throughput(self._answers), []
            if seen.under_way >= _FULL * allowed and not (
                limit and seen.rate >= _FULL * limit.requests / limit.seconds
            ):
                self._judge(now, seen)

    def _judge(self, now: float, seen: Throughput) -> None:
        before, self._ceiling = self._ceiling, judged(self._ceiling, seen, self._bound)
        if self._ceiling.most != before.most:
            self._changed = now


def _throughput(answers: Sequence[Latency]) -> Throughput:
    """Return the throughput by Little's law, which needs no quiet start and end."""
    under_way = statistics.fmean(each.under_way for each in answers)
    seconds = statistics.fmean(each.seconds for each in answers)
    return Throughput(under_way, under_way / seconds if seconds else float("inf"))

"""The rate limit: at most so many requests in any window of so many seconds, for each key.

Decided here: whether a request that arrives now is let in, and how long one that is not has to wait.
Source: Custify's docs, Rate limit. This file does not know clocks or HTTP.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

Rate = tuple[int, float]


@dataclass(frozen=True)
class Admission:
    """Whether a request is let in, what remains, and the whole seconds after which a refused one may come again."""

    allowed: bool
    limit: int | None = None
    remaining: int | None = None
    retry_after: int | None = None


class MovingWindow:
    """The requests let in of late, by key. Not locked: the caller decides one request at a time."""

    def __init__(self) -> None:
        self._times: dict[str, deque[float]] = {}

    def admit(self, key: str, rate: Rate | None, now: float) -> Admission:
        """Judge a request of `key` that arrives at `now` (seconds), and remember it when it is let in."""
        if rate is None:
            return Admission(allowed=True)
        requests, seconds = rate
        times = self._times.setdefault(key, deque())
        while times and now - times[0] >= seconds:
            times.popleft()
        if len(times) < requests:
            times.append(now)
            return Admission(allowed=True, limit=requests, remaining=requests - len(times))
        wait = times[-requests] + seconds - now if requests else seconds
        return Admission(allowed=False, limit=requests, remaining=0, retry_after=max(1, math.ceil(wait)))

    def give_back(self, key: str, at: float) -> None:
        """Forget the request let in at `at`: it was answered 429 for another reason, which costs nothing."""
        times = self._times.get(key)
        if times and at in times:
            times.remove(at)

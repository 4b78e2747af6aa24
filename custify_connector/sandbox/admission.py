"""Who may do what, and how often: API keys, their permissions, and the rate limit.

Decided here: which key a request carries and whether it may do what is asked; whether a request that arrives now is let
in, and how long one that is not has to wait: at most so many requests in any window of so many seconds, for each key.
Source: Custify's docs, Authentication, Rate limit. This file does not know clocks, nor what is stored.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

Rate = tuple[int, float]


@dataclass(frozen=True)
class Permissions:
    """What a key may do: write at all, and which paths (by their beginning) are closed to it."""

    write: bool = True
    paths_denied: tuple[str, ...] = ()


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the key of an `Authorization: Bearer` header, or None."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def permitted(permissions: Permissions, method: str, path: str) -> bool:
    """Say whether a key with these permissions may send this request."""
    if not permissions.write and method != "GET":
        return False
    return not path.startswith(permissions.paths_denied) if permissions.paths_denied else True


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

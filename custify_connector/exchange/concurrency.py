"""How many requests may be under way at once: no more than make the whole quicker.

Decides it from how long answers take. This file does not know the rate limit, nor what is sent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class InFlight:
    """How many requests may be under way at once: up to a bound, fewer while more of them only make each slower.

    One less when answers take more than twice as long as the quickest, one more when they do not.
    """

    SLOWER = 2.0
    NOTICEABLE_SECONDS = 0.05

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._allowed = float(bound)
        self._under_way = 0
        self._quickest = float("inf")
        self._free = threading.Condition()

    @contextmanager
    def turn(self) -> Iterator[InFlight]:
        """Wait for a turn, and hold it."""
        self.enter()
        try:
            yield self
        finally:
            self.leave()

    @property
    def allowed(self) -> int:
        """How many may be under way at the moment."""
        return max(1, int(self._allowed))

    def enter(self) -> None:
        """Wait until one more may be under way."""
        with self._free:
            self._free.wait_for(lambda: self._under_way < self.allowed)
            self._under_way += 1

    def leave(self) -> None:
        """Tell that one is no longer under way."""
        with self._free:
            self._under_way -= 1
            self._free.notify_all()

    def took(self, seconds: float) -> None:
        """Tell how long an answer took."""
        with self._free:
            self._quickest = min(self._quickest, seconds)
            slow = seconds > max(self._quickest * self.SLOWER, self.NOTICEABLE_SECONDS)
            # Down quickly, up slowly: a service that is overrun should notice the difference.
            step = -1.0 if slow else 1.0 / max(1.0, self._allowed)
            self._allowed = min(self._bound, max(1.0, self._allowed + step))

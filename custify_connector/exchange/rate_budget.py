"""The rate budget: an exact moving window, shared by every call with one credential in this process.

Decides when the next request may go. With a file, the window is shared by every process that names it. This file does
not know what is sent, nor how many requests are under way at once.
"""

from __future__ import annotations

import atexit
import bisect
import logging
import math
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from custify_connector.contract.errors import ConfigurationError
from custify_connector.exchange.budget_file import RESERVED_SECONDS, BudgetFile
from custify_connector.manifest import RateLimit

JITTER_SECONDS = 0.25
"""How much later than it was written a request may count: networks delay one more than another.

It holds for a connection that has been used. The first request of a new one waits for whatever the service does first.
"""

_RECENT = 64
_FEWEST = 8
_USUAL = 0.9
_RECHECK_SECONDS = 0.5


@dataclass(frozen=True)
class Clock:
    """Time as a value, so that a test need not wait.

    `now` counts monotonic seconds, `wall` seconds since the epoch. `pause` waits so many seconds, or until the event
    is set, and says whether it was.
    """

    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    pause: Callable[[float, threading.Event], bool] = lambda seconds, stop: stop.wait(seconds)


log = logging.getLogger("custify_connector")

_COUNT = re.compile(r"[1-9][0-9]{0,8}")


@dataclass
class _Sent:
    """A request under way: when it was written, and when it counts at the latest, here and in the file.

    `known` is whether its connection says that it counts soon.
    """

    written: float
    counts_by: float
    filed: float
    known: bool = False


class Budget:
    """At most `requests` requests counted by the service in any `seconds`, over all threads.

    A request occupies its place from before it is sent until `seconds` after the service counted it at the latest. That
    is when its answer came; on a connection that was used before, JITTER_SECONDS after it was written, and by as much
    later as the answer took longer than is usual. At whatever moment before that it was counted, no window holds more.
    """

    def __init__(self, limit: RateLimit | None, clock: Clock | None = None, shared: BudgetFile | None = None) -> None:
        self.limit = limit
        self.chosen: RateLimit | None = None
        self._clock = clock or Clock()
        self._shared = shared
        self._is_common = False
        self._lock = threading.Lock()
        self._in_flight: dict[int, _Sent] = {}
        self._counted: list[float] = []
        self._blocked_until = 0.0
        self._took: deque[float] = deque(maxlen=_RECENT)
        self._new_in_a_row = 0
        self._next_ticket = 0

    def share(self, path: Path) -> None:
        """Count in a file, too, from now on, and there what this process has in its window and is held back by.

        Raises ConfigurationError when the file cannot be used.
        """
        with self._lock:
            if self._shared is not None and self._shared.path == path:
                return
            opened = BudgetFile(path)
            try:
                now = self._clock.now()
                under_way = [min(each.counts_by, now + RESERVED_SECONDS) for each in self._in_flight.values()]
                opened.add([*self._counted, *under_way], self._ahead())
                for each, counts_by in zip(self._in_flight.values(), under_way, strict=True):
                    each.filed = counts_by
                if self._blocked_until > now:
                    opened.hold_back(self._blocked_until, now, self._ahead())
            except ConfigurationError:
                opened.close()
                raise
            self._close()
            self._shared, self._is_common = opened, False

    def share_if_possible(self, path: Path) -> None:
        """Count in a file that was not asked for: without it, and when it fails later, this process counts alone."""
        try:
            self.share(path)
            self._is_common = True
        except ConfigurationError as error:
            _log_alone(error)

    def keep_to(self, limit: RateLimit | None, *, chosen: bool = False) -> None:
        """Keep to another limit from now on; one that is `chosen` is the caller's own, and is never raised."""
        with self._lock:
            self.limit = limit
            self.chosen = limit if chosen else None

    def close(self) -> None:
        """Close the file; what is counted in it stays."""
        with self._lock:
            self._close()

    def _close(self) -> None:
        if self._shared is not None:
            self._shared.close()
            self._shared = None

    def acquire(self, pause: Callable[[float], None]) -> tuple[int, float]:
        """Wait, by `pause`, for a place; returns a ticket for `release`, and the seconds that were waited.

        Raises ConfigurationError when the file cannot be used any more.
        """
        waited = 0.0
        while True:
            ticket, seconds = self._try()
            if ticket is not None:
                return ticket, waited
            pause(seconds)
            waited += seconds

    def writes(self, ticket: int, *, new: bool) -> None:
        """Take in that a request is being written, and whether its connection is a new one."""
        with self._lock:
            sent, now = self._in_flight[ticket], self._clock.now()
            self._new_in_a_row = self._new_in_a_row + 1 if new else 0
            # A service that closes each connection delays all requests alike.
            sent.known = not new or self._new_in_a_row > _RECENT
            sent.written, sent.counts_by = now, now + JITTER_SECONDS if sent.known else math.inf
            self._file(sent, min(sent.counts_by, now + RESERVED_SECONDS))

    def release(self, ticket: int) -> None:
        """Take in that the answer to a request came, or that it failed."""
        with self._lock:
            now, sent = self._clock.now(), self._in_flight.pop(ticket)
            took = now - sent.written
            moment = min(now, sent.written + JITTER_SECONDS + self._late(took)) if sent.known else now
            if sent.known:
                self._took.append(took)
            if self.limit is not None:
                bisect.insort(self._counted, moment)
                self._file(sent, moment)

    def _late(self, took: float) -> float:
        """Return by how much an answer was later than is usual: that may have passed before its request counted."""
        if len(self._took) < _FEWEST:
            return took
        return max(0.0, took - sorted(self._took)[int(_USUAL * (len(self._took) - 1))])

    def _file(self, sent: _Sent, moment: float) -> None:
        """Let a request count at another moment in the file; a little early costs more to write than it frees."""
        if self._shared and self.limit and not 0 <= sent.filed - moment <= JITTER_SECONDS:
            # The answer comes anyway; who asks next hears that the file cannot be used.
            with suppress(ConfigurationError):
                self._shared.move(sent.filed, moment)
                sent.filed = moment

    def _ahead(self) -> float:
        return self._clock.wall() - self._clock.now()

    def hold_back(self, seconds: float) -> None:
        """Let no request leave for so long: the service said that the limit is reached."""
        with self._lock:
            self._blocked_until = max(self._blocked_until, self._clock.now() + seconds)
            if self._shared:
                # Who cannot tell the others cannot send either: `acquire` says why.
                with suppress(ConfigurationError):
                    self._shared.hold_back(self._blocked_until, self._clock.now(), self._ahead())

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take over the limit that the service names, when it is another than the one assumed (Custify's docs, Limits).

        A limit of None stays: who says that the account has none knows better. One that was chosen is never raised.
        """
        named = headers.get("x-ratelimit-limit", "")
        if not _COUNT.fullmatch(named):
            return
        with self._lock:
            if self.limit is not None:
                most = self.chosen.requests if self.chosen else int(named)
                self.limit = RateLimit(min(int(named), most), self.limit.seconds)

    def _try(self) -> tuple[int | None, float]:
        with self._lock:
            now = self._clock.now()
            seconds = max(self._blocked_until - now, self._window_wait(now))
            limit = self.limit
            counts_at = now + JITTER_SECONDS
            if seconds <= 0 and self._shared and limit:
                seconds = self._count_in_file(now, counts_at, limit)
            if seconds > 0:
                return None, seconds
            self._next_ticket += 1
            self._in_flight[self._next_ticket] = _Sent(now, counts_at, counts_at)
            return self._next_ticket, 0.0

    def _count_in_file(self, now: float, counts_at: float, limit: RateLimit) -> float:
        assert self._shared  # noqa: S101 - the caller has looked
        try:
            return self._shared.try_to_count(now, counts_at, limit.requests, limit.seconds, self._ahead())
        except ConfigurationError as error:
            if not self._is_common:
                raise
            _log_alone(error)
            self._close()
            return 0.0

    def _window_wait(self, now: float) -> float:
        """Return the seconds until a place is free, 0 when one is."""
        limit = self.limit
        if limit is None:
            return 0.0
        del self._counted[: bisect.bisect_right(self._counted, now - limit.seconds)]
        counted = len(self._counted) + len(self._in_flight)
        if counted < limit.requests:
            return 0.0
        moments = sorted([*self._counted, *(each.counts_by for each in self._in_flight.values())])
        wait = moments[counted - limit.requests] + limit.seconds - now
        return wait if wait < math.inf else _RECHECK_SECONDS


def _log_alone(error: ConfigurationError) -> None:
    log.warning("the rate limit is not shared with other runs on this machine: %s", error.faults[0].reason)


_budgets: dict[tuple[str, str], Budget] = {}
_budgets_lock = threading.Lock()


def shared_budget(
    account: tuple[str, str],
    limit: RateLimit | None,
    file: str | None = None,
    *,
    chosen: bool = False,
    common: Path | None = None,
) -> Budget:
    """Return the one budget of an account; a later call's limit replaces the earlier, and so does its file.

    A call that names no file shares the one that was named before, and `common` where none was. Raises
    ConfigurationError when the file cannot be used.
    """
    budget = current_budget(account, limit, common if file is None else None)
    if file is not None:
        budget.share(Path(file))
    budget.keep_to(limit, chosen=chosen)
    return budget


def current_budget(account: tuple[str, str], limit: RateLimit | None, common: Path | None = None) -> Budget:
    """Return the budget of an account as it is, with the file that was named last; a new one gets this limit.

    A new one also counts in the file `common`, as long as that can be used.
    """
    with _budgets_lock:
        budget = _budgets.get(account)
        if budget is None:
            budget = _budgets[account] = Budget(limit)
            if common is not None:
                budget.share_if_possible(common)
        return budget


@atexit.register
def _close_all() -> None:
    for budget in _budgets.values():
        budget.close()

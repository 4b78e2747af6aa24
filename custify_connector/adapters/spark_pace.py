"""How tasks that do not know of each other stay below one limit: the settings of each, and how long it rests first.

Decides each task's share of the window. This file does not know Spark.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from custify_connector.adapters.spark_options import Pace
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.contract.events import Event, RateLimitWait, listening
from custify_connector.exchange.rate_budget import JITTER_SECONDS

log = logging.getLogger("custify_connector")

Limit = tuple[int, float]


def settings(pace: Pace, account: str, default: Limit) -> dict[str, Any]:
    """Return the `settings` of one task for one account, `default` being the limit when none is named.

    Raises ConfigurationError when there are more tasks or machines than requests to divide among them.
    """
    given = dict(pace.others)
    if pace.limit == ():
        return {**given, "rate_limit": None}
    requests, seconds = pace.limit or default
    over = pace.tasks_at_once or pace.machines
    if over > requests:
        name = "tasks_at_once" if pace.tasks_at_once else "machines"
        raise ConfigurationError((Fault(f"option {name}", f"is {over}, and there are {requests} requests to divide"),))
    if pace.limit or over > 1:
        given["rate_limit"] = {"requests": requests // over, "seconds": seconds}
    if pace.budget is not None:
        given["budget"] = str(Path(pace.budget) / f"{_file_name(account)}.budget")
    return given


def rest_seconds(pace: Pace, default: Limit) -> float:
    """Return how long a task waits before its first request: one window, where each task keeps a share in memory.

    A task that sends in a window ran already when it began, and at most `tasks_at_once` did: together they send at
    most the limit, though none knows what a task that ended, failed or was moved sent before it.
    """
    if pace.tasks_at_once is None or pace.limit == ():
        return 0.0
    return (pace.limit or default)[1] + JITTER_SECONDS


def prepare(pace: Pace, default: Limit, who: str, pause: Callable[[float], None] = time.sleep) -> None:
    """Make this machine's budget folder, or rest, before the first request."""
    if pace.budget is not None:
        try:
            Path(pace.budget).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            reason = f"{pace.budget} cannot be made: {error.strerror or error}"
            raise ConfigurationError((Fault("option budget", reason),)) from None
    rest = rest_seconds(pace, default)
    if rest:
        log.warning("%s waits %.1f s before its first request, so that what ran before it leaves the window", who, rest)
        pause(rest)


def _file_name(account: str) -> str:
    """Return a file name of its own for each account, readable where it can be."""
    if re.fullmatch(r"[a-z0-9_]{1,60}", account):
        return account
    return "account-" + sha256(account.encode()).hexdigest()[:24]


class Waiting:
    """Adds up how long requests of a task wait for the rate limit, and logs it once in `EVERY_SECONDS`.

    Requests under way wait side by side, so the sum can exceed the time passed.
    """

    EVERY_SECONDS = 10.0

    def __init__(self, who: str) -> None:
        self.seconds = 0.0
        self._who = who
        self._lock = threading.Lock()
        self._said = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Count a wait for the limit."""
        if isinstance(event, RateLimitWait):
            with self._lock:
                self.seconds += event.seconds
                self._say()

    def _say(self) -> None:
        if time.monotonic() - self._said >= self.EVERY_SECONDS:
            self._said = time.monotonic()
            log.warning("%s: its requests have waited %.1f s for the rate limit so far", self._who, self.seconds)


@contextmanager
def watched(who: str) -> Iterator[Waiting]:
    """Count the waits of the hooks that are called inside."""
    waiting = Waiting(who)
    with listening(waiting):
        yield waiting


def default_limit(description: Mapping[str, Any]) -> Limit:
    """Return the limit that a connector's description names."""
    return int(description["rate_limit"]["requests"]), float(description["rate_limit"]["seconds"])

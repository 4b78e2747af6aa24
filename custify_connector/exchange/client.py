"""The only loop: ask, judge, wait, continue. It is given a `Send`, a budget and a clock.

Decides when a request is made and made again; what to ask and what an answer means is decided elsewhere. This file
does not know HTTP, files or hosts.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from custify_connector.contract.errors import ConfigurationError
from custify_connector.contract.events import HeldBack, Listener, RateLimitWait, Retry, Sending, unheard
from custify_connector.exchange import retrying
from custify_connector.exchange.concurrency import InFlight
from custify_connector.exchange.ending import Ending
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.retrying import Again, Attempt, GivenUp, Outcome, Patience, Settled, judge
from custify_connector.exchange.wire import Failure, Request, Response, Send, Watched
from custify_connector.exchange.workers import Stopped

log = logging.getLogger("custify_connector")

_TOO_MANY_REQUESTS = 429

DEFAULT_WINDOW = 10.0
"""Seconds to wait after a 429 that does not say how long, where no limit is known (Custify's docs, Limits)."""


class Client:
    """Sends requests for one credential until each is settled or given up; may be used from many threads.

    `listener` is given what happens to them.
    """

    def __init__(  # noqa: PLR0913 - each is one thing that a call or a test chooses
        self,
        send: Send,
        budget: Budget,
        *,
        max_in_flight: int = 8,
        timeout: float = 30.0,
        clock: Clock | None = None,
        listener: Listener = unheard,
        ending: Ending | None = None,
    ) -> None:
        self._send = send
        self._budget = budget
        self.listener = listener
        self.ending = ending or Ending()
        self.clock = clock or Clock()
        self.max_in_flight = max_in_flight
        self._in_flight = InFlight(max_in_flight, lambda: budget.limit, timeout, self.clock.now)
        self._carried = threading.local()

    @property
    def is_limited(self) -> bool:
        """Whether the account has a rate limit, as far as is known."""
        return self._budget.limit is not None

    @property
    def room(self) -> int:
        """How many requests are worth having under way at the moment: at most `max_in_flight`."""
        return self._in_flight.allowed

    @contextmanager
    def carrying(self, indexes: tuple[int, ...]) -> Iterator[None]:
        """Report `Sending` with these indexes before each request of this thread that changes something.

        Its requests go before those of records with higher indexes: receipts come in order, and wait for the first.
        """
        self._carried.indexes = indexes
        try:
            yield
        finally:
            self._carried.indexes = ()

    @property
    def _indexes(self) -> tuple[int, ...]:
        indexes: tuple[int, ...] = getattr(self._carried, "indexes", ())
        return indexes

    def exchange(
        self, request: Request, *, repeatable: bool, stop: threading.Event, patience: Patience | None = None
    ) -> Settled | GivenUp:
        """Send a request until it is settled or given up, inside the budget.

        Once `stop` is set, or the call is to end, it is sent no more: one that may have arrived is given up, for any
        other Stopped is raised.
        """
        with self.ending.setting(stop):
            return self._exchange(request, repeatable, stop, patience or retrying.PATIENT)

    def _exchange(
        self, request: Request, repeatable: bool, stop: threading.Event, patience: Patience
    ) -> Settled | GivenUp:
        began = self.clock.now()
        tries = rate_limited = 0
        while True:
            outcome = self._once(request, stop)
            if isinstance(outcome, Response) and outcome.status == _TOO_MANY_REQUESTS:
                rate_limited += 1
            else:
                tries += 1
            elapsed = self.clock.now() - began
            chance = random.random()  # noqa: S311 - it spreads waits, and guards nothing
            window = self._budget.limit.seconds if self._budget.limit else DEFAULT_WINDOW
            now = self.clock.wall()
            attempt = Attempt(tries, rate_limited, elapsed, repeatable, now, chance, window, patience)
            verdict = judge(outcome, attempt)
            if not isinstance(verdict, Again):
                return verdict
            try:
                self._wait(request, outcome, verdict, stop)
            except Stopped:
                if _may_have_arrived(outcome):
                    return GivenUp(outcome)
                raise

    def _once(self, request: Request, stop: threading.Event) -> Response | Failure:
        # The budget comes second: a ticket that waited for a place would count too early.
        with self._in_flight.place(self._indexes, stop.is_set):
            if stop.is_set():
                raise Stopped
            try:
                ticket, _ = self._budget.acquire(lambda seconds: self._hold(seconds, stop))
            except ConfigurationError as error:
                return Failure("no_budget", str(error), arrived=False)
            try:
                with self._in_flight.sending():
                    outcome = self._unrecorded(request) or self._sent(request, ticket)
            finally:
                self._budget.release(ticket)
        if isinstance(outcome, Response):
            self._budget.learn(outcome.headers)
        return outcome

    def _unrecorded(self, request: Request) -> Failure | None:
        """Report what leaves; a request that the listener could not take note of does not leave."""
        indexes = self._indexes
        if not indexes or request.method == "GET":
            return None
        try:
            self.listener(Sending(indexes))
        except Exception as error:  # noqa: BLE001 - a listener is the host's code
            reason = f"the host could not record the request, so it was not sent ({type(error).__name__})"
            return Failure("not_recorded", reason, arrived=False)
        return None

    def _sent(self, request: Request, ticket: int) -> Response | Failure:
        watched: Watched | None = getattr(self._send, "watched", None)
        if watched is None:
            return self._send(request)
        return watched(request, lambda new: self._budget.writes(ticket, new=new))

    def _wait(self, request: Request, outcome: Outcome, again: Again, stop: threading.Event) -> None:
        log.info("%s %s again in %.1f s", request.method, request.path, again.seconds)
        reason = str(outcome.status) if isinstance(outcome, Response) else outcome.message
        self.listener(Retry(request.method, request.path, again.seconds, reason))
        if again.everyone:
            self.listener(HeldBack(again.seconds))
            self._budget.hold_back(again.seconds)
        else:
            self._pause(again.seconds, stop)

    def _hold(self, seconds: float, stop: threading.Event) -> None:
        # Reported before the wait: a watcher wants to know why nothing moves.
        log.debug("waits %.1f s for the rate limit", seconds)
        self.listener(RateLimitWait(seconds))
        self._pause(seconds, stop)

    def _pause(self, seconds: float, stop: threading.Event) -> None:
        if self.clock.pause(seconds, stop):
            raise Stopped


def _may_have_arrived(outcome: Outcome) -> bool:
    return outcome.arrived if isinstance(outcome, Failure) else outcome.status != _TOO_MANY_REQUESTS

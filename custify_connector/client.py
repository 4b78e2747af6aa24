"""The only loop: ask, judge, wait, go on. It is given a `Send`, a budget and a clock.

Decides when a request is made and in which order answers are taken; what to ask and what an answer means is decided
in `reading`, `writing` and `retrying`. This file does not know HTTP, files or hosts.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from custify_connector import reading, states, writing
from custify_connector.contract import Batch, Receipt
from custify_connector.errors import ConnectorError
from custify_connector.look_ahead import LookAhead
from custify_connector.pacing import Budget, Clock
from custify_connector.plans import ReadPlan, WritePlan
from custify_connector.replies import page_of, refusal, refuses_narrowing, unavailable
from custify_connector.retrying import Again, Attempt, GivenUp, Settled, judge
from custify_connector.states import Progress
from custify_connector.wire import Failure, Request, Response, Send

log = logging.getLogger("custify_connector")


class Stopped(Exception):
    """Ends a request's waiting when its answer is of no use any more."""


class Client:
    """Carries out plans for one credential."""

    def __init__(self, send: Send, budget: Budget, *, max_in_flight: int = 8, clock: Clock | None = None) -> None:
        self._send = send
        self._budget = budget
        self._clock = clock or Clock()
        self._max_in_flight = max_in_flight

    def exchange(self, request: Request, *, repeatable: bool, stop: threading.Event) -> Settled | GivenUp:
        """Send a request until it is settled or given up, inside the budget; raises Stopped once `stop` is set."""
        began = self._clock.now()
        tries = rate_limited = 0
        while True:
            outcome = self._once(request, stop)
            limited = isinstance(outcome, Response) and outcome.status == 429  # noqa: PLR2004 - too many requests
            tries, rate_limited = (tries, rate_limited + 1) if limited else (tries + 1, rate_limited)
            elapsed = self._clock.now() - began
            verdict = judge(
                outcome,
                Attempt(tries, rate_limited, elapsed, repeatable, self._clock.wall(), random.random()),  # noqa: S311 - spreads waits
            )
            if not isinstance(verdict, Again):
                return verdict
            self._wait(request, verdict, stop)

    def _once(self, request: Request, stop: threading.Event) -> Response | Failure:
        ticket, waited = self._budget.acquire(lambda seconds: self._pause(seconds, stop))
        if waited:
            log.debug("waited %.1f s for the rate limit", waited)
        try:
            return self._send(request)
        finally:
            self._budget.release(ticket)

    def _wait(self, request: Request, again: Again, stop: threading.Event) -> None:
        log.info("%s %s again in %.1f s", request.method, request.path, again.seconds)
        if again.everyone:
            self._budget.hold_back(again.seconds)
        else:
            self._pause(again.seconds, stop)

    def _pause(self, seconds: float, stop: threading.Event) -> None:
        if self._clock.pause(seconds, stop):
            raise Stopped

    def read(self, plan: ReadPlan, progress: Progress) -> Iterator[Batch]:
        """Yield one batch a page with its state; the last batch, perhaps empty, carries the state of the end."""
        seen = reading.seen_before(progress.position)
        left = plan.limit
        with LookAhead(self.page, plan, self._max_in_flight) as pages:
            while True:
                page, progress = pages.take(progress)
                step = reading.absorb(plan, progress.position, page, seen)
                if step.flush:
                    pages.flush()
                if left is not None:
                    step = reading.within(plan, step, left)
                    left -= len(step.records)
                progress = replace(progress, position=step.position)
                if step.records or step.done:
                    yield _batch(plan, progress, step)
                if step.done or left == 0:
                    return

    def page(
        self, plan: ReadPlan, progress: Progress, number: int, stop: threading.Event
    ) -> tuple[reading.Page, Progress]:
        """Ask for one page; the first reply of a run also tells when the run started, by the service's clock."""
        request = reading.request(plan, progress.position, number)
        response = self._answer(request, plan.stream, stop)
        if progress.position.narrowed and refuses_narrowing(response):
            log.warning("%s: Custify refuses the filter by date; reading newest first instead", plan.stream)
            widened = replace(progress, position=replace(progress.position, narrowed=False))
            return self.page(plan, widened, number, stop)
        started = progress.started or self._served_at(response)
        return page_of(plan, request, number, response), replace(progress, started=started)

    def _answer(self, request: Request, where: str, stop: threading.Event) -> Response:
        verdict = self.exchange(request, repeatable=True, stop=stop)
        if isinstance(verdict, GivenUp):
            raise unavailable(verdict, f"{where}: {request.method} {request.path}")
        return verdict.response

    def _served_at(self, response: Response) -> str:
        try:
            moment = parsedate_to_datetime(response.headers["date"])
        except (KeyError, ValueError):
            moment = datetime.fromtimestamp(self._clock.wall(), timezone.utc)
        return moment.astimezone(timezone.utc).isoformat()

    def write(self, plan: WritePlan, records: Iterable[Any]) -> Iterator[Receipt]:
        """Yield one receipt for each record; what is everybody's fault is raised after the last of them."""
        prepare = writing.preparer(plan)
        tally = writing.Tally(plan)
        for index, record in enumerate(records):
            if tally.stopped:
                yield writing.not_tried(index, tally.stopped)
            else:
                receipt, error = self._write_one(plan, prepare(index, record))
                tally.count(receipt, error)
                yield receipt
        if tally.error:
            raise tally.error

    def _write_one(
        self, plan: WritePlan, prepared: writing.Prepared | Receipt
    ) -> tuple[Receipt, ConnectorError | None]:
        if isinstance(prepared, Receipt):
            return prepared, None
        if plan.dry_run:
            return writing.planned(prepared), None
        verdict = self.exchange(prepared.request, repeatable=prepared.repeatable, stop=threading.Event())
        error = None
        if isinstance(verdict, Settled):
            error = refusal(verdict.response, f"{plan.destination}: {plan.method} {prepared.request.path}")
        return writing.receipt(prepared, verdict, capture=plan.capture_responses), error


def _batch(plan: ReadPlan, progress: Progress, step: reading.Step) -> Batch:
    state = states.finished(plan, progress) if step.done else states.under_way(plan, progress)
    if not plan.fields:
        return Batch(plan.stream, step.records, state)
    picked = [{name: record[name] for name in plan.fields if name in record} for record in step.records]
    return Batch(plan.stream, picked, state)

"""Batch delivery: records posted together as jobs, and their outcome fetched until it is known or the time is up.

Decides when to look: as late as the last batches took, so that one look is usually enough. `batch_jobs` decides what
an answer means.
"""

from __future__ import annotations

import threading

from custify_connector.checking.texts import fill
from custify_connector.contract import Receipt
from custify_connector.exchange.client import Client
from custify_connector.exchange.replies import describe, refusal
from custify_connector.exchange.retrying import GivenUp, Settled
from custify_connector.exchange.wire import Request, Response
from custify_connector.exchange.workers import Stopped
from custify_connector.writing import batch_jobs
from custify_connector.writing.batch_jobs import JobResult, Outcome
from custify_connector.writing.delivery import Delivered, ended
from custify_connector.writing.plan import BatchRule, WritePlan
from custify_connector.writing.preparing import preparer
from custify_connector.writing.receipts import is_suspect, receipt_of
from custify_connector.writing.requests import Prepared

FIRST_LOOK_SECONDS = 0.25
"""The end of a run waits for this; a slower service costs one early look, and later batches are looked at later."""

DEADLINE_SECONDS = 300.0
_SHARE_OF_TIME_TAKEN = 1.5


class BatchDelivery:
    """Sends records as jobs of a batch; each thread that calls `deliver` has a batch of its own."""

    def __init__(self, client: Client, plan: WritePlan) -> None:
        assert plan.batch is not None  # noqa: S101 - checked with the destination
        self.stop = threading.Event()
        self.size = plan.batch.jobs
        self._client = client
        self._plan = plan
        self._rule: BatchRule = plan.batch
        self._prepare = preparer(plan)
        self._first_look = FIRST_LOOK_SECONDS

    def alike(self, _record: Prepared) -> object:
        """Return what all records are equal in."""
        return None

    def prepare(self, index: int, record: object) -> Prepared | Receipt:
        """Return a record's request, whose body becomes a job, or the receipt of its rejection."""
        return self._prepare(index, record)

    def deliver(self, records: tuple[Prepared, ...]) -> Delivered:
        """Post a batch and find out the outcome of each of its records."""
        synchronous = len(records) <= self._rule.synchronous
        bodies = [each.request.body for each in records]
        request = batch_jobs.post(self._rule.path, self._rule.type, bodies, synchronous=synchronous)
        try:
            verdict = self._exchange(request, repeatable=all(each.repeatable for each in records))
        except Stopped:
            return ended(records)
        if isinstance(verdict, Settled) and verdict.response.ok:
            return self._outcomes(records, verdict.response)
        receipts = tuple(receipt_of(each, verdict, capture=False) for each in records)
        if isinstance(verdict, GivenUp):
            # What the end of the run cut is not a sign of a service that is down.
            cut = self._client.ending.asked.is_set()
            return Delivered(receipts, answered=cut, suspect=is_suspect(verdict) and not cut)
        return Delivered(receipts, refusal(verdict.response, f"{self._plan.destination}: POST {self._rule.path}"))

    def _outcomes(self, records: tuple[Prepared, ...], response: Response) -> Delivered:
        known = batch_jobs.outcome(response.body, len(records))
        if known.finished and known.results is not None:
            return self._finished(records, known, response)
        batch_id = batch_jobs.batch_id(response.body)
        if batch_id is None:
            return _all_unclear(records, "Custify accepted the batch but returned no id for its result")
        return self._look(records, Request("GET", fill(self._rule.outcome, {"id": batch_id})))

    def _look(self, records: tuple[Prepared, ...], request: Request) -> Delivered:
        """Fetch the outcome, each time after twice as long a wait, until it is finished or the time is up."""
        clock = self._client.clock
        began, first = clock.now(), self._first_look
        wait = first
        while (left := DEADLINE_SECONDS - (clock.now() - began)) > 0:
            clock.pause(min(wait, left), self._client.ending.over)
            try:
                verdict = self._client.exchange(request, repeatable=True, stop=self._client.ending.over)
            except Stopped:
                return _all_unclear(records, "the run was stopped before the batch result was known")
            if isinstance(verdict, GivenUp):
                return _all_unclear(records, f"could not fetch the batch result: {describe(verdict)}")
            if not verdict.response.ok:
                return self._refused_look(records, request, verdict.response)
            known = batch_jobs.outcome(verdict.response.body, len(records))
            if known.finished:
                self._learn(clock.now() - began, first=wait == first)
                return self._finished(records, known, verdict.response)
            wait *= 2
        return _all_unclear(records, f"the batch was not finished after {DEADLINE_SECONDS:g} s")

    def _refused_look(self, records: tuple[Prepared, ...], request: Request, response: Response) -> Delivered:
        reason = f"could not fetch the batch result: Custify returned {response.status}"
        error = refusal(response, f"{self._plan.destination}: GET {request.path}")
        return Delivered(_all_unclear(records, reason).receipts, error)

    def _learn(self, took: float, *, first: bool) -> None:
        """Look at the next batches later when this one was looked at too early."""
        if not first:
            self._first_look = max(self._first_look, min(took * _SHARE_OF_TIME_TAKEN, DEADLINE_SECONDS / 10))

    def _finished(self, records: tuple[Prepared, ...], known: Outcome, response: Response) -> Delivered:
        if known.results is None:
            return _all_unclear(records, "Custify finished the batch but did not report the outcome of its records")
        kept = response.body if self._plan.capture_responses else None
        return Delivered(
            tuple(_receipt(each, result, kept) for each, result in zip(records, known.results, strict=True))
        )

    def _exchange(self, request: Request, *, repeatable: bool) -> Settled | GivenUp:
        return self._client.exchange(request, repeatable=repeatable, stop=self.stop)


def _receipt(prepared: Prepared, result: JobResult, kept: object) -> Receipt:
    if result.ok is None:
        return _unclear(prepared, "Custify finished the batch but did not report the outcome of this record")
    if result.ok:
        return Receipt(prepared.index, "sent", prepared.key, result.status, response=kept)
    reason = f"Custify: {result.reason or 'no reason given'}"
    return Receipt(prepared.index, "rejected", prepared.key, result.status, "refused", reason, result.field, kept)


def _unclear(prepared: Prepared, reason: str) -> Receipt:
    return Receipt(prepared.index, "failed", prepared.key, None, "unclear", reason)


def _all_unclear(records: tuple[Prepared, ...], reason: str) -> Delivered:
    return Delivered(tuple(_unclear(each, reason) for each in records))

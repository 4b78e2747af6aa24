"""Batch delivery: records posted together, and the outcome looked at until it is known or the time is up.

Decides when to look: as late as the last batches took, so that one look is usually enough. What an answer means is
decided in `batch_jobs`.
"""

from __future__ import annotations

import threading

from custify_connector.checking.texts import fill
from custify_connector.contract import Receipt
from custify_connector.exchange.client import Client
from custify_connector.exchange.replies import describe, refusal
from custify_connector.exchange.retrying import GivenUp, Settled
from custify_connector.exchange.wire import Request, Response
from custify_connector.writing import batch_jobs
from custify_connector.writing import preparing as writing
from custify_connector.writing.batch_jobs import JobResult, Outcome
from custify_connector.writing.plan import BatchRule, WritePlan
from custify_connector.writing.receipts import receipt_of
from custify_connector.writing.requests import Prepared
from custify_connector.writing.stopping import Delivered

FIRST_LOOK_SECONDS = 0.25
"""The end of a run waits for this; a service that needs longer is looked at too early once, and is waited for then."""

DEADLINE_SECONDS = 300.0
_SHARE_OF_PATIENCE = 1.5


class Batches:
    """Delivers records as jobs of a batch; called from several threads, each with a batch of its own."""

    def __init__(self, client: Client, plan: WritePlan) -> None:
        assert plan.batch is not None  # noqa: S101 - checked with the destination
        self.stop = threading.Event()
        self._client = client
        self._plan = plan
        self._rule: BatchRule = plan.batch
        self._prepare = writing.preparer(plan)
        self._patience = FIRST_LOOK_SECONDS
        self.size = plan.batch.jobs

    def prepare(self, index: int, record: object) -> Prepared | Receipt:
        """Return what is to be sent of a record, or the receipt of its rejection."""
        return self._prepare(index, record)

    def deliver(self, group: tuple[Prepared, ...]) -> Delivered:
        """Post a batch and find out what became of each of its records."""
        synchronous = len(group) <= self._rule.synchronous
        bodies = [each.request.body for each in group]
        request = batch_jobs.post(self._rule.path, self._rule.type, bodies, synchronous=synchronous)
        verdict = self._exchange(request, repeatable=all(each.repeatable for each in group))
        if isinstance(verdict, GivenUp):
            receipts = tuple(receipt_of(each, verdict, capture=False) for each in group)
            return Delivered(receipts, answered=False)
        response = verdict.response
        error = refusal(response, f"{self._plan.destination}: POST {self._rule.path}")
        if error or not response.ok:
            return Delivered(tuple(receipt_of(each, verdict, capture=False) for each in group), error)
        return self._outcomes(group, response)

    def _outcomes(self, group: tuple[Prepared, ...], response: Response) -> Delivered:
        known = batch_jobs.outcome(response.body, len(group))
        if known.finished and known.results is not None:
            return self._receipts(group, known, response)
        batch_id = batch_jobs.batch_id(response.body)
        if batch_id is None:
            return _unknown(group, "Custify took the batch, and named no id to ask for its outcome")
        return self._look(group, Request("GET", fill(self._rule.outcome, {"id": batch_id})))

    def _look(self, group: tuple[Prepared, ...], request: Request) -> Delivered:
        """Look at the outcome, each time after as long again, until it is finished or the time is up."""
        clock = self._client.clock
        began, wait = clock.now(), self._patience
        while (left := DEADLINE_SECONDS - (clock.now() - began)) > 0:
            clock.pause(min(wait, left), self.stop)
            verdict = self._exchange(request, repeatable=True)
            if isinstance(verdict, GivenUp):
                return _unknown(group, f"the outcome of the batch could not be asked for: {describe(verdict)}")
            error = refusal(verdict.response, f"{self._plan.destination}: GET {request.path}")
            if error or not verdict.response.ok:
                reason = f"the outcome of the batch is not to be had: Custify answered {verdict.response.status}"
                return Delivered(_unknown(group, reason).receipts, error)
            known = batch_jobs.outcome(verdict.response.body, len(group))
            if known.finished:
                self._learn(clock.now() - began, first=wait == self._patience)
                return self._receipts(group, known, verdict.response)
            wait *= 2
        return _unknown(group, f"the batch was not finished after {DEADLINE_SECONDS:g} s")

    def _learn(self, took: float, *, first: bool) -> None:
        """Wait longer before the next batch's first look when this one was looked at too early."""
        if not first:
            self._patience = max(self._patience, min(took * _SHARE_OF_PATIENCE, DEADLINE_SECONDS / 10))

    def _receipts(self, group: tuple[Prepared, ...], known: Outcome, response: Response) -> Delivered:
        if known.results is None:
            return _unknown(group, "Custify finished the batch, and did not say what became of its records")
        kept = response.body if self._plan.capture_responses else None
        return Delivered(tuple(_receipt(each, result, kept) for each, result in zip(group, known.results, strict=True)))

    def _exchange(self, request: Request, *, repeatable: bool) -> Settled | GivenUp:
        return self._client.exchange(request, repeatable=repeatable, stop=self.stop)


def _receipt(prepared: Prepared, result: JobResult, kept: object) -> Receipt:
    if result.ok is None:
        return _unknown((prepared,), "Custify finished the batch, and did not say what became of this record").receipts[
            0
        ]
    if result.ok:
        return Receipt(prepared.index, "sent", prepared.key, result.status, response=kept)
    reason = f"Custify: {result.reason or 'no reason given'}"
    return Receipt(prepared.index, "rejected", prepared.key, result.status, "refused", reason, response=kept)


def _unknown(group: tuple[Prepared, ...], reason: str) -> Delivered:
    return Delivered(tuple(Receipt(each.index, "failed", each.key, None, "unclear", reason) for each in group))

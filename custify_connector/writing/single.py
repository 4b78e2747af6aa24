"""One record to the service: looked up first where the plan says so, sent, and its receipt made.

Decides what is asked around a record. Called from several threads; it does not know in which order.
"""

from __future__ import annotations

import threading
from dataclasses import replace

from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConnectorError
from custify_connector.exchange.client import Client
from custify_connector.exchange.replies import refusal
from custify_connector.exchange.retrying import GivenUp, Settled
from custify_connector.exchange.wire import Request
from custify_connector.writing import preparing as writing
from custify_connector.writing import requests as write_requests
from custify_connector.writing import uploads
from custify_connector.writing.plan import WritePlan
from custify_connector.writing.receipts import planned, receipt_of, refused
from custify_connector.writing.requests import Prepared
from custify_connector.writing.stopping import Delivered

_NOT_FOUND = 404


class Courier:
    """Sends records one by one, by a plan that may learn, once, that it must use its second path."""

    size = 1
    """How many records are delivered together."""

    stop: threading.Event
    """Set when nobody waits for an answer any more: then nothing is repeated."""

    def __init__(self, client: Client, plan: WritePlan) -> None:
        self.stop = threading.Event()
        self._client = client
        self._plan = plan
        self._prepare = writing.preparer(plan)
        self._first_path = plan.path
        self._second_path = plan.fallback_path

    def prepare(self, index: int, record: object) -> Prepared | Receipt:
        """Return what is to be sent of a record, or the receipt of its rejection or of a dry run."""
        prepared = self._prepare(index, record)
        if isinstance(prepared, Receipt):
            return prepared
        faulty_file = uploads.refusal(prepared.request, self._plan.directory)
        if faulty_file:
            return refused(prepared, str(self._plan.upload), faulty_file)
        return planned(prepared) if self._plan.dry_run else prepared

    def deliver(self, group: tuple[Prepared, ...]) -> Delivered:
        """Send one record until its fate is known, or must stay unclear."""
        (prepared,) = group
        prepared, failed = self._found(prepared)
        verdict = failed or self._sent(prepared)
        receipt = receipt_of(prepared, verdict, capture=self._plan.capture_responses)
        return Delivered((receipt,), self._error(prepared, verdict), answered=isinstance(verdict, Settled))

    def _sent(self, prepared: Prepared) -> Settled | GivenUp:
        verdict = self._exchange(prepared.request, repeatable=prepared.repeatable)
        second = self._second_path if prepared.request.path == self._first_path else None
        if second and isinstance(verdict, Settled) and verdict.response.status == _NOT_FOUND:
            self._plan = replace(self._plan, path=second)
            self._prepare = writing.preparer(self._plan)
            return self._exchange(replace(prepared.request, path=second), repeatable=prepared.repeatable)
        return verdict

    def _found(self, prepared: Prepared) -> tuple[Prepared, Settled | GivenUp | None]:
        """Look the record up where the plan says so; a look-up without an answer is the record's outcome."""
        request = write_requests.lookup(self._plan, prepared)
        if request is None:
            return prepared, None
        verdict = self._exchange(request, repeatable=True)
        if isinstance(verdict, Settled) and (verdict.response.ok or verdict.response.status == _NOT_FOUND):
            return write_requests.found(self._plan, prepared, verdict.response) or prepared, None
        return replace(prepared, repeatable=True), verdict

    def _exchange(self, request: Request, *, repeatable: bool) -> Settled | GivenUp:
        return self._client.exchange(request, repeatable=repeatable, stop=self.stop)

    def _error(self, prepared: Prepared, verdict: Settled | GivenUp) -> ConnectorError | None:
        if isinstance(verdict, GivenUp):
            return None
        where = f"{self._plan.destination}: {prepared.request.method} {prepared.request.path}"
        return refusal(verdict.response, where)

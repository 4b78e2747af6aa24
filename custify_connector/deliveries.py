"""Writing records: one receipt for each, whatever happens, and what is everybody's fault after the last of them.

Decides in which order records are sent, and what is asked around them; what a record becomes and what an answer means
is decided in `writing`.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace

from custify_connector import uploads, writing
from custify_connector.client import Client
from custify_connector.contract import Receipt
from custify_connector.errors import ConnectorError
from custify_connector.plans import WritePlan
from custify_connector.replies import refusal
from custify_connector.retrying import GivenUp, Settled
from custify_connector.wire import Request
from custify_connector.writing import Prepared

_NOT_FOUND = 404


def write(client: Client, plan: WritePlan, records: Iterable[object]) -> Iterator[Receipt]:
    """Yield one receipt for each record.

    Raises, after the last receipt, CredentialRefused, PermissionRefused or ServiceUnavailable.
    """
    delivery = _Delivery(client, plan)
    tally = writing.Tally(plan)
    tally.stopped, records = _guarded(plan, records)
    for index, record in enumerate(records):
        if tally.stopped:
            yield writing.not_tried(index, tally.stopped)
        else:
            receipt, error = delivery.write(index, record)
            tally.count(receipt, error)
            yield receipt
    if tally.error:
        raise tally.error


def _guarded(plan: WritePlan, records: Iterable[object]) -> tuple[str | None, Iterable[object]]:
    """Look at one record more than may be deleted, before the first is: when there is one, none is sent."""
    if plan.max_deletes is None:
        return None, records
    rest = iter(records)
    first = list(itertools.islice(rest, plan.max_deletes + 1))
    if len(first) <= plan.max_deletes:
        return None, first
    reason = f"there are more than {plan.max_deletes} records to delete (max_deletes), so none was sent"
    return reason, itertools.chain(first, rest)


class _Delivery:
    """Sends one record after another by a plan that may learn, once, that it must use its second path."""

    def __init__(self, client: Client, plan: WritePlan) -> None:
        self._client = client
        self._plan = plan
        self._prepare = writing.preparer(plan)

    def write(self, index: int, record: object) -> tuple[Receipt, ConnectorError | None]:
        prepared = self._prepare(index, record)
        if isinstance(prepared, Receipt):
            return prepared, None
        faulty_file = uploads.refusal(prepared.request, self._plan.directory)
        if faulty_file:
            return writing.refused(prepared, str(self._plan.upload), faulty_file), None
        if self._plan.dry_run:
            return writing.planned(prepared), None
        return self._send(prepared, record)

    def _send(self, prepared: Prepared, record: object) -> tuple[Receipt, ConnectorError | None]:
        prepared, failed = self._found(prepared)
        verdict = failed or self._exchange(prepared.request, repeatable=prepared.repeatable)
        if self._plan.fallback_path and isinstance(verdict, Settled) and verdict.response.status == _NOT_FOUND:
            self._plan = replace(self._plan, path=self._plan.fallback_path, fallback_path=None)
            self._prepare = writing.preparer(self._plan)
            return self.write(prepared.index, record)
        return writing.receipt(prepared, verdict, capture=self._plan.capture_responses), self._error(prepared, verdict)

    def _found(self, prepared: Prepared) -> tuple[Prepared, Settled | GivenUp | None]:
        """Look the record up where the plan says so; a look-up without an answer is the record's outcome."""
        request = writing.lookup(self._plan, prepared)
        if request is None:
            return prepared, None
        verdict = self._exchange(request, repeatable=True)
        if isinstance(verdict, Settled) and (verdict.response.ok or verdict.response.status == _NOT_FOUND):
            return writing.found(self._plan, prepared, verdict.response) or prepared, None
        return replace(prepared, repeatable=True), verdict

    def _exchange(self, request: Request, *, repeatable: bool) -> Settled | GivenUp:
        return self._client.exchange(request, repeatable=repeatable, stop=threading.Event())

    def _error(self, prepared: Prepared, verdict: Settled | GivenUp) -> ConnectorError | None:
        if isinstance(verdict, GivenUp):
            return None
        where = f"{self._plan.destination}: {prepared.request.method} {prepared.request.path}"
        return refusal(verdict.response, where)

"""Compared delivery: each record is looked up in place of being sent, and its receipt says what would change.

Decides which look-ups are made, and when none can tell. Used by several threads; a record is never written.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from custify_connector.checking.values import dumped
from custify_connector.contract import Receipt
from custify_connector.exchange.client import Client
from custify_connector.exchange.replies import complaint, refusal
from custify_connector.exchange.retrying import GivenUp
from custify_connector.exchange.wire import Response
from custify_connector.exchange.workers import Stopped
from custify_connector.records.identities import Hashes
from custify_connector.writing import held
from custify_connector.writing.delivery import Delivered, ended
from custify_connector.writing.differences import Difference, difference
from custify_connector.writing.plan import HeldLookup, WritePlan
from custify_connector.writing.receipts import is_suspect, planned, receipt_of
from custify_connector.writing.requests import Prepared
from custify_connector.writing.single import SingleDelivery
from custify_connector.writing.touches import namer

_EARLIER = "an earlier row of this input changes the same record first"

_MOST_LINKS = 10_000
"""Ids of what links lead to that are kept at most."""


class ComparedDelivery:
    """Compares records one by one; what an earlier record changes is known no longer, since nothing is written."""

    size = 1

    def __init__(self, client: Client, plan: WritePlan) -> None:
        self._client = client
        self._plan = plan
        self._single = SingleDelivery(client, plan)
        self._names = namer(plan.touches)
        self._changed = Hashes()
        self._guard = threading.Lock()
        self._links: dict[bytes, Any] = {}

    @property
    def stop(self) -> threading.Event:
        """See `Delivery.stop`."""
        return self._single.stop

    def alike(self, _record: Prepared) -> object:
        """Return what all records are equal in."""
        return None

    def prepare(self, index: int, record: object) -> Prepared | Receipt:
        """Return the request that is not sent, or the receipt of a rejection."""
        return self._single.prepare(index, record)

    def deliver(self, records: tuple[Prepared, ...]) -> Delivered:
        """Compare one record with what the service holds of it."""
        (prepared,) = records
        if self._is_changed(prepared.record):
            return _compared(prepared, Difference("unknown", reason=_EARLIER), sent=False)
        try:
            return self._looked_up(prepared)
        except Stopped:
            return ended(records)

    def _looked_up(self, prepared: Prepared) -> Delivered:
        found: list[dict[str, Any]] = []
        lookup = None
        for lookup in held.lookups(self._plan, prepared.record):
            answer = self._ask(prepared, lookup, prepared.record)
            if isinstance(answer, Delivered):
                return answer
            found = answer
            if found:
                break
        record = self._with_ids(prepared, found[0]) if len(found) == 1 else prepared.record
        return (
            record if isinstance(record, Delivered) else self._judged(replace(prepared, record=record), lookup, found)
        )

    def _ask(
        self, prepared: Prepared, lookup: HeldLookup, wanted: Mapping[str, Any]
    ) -> list[dict[str, Any]] | Delivered:
        """Return what the service holds of a record, or what becomes of the record that is compared without it."""
        request = held.request_of(lookup, wanted)
        verdict = self._client.exchange(request, repeatable=True, stop=self.stop)
        if isinstance(verdict, GivenUp):
            return self._given_up(prepared, verdict)
        if error := refusal(verdict.response, f"{self._plan.destination}: GET {request.path}"):
            return Delivered((receipt_of(prepared, verdict, capture=False),), error)
        found = held.meant(self._plan, lookup, wanted, verdict.response)
        return _compared(prepared, _unreadable(verdict.response)) if found is None else found

    def _with_ids(self, prepared: Prepared, found: dict[str, Any]) -> Mapping[str, Any] | Delivered:
        """Return the record with the ids of what its links lead to; each is looked up once in a run."""
        record = prepared.record
        for name, place, way in held.links_to_find(self._plan, record, found):
            link = record[name][place]
            key = dumped([name, [link[field] for field in way.by]])
            if key not in self._links:
                answer = self._ask(prepared, way, link)
                if isinstance(answer, Delivered):
                    return answer
                if len(self._links) >= _MOST_LINKS:
                    self._links.clear()
                self._links[key] = answer[0].get("id") if answer else None
            record = held.with_id(record, name, place, self._links[key])
        return record

    def _judged(self, prepared: Prepared, lookup: HeldLookup | None, found: list[dict[str, Any]]) -> Delivered:
        if any(self._is_changed({**each, **prepared.record}) for each in found):
            return _compared(prepared, Difference("unknown", reason=_EARLIER))
        if lookup is None and not self._creates(prepared):
            reason = "Custify offers no way to read what it holds of this record"
            return _compared(prepared, Difference("unknown", reason=reason), sent=False)
        result = difference(self._plan, prepared.record, found, by=lookup.by if lookup else ())
        if result.verdict != "nothing":
            for each in found or ({},):
                self._changes({**each, **prepared.record})
        return _compared(prepared, result, sent=lookup is not None)

    def _creates(self, prepared: Prepared) -> bool:
        """Return whether a record that cannot be looked up is a new one: it is, where sending it twice makes two."""
        return self._plan.held is not None and not prepared.repeatable

    def _given_up(self, prepared: Prepared, verdict: GivenUp) -> Delivered:
        cut = self._client.ending.asked.is_set()
        if cut:
            return ended((prepared,))
        receipt = receipt_of(replace(prepared, repeatable=True), verdict, capture=False)
        return Delivered((receipt,), answered=False, suspect=is_suspect(verdict))

    def _is_changed(self, record: Mapping[str, Any]) -> bool:
        with self._guard:
            return any(hash(name) in self._changed for name in self._names(record).changed)

    def _changes(self, record: Mapping[str, Any]) -> None:
        with self._guard:
            for name in self._names(record).changed:
                self._changed.add(hash(name))


def _unreadable(response: Response) -> Difference:
    said = complaint(response.body).text
    reason = f"Custify answered {response.status}{': ' + said if said else ', and not with this record'}"
    return Difference("unknown", reason=reason)


def _compared(prepared: Prepared, result: Difference, *, sent: bool = True) -> Delivered:
    receipt = planned(prepared)
    response = {**(receipt.response or {}), "difference": result.as_mapping()}
    return Delivered((replace(receipt, response=response),), sent=sent)

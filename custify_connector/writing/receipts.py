"""The receipt of a record: what became of it, by the reply to its request, or by what kept it from being sent.

Pure. Decides which outcome and code a reply makes, and when it is unclear whether a record arrived. This file does not
know how a record becomes a request, or how often that was tried.
"""

from __future__ import annotations

from functools import partial

from custify_connector.contract import Receipt
from custify_connector.contract.errors import Fault
from custify_connector.exchange.replies import describe, error_text
from custify_connector.exchange.retrying import GivenUp, Settled
from custify_connector.exchange.wire import Failure, Response
from custify_connector.writing.requests import Key, Prepared

_GONE = frozenset({404, 410})
_REFUSED_KEY = frozenset({401, 403})


def rejected(index: int, key: Key | None, faults: tuple[Fault, ...]) -> Receipt:
    """Return the receipt of a record that is not sent, for what is wrong with it."""
    reason = "; ".join(str(fault) if fault.place else fault.reason for fault in faults)
    return Receipt(index, "rejected", key, None, "invalid_record", reason, faults[0].place or None)


def refused(prepared: Prepared, field: str, reason: str) -> Receipt:
    """Return the receipt of a record that may not be sent, for a reason that only its surroundings show."""
    return rejected(prepared.index, prepared.key, (Fault(field, reason),))


def planned(prepared: Prepared) -> Receipt:
    """Return the receipt of a dry run: exactly the request that would be sent."""
    return Receipt(prepared.index, "planned", prepared.key, response=prepared.request.as_mapping())


def receipt_of(prepared: Prepared, verdict: Settled | GivenUp, *, capture: bool) -> Receipt:
    """Return what became of a record whose request was answered or given up."""
    if isinstance(verdict, GivenUp):
        return _failed(prepared, verdict)
    response = verdict.response
    make = partial(Receipt, prepared.index, key=prepared.key, status=response.status)
    kept = response.body if capture else None
    if response.ok:
        return make(outcome="sent", response=kept)
    if prepared.request.method == "DELETE" and response.status in _GONE:
        return make(outcome="unchanged", code="already_gone", reason="there was nothing to delete", response=kept)
    said = error_text(response.body) or "no reason given"
    if response.status in _REFUSED_KEY:
        return make(outcome="failed", code="key_refused", reason=f"Custify: {said}", response=kept)
    return make(outcome="rejected", code="refused", reason=f"Custify: {said}", response=kept)


def _failed(prepared: Prepared, given_up: GivenUp) -> Receipt:
    last = given_up.last
    arrived = not isinstance(last, Failure) or last.arrived
    status = last.status if isinstance(last, Response) else None
    code = "unclear" if arrived and not prepared.repeatable else "unavailable"
    reason = describe(given_up)
    if code == "unclear":
        reason += "; it may have arrived, and sending it again could do it twice, so it was not repeated"
    return Receipt(prepared.index, "failed", prepared.key, status, code, reason)


def not_tried(index: int, reason: str, key: Key | None = None) -> Receipt:
    """Return the receipt of a record that the run never came to."""
    return Receipt(index, "not_tried", key, code="stopped", reason=reason)

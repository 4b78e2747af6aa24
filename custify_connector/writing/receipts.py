"""The receipt of a record: its outcome, by the reply to its request, or by what kept it from being sent.

Pure. Decides which outcome and code a reply makes, and when it is unclear whether a record arrived. This file does not
know how a record becomes a request, or how often that was tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from custify_connector.contract import Receipt
from custify_connector.contract.errors import Fault
from custify_connector.exchange.replies import complaint, describe, error_status, is_error
from custify_connector.exchange.retrying import GivenUp, Settled
from custify_connector.exchange.wire import Failure, Response
from custify_connector.writing.requests import Key, Prepared

_GONE = frozenset({404, 410})
_REFUSED_KEY = frozenset({401, 403})
_OF_ONE_RECORD = frozenset({"broken", "timeout", "not_json", "not_utf8"})
"""Failures that one record may bring about, time and again; others say something of the service or the way to it."""

_TOO_MANY_REQUESTS, _SERVER_ERROR = 429, 500


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
    """Return the outcome of a record whose request was answered or given up."""
    if isinstance(verdict, GivenUp):
        return _failed(prepared, verdict)
    response = verdict.response
    make = partial(Receipt, prepared.index, key=prepared.key, status=response.status)
    kept = response.body if capture else None
    status = error_status(response.body) if response.ok else None
    if status is not None and status >= _SERVER_ERROR:
        return _failed(prepared, GivenUp(replace(response, status=status)))
    if prepared.request.method == "DELETE" and (response.status in _GONE or _deleted_none(response)):
        return make(outcome="unchanged", code="already_gone", reason="there was nothing to delete", response=kept)
    if response.ok and not is_error(response.body):
        return make(outcome="sent", response=kept)
    said = complaint(response.body)
    reason = f"Custify: {said.text or 'no reason given'}"
    if response.status in _REFUSED_KEY:
        return make(outcome="failed", code="key_refused", reason=reason, response=kept)
    return make(outcome="rejected", code="refused", reason=reason, field=said.field, response=kept)


def _deleted_none(response: Response) -> bool:
    """Return whether an answer to a delete counts none (`{"deleted": 1}` is what a client's tests expect)."""
    body = response.body
    counts = [body[name] for name in _COUNTS if name in body] if response.ok and isinstance(body, Mapping) else []
    return any(not isinstance(count, (list, dict)) and count in _NONE for count in counts)


_COUNTS = ("deleted", "deletedCount", "deleted_count")
_NONE = (0, False, "0")


def _failed(prepared: Prepared, given_up: GivenUp) -> Receipt:
    last = given_up.last
    arrived = not isinstance(last, Failure) or last.arrived
    status = last.status if isinstance(last, Response) else None
    code = "unclear" if arrived and not prepared.repeatable else "unavailable"
    reason = describe(given_up)
    if code == "unclear":
        reason += "; it may have arrived, and sending it again could do it twice, so it was not repeated"
    return Receipt(prepared.index, "failed", prepared.key, status, code, reason)


def is_suspect(given_up: GivenUp) -> bool:
    """Return whether a request was given up for what it holds, perhaps: each try arrived, and was not too much."""
    last = given_up.last
    if isinstance(last, Failure):
        return last.arrived and last.kind in _OF_ONE_RECORD
    return last.status != _TOO_MANY_REQUESTS


def blamed(receipt: Receipt) -> Receipt:
    """Return the receipt of a record that got no usable answer while others did; one that is unclear stays so."""
    if receipt.code != "unavailable":
        return receipt
    reason = f"Custify accepts other records but not this one: {receipt.reason}"
    return replace(receipt, outcome="rejected", code="refused", reason=reason)


def unreadable(index: int, error: Exception) -> Receipt:
    """Return the receipt of a record that could not be looked at; what the error says may be secret."""
    return Receipt(index, "rejected", None, None, "invalid_record", f"could not be read ({type(error).__name__})")


def broken(prepared: Prepared, error: Exception) -> Receipt:
    """Return the receipt of a record over which the connector itself failed, perhaps after it was sent."""
    code = "internal_error" if prepared.repeatable else "unclear"
    reason = f"the connector failed on this record ({type(error).__name__}); it may have been sent"
    return Receipt(prepared.index, "failed", prepared.key, None, code, reason)


def unclear(prepared: Prepared) -> Receipt:
    """Return the receipt of a record that was under way when the run was stopped."""
    reason = "the run was stopped before the response arrived; it may have arrived"
    return Receipt(prepared.index, "failed", prepared.key, None, "unclear", reason)


def not_tried(index: int, reason: str, key: Key | None = None) -> Receipt:
    """Return the receipt of a record that the run never came to."""
    return Receipt(index, "not_tried", key, code="stopped", reason=reason)

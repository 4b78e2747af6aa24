"""The outcome of a record, by the reply to its request, or by what kept it from being sent."""

from dataclasses import replace

import pytest

from custify_connector.contract import Receipt
from custify_connector.contract.errors import Fault
from custify_connector.exchange.retrying import GivenUp, Settled
from custify_connector.exchange.wire import Failure, Request, Response
from custify_connector.writing.receipts import blamed, not_tried, planned, receipt_of, refused, rejected
from custify_connector.writing.requests import Prepared

ALWAYS = Prepared(0, Request("POST", "/thing", (), {"id": "x"}), {"id": "x"}, repeatable=True, record={"id": "x"})
NEVER = replace(ALWAYS, repeatable=False)
DELETE = replace(ALWAYS, request=Request("DELETE", "/thing/x"))
DOWN = Response(503, {"message": "down"})
LOST = Failure("broken", "the connection broke", arrived=True)
CLOSED = Failure("unreachable", "the connection was refused", arrived=False)
UNCLEAR = "; it may have arrived, and sending it again could do it twice, so it was not repeated"
GONE = ("unchanged", 200, "already_gone", "there was nothing to delete")


@pytest.mark.parametrize(
    ("verdict", "prepared", "expected"),
    [
        (Settled(Response(200, {"ok": 1})), ALWAYS, ("sent", 200, None, None)),
        (Settled(Response(202)), ALWAYS, ("sent", 202, None, None)),
        (Settled(Response(400, {"message": "bad"})), ALWAYS, ("rejected", 400, "refused", "Custify: bad")),
        (Settled(Response(404)), ALWAYS, ("rejected", 404, "refused", "Custify: no reason given")),
        (Settled(Response(401)), ALWAYS, ("failed", 401, "key_refused", "Custify: no reason given")),
        (Settled(Response(403, {"message": "no"})), ALWAYS, ("failed", 403, "key_refused", "Custify: no")),
        (Settled(Response(404)), DELETE, ("unchanged", 404, "already_gone", "there was nothing to delete")),
        (Settled(Response(410)), DELETE, ("unchanged", 410, "already_gone", "there was nothing to delete")),
        (Settled(Response(200, {"deleted": 0})), DELETE, GONE),
        (Settled(Response(200, {"deletedCount": "0"})), DELETE, GONE),
        (Settled(Response(200, {"deleted": False})), DELETE, GONE),
        (Settled(Response(200, {"deleted": 1})), DELETE, ("sent", 200, None, None)),
        (Settled(Response(200, {"deleted": {}})), DELETE, ("sent", 200, None, None)),
        (Settled(Response(200, {"deleted": 0})), ALWAYS, ("sent", 200, None, None)),
        (Settled(Response(200, {"error": "bad"})), ALWAYS, ("rejected", 200, "refused", "Custify: bad")),
        (Settled(Response(200, {"error": "bad"})), DELETE, ("rejected", 200, "refused", "Custify: bad")),
        (Settled(Response(200, {"success": False})), ALWAYS, ("rejected", 200, "refused", "Custify: no reason given")),
        (
            Settled(Response(200, {"statusCode": 422, "message": "bad"})),
            ALWAYS,
            ("rejected", 200, "refused", "Custify: bad"),
        ),
        (
            Settled(Response(200, {"statusCode": 500, "message": "x"})),
            NEVER,
            ("failed", 500, "unclear", f"the last one was 500: x{UNCLEAR}"),
        ),
        (Settled(Response(200, {"error": None, "errors": [], "success": True})), ALWAYS, ("sent", 200, None, None)),
        (GivenUp(DOWN), ALWAYS, ("failed", 503, "unavailable", "the last one was 503: down")),
        (GivenUp(DOWN), NEVER, ("failed", 503, "unclear", f"the last one was 503: down{UNCLEAR}")),
        (GivenUp(LOST), NEVER, ("failed", None, "unclear", f"the connection broke{UNCLEAR}")),
        (GivenUp(LOST), ALWAYS, ("failed", None, "unavailable", "the connection broke")),
        (GivenUp(CLOSED), NEVER, ("failed", None, "unavailable", "the connection was refused")),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_an_answer_becomes_a_receipt(verdict, prepared, expected):
    receipt = receipt_of(prepared, verdict, capture=False)
    assert (receipt.outcome, receipt.status, receipt.code, receipt.reason) == expected
    assert (receipt.index, receipt.key, receipt.response) == (0, {"id": "x"}, None)


def test_the_field_that_custify_complains_of_is_named():
    receipt = receipt_of(ALWAYS, Settled(Response(422, {"errors": {"email": ["is bad"]}})), capture=False)
    assert (receipt.field, receipt.reason) == ("email", "Custify: email: is bad")


def test_a_record_without_an_answer_is_blamed_only_where_its_fate_is_known():
    failed = receipt_of(ALWAYS, GivenUp(DOWN), capture=False)
    assert blamed(failed) == replace(
        failed,
        outcome="rejected",
        code="refused",
        reason="Custify accepts other records but not this one: the last one was 503: down",
    )
    unclear = receipt_of(NEVER, GivenUp(DOWN), capture=False)
    assert blamed(unclear) is unclear


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_reply_is_kept_on_request(status):
    verdict = Settled(Response(status, {"id": 1}))
    assert receipt_of(ALWAYS, verdict, capture=True).response == {"id": 1}


def test_a_dry_run_shows_the_request():
    receipt = planned(ALWAYS)
    assert (receipt.outcome, receipt.key) == ("planned", {"id": "x"})
    assert receipt.response == {"method": "POST", "path": "/thing", "body": {"id": "x"}}


def test_a_record_that_was_not_come_to_says_why():
    assert not_tried(3, "stopped") == Receipt(3, "not_tried", code="stopped", reason="stopped")


def test_a_record_that_may_not_be_sent_for_another_reason_says_so():
    receipt = refused(ALWAYS, "path", "is no file")
    assert receipt == Receipt(0, "rejected", {"id": "x"}, None, "invalid_record", "path: is no file", "path")


def test_a_rejected_record_names_each_fault_and_the_field_of_the_first():
    receipt = rejected(3, None, (Fault("size", "is too large"), Fault("", "has no name")))
    assert receipt == Receipt(3, "rejected", None, None, "invalid_record", "size: is too large; has no name", "size")
    assert rejected(3, None, (Fault("", "has no name"),)).field is None

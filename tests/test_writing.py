"""A record becomes a request, or the receipt of its rejection; a reply becomes a receipt."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector import writing
from custify_connector.contract import Receipt
from custify_connector.retrying import GivenUp, Settled
from custify_connector.wire import Failure, Request, Response
from custify_connector.write_plans import write_plan
from custify_connector.writing import Prepared, preparer, with_unset

UPSERT = {
    "destination": "upsert_thing",
    "request": {"method": "POST", "path": "/thing", "routes": [{"with": "id", "path": "/thing/{id}"}]},
    "identity": [["id"], ["user_id"], ["name", "at"]],
    "repeat": "always",
}
DELETE = {
    "request": {**UPSERT["request"], "method": "DELETE", "query": ["user_id"]},
    "identity": [["id"], ["user_id"]],
    "repeat": "always",
    "max_deletes": 5,
}  # fmt: skip
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "user_id": {"type": ["string", "integer"], "format": "identifier"},
        "name": {"type": ["string", "null"], "minLength": 1},
        "size": {"type": "integer"},
        "companies": {"type": "array", "items": {"properties": {"id": {"format": "identifier"}}}},
    },
}


def prepared(manual, record, schema=None):
    return preparer(write_plan({**UPSERT, **manual}, schema))(0, record)


def sent(manual, record, schema=None):
    """Return the request that a record becomes; it must not be rejected."""
    found = prepared(manual, record, schema)
    assert isinstance(found, Prepared), found
    return found.request


def rejected(manual, record, schema=None):
    found = prepared(manual, record, schema)
    assert (found.outcome, found.code) == ("rejected", "invalid_record")
    return found.field, found.reason


# ------------------------------------------------------------------------------------------------------------- requests


@pytest.mark.parametrize(
    ("manual", "record", "request_"),
    [
        ({}, {"user_id": "u", "name": "n"}, Request("POST", "/thing", (), {"user_id": "u", "name": "n"})),
        ({}, {"id": "a/b", "name": "n"}, Request("POST", "/thing/a%2Fb", (), {"name": "n"})),
        ({}, {"id": "", "user_id": "u"}, Request("POST", "/thing", (), {"id": "", "user_id": "u"})),
        ({}, {"user_id": "u", "name": None}, Request("POST", "/thing", (), {"user_id": "u", "name": None})),
        (
            {"clear": "unset"},
            {"user_id": "u", "name": None},
            Request("POST", "/thing", (), {"user_id": "u", "$unset": ["name"]}),
        ),
        ({"params": {"size": 3}}, {"user_id": "u"}, Request("POST", "/thing", (), {"user_id": "u", "size": 3})),
        (
            {"params": {"size": 3}},
            {"user_id": "u", "size": 3},
            Request("POST", "/thing", (), {"user_id": "u", "size": 3}),
        ),
        ({"copy": {"_id": "id"}}, {"id": "x", "name": "n"}, Request("POST", "/thing/x", (), {"name": "n", "_id": "x"})),
        ({"copy": {"_id": "id"}}, {"user_id": "u"}, Request("POST", "/thing", (), {"user_id": "u"})),
        ({"list": "all"}, {"user_id": "u", "all": [{"a": 1}]}, Request("POST", "/thing", (), [{"a": 1}])),
        ({"list": "all"}, {"user_id": "u"}, Request("POST", "/thing", (), {"user_id": "u"})),
        (
            {"request": {"method": "POST", "path": "/t", "query": ["user_id", "flag"]}},
            {"user_id": 5, "a": 1},
            Request("POST", "/t", (("user_id", "5"),), {"a": 1}),
        ),
        (DELETE, {"id": "x", "user_id": "u"}, Request("DELETE", "/thing/x", (("user_id", "u"),))),
        (DELETE, {"user_id": "u", "name": "n"}, Request("DELETE", "/thing", (("user_id", "u"),))),
        (
            {"upload": "path", "directory": "in", "identity": []},
            {"path": "a.txt", "n": 5},
            Request("POST", "/thing", (), {"n": "5"}, Path("in/a.txt")),
        ),
        (
            {},
            {"user_id": Decimal(7), "at": date(2026, 1, 31)},
            Request("POST", "/thing", (), {"user_id": 7, "at": "2026-01-31"}),
        ),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_a_record_becomes_exactly_this_request(manual, record, request_):
    assert sent(manual, record) == request_


def test_a_number_that_is_an_identifier_travels_as_text():
    body = sent({}, {"user_id": 7, "size": 7, "companies": [{"id": 8, "n": 8}, 9]}, SCHEMA).body
    assert body == {"user_id": "7", "size": 7, "companies": [{"id": "8", "n": 8}, 9]}


@pytest.mark.parametrize(
    ("repeat", "record", "repeatable"),
    [
        ("always", {"user_id": "u"}, True),
        ("never", {"user_id": "u"}, False),
        ("id", {"user_id": "u"}, False),
        ("id", {"id": "x"}, True),
    ],
)
def test_a_request_may_be_repeated_where_the_manifest_says_so(repeat, record, repeatable):
    assert prepared({"repeat": repeat}, record).repeatable is repeatable


@pytest.mark.parametrize(
    ("record", "key"),
    [
        ({"id": "i", "user_id": "u"}, {"id": "i"}),
        ({"user_id": "u", "name": "n"}, {"user_id": "u"}),
        ({"name": "n", "at": "t"}, {"name": "n", "at": "t"}),
    ],
    ids=repr,
)
def test_a_record_is_named_by_the_first_alternative_it_has(record, key):
    assert prepared({}, record).key == key


# ------------------------------------------------------------------------------------------------------------- rejected


@pytest.mark.parametrize(
    ("manual", "record", "schema", "field", "reason"),
    [
        ({}, [], None, None, "a record must be an object of fields and values"),
        ({}, "text", None, None, "a record must be an object of fields and values"),
        ({}, {"user_id": float("nan")}, None, "user_id", "user_id: is nan, which JSON has no form for"),
        ({}, {"user_id": b"u"}, None, "user_id", "user_id: is bytes, which JSON has no form for"),
        ({}, {}, None, None, "nothing names this record: it needs one of id, user_id, name with at"),
        ({}, {"name": "n"}, None, None, "nothing names this record: it needs one of id, user_id, name with at"),
        ({"params": {"size": 3}}, {"user_id": "u", "size": 4}, None, "size", "size: is fixed to 3 for this run"),
        (
            {"request": {"method": "PUT", "path": "/t/{a}"}},
            {"user_id": "u"},
            None,
            "a",
            "a: is required: it is part of the address",
        ),
        ({"request": {"method": "PUT", "path": "/t/{a}"}}, {"user_id": "u", "a": ".."}, None, "a", "a: "),
        ({"request": {"method": "PUT", "path": "/t/{a}"}}, {"user_id": "u", "a": "."}, None, "a", "a: "),
        (
            {"max_characters": {"name": 5}},
            {"user_id": "u", "name": "abcd"},
            None,
            "name",
            "name: has 6 characters as JSON; at most 5 are",
        ),
        (
            {"clear": "unset"},
            {"user_id": "u", "a": {"b": 1}, "$unset": ["a.b"]},
            None,
            "a.b",
            "a.b: is set and unset at once",
        ),
        ({}, {"user_id": "u", "name": ""}, SCHEMA, "name", "name: must not be empty"),
        ({}, {"user_id": "u", "naem": "n"}, SCHEMA, "naem", "naem: is not known here; did you mean 'name'?"),
        (DELETE, {"id": "*"}, None, "id", "id: is '*': a delete must name exactly one record"),
        (DELETE, {"id": "%"}, None, "id", "id: is '%': a delete must name exactly one record"),
        (DELETE, {"user_id": "all"}, None, "user_id", "user_id: is 'all': a delete must name exactly one record"),
        (DELETE, {"id": ".."}, None, "id", "id: "),
        (DELETE, {}, None, None, "nothing names this record"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "",
)
def test_what_is_wrong_with_a_record_rejects_it_before_any_request(manual, record, schema, field, reason):
    found = rejected(manual, record, schema)
    assert found[0] == field
    assert found[1].startswith(reason)


def test_everything_that_is_wrong_with_a_record_is_said_at_once():
    _, reason = rejected({}, {"user_id": True, "name": "", "size": "x"}, SCHEMA)
    assert reason.count(";") == 2


def test_a_record_that_may_not_be_sent_for_another_reason_says_so():
    receipt = writing.refused(prepared({}, {"id": "x"}), "path", "is no file")
    assert receipt == Receipt(0, "rejected", {"id": "x"}, None, "invalid_record", "path: is no file", "path")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab", max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), values, max_size=3))
def test_absent_keeps_null_clears_and_nothing_else_changes(body):
    """Law: every null on the first two levels is named under $unset, everything else arrives as it was."""
    made = with_unset(body)
    nulls = [name for name, value in body.items() if value is None]
    nulls += [
        f"{name}.{inner}"
        for name, value in body.items()
        if isinstance(value, dict)
        for inner in value
        if value[inner] is None
    ]
    assert sorted(made.pop("$unset", [])) == sorted(nulls)
    for name, value in made.items():
        kept = dict(value) if isinstance(value, dict) else value
        assert kept == (
            {inner: one for inner, one in body[name].items() if one is not None}
            if isinstance(kept, dict)
            else body[name]
        )
    gone = body.keys() - made.keys()
    assert all(body[name] is None or all(one is None for one in body[name].values()) for name in gone)


def test_names_that_are_unset_already_stay_so_once():
    assert with_unset({"$unset": ["a"], "a": None, "b": 1}) == {"b": 1, "$unset": ["a"]}


# ------------------------------------------------------------------------------------------------------------- look-ups

FIND = {
    "identity": [["externalId"]],
    "repeat": "never",
    "find_first": {
        "by": "externalId",
        "path": "/task",
        "records": ["tasks"],
        "update": "/task/{id}",
        "copy": {"_id": "id"},
    },
}  # fmt: skip
FOUND = {"tasks": [{"id": "t0", "externalId": "other"}, {"id": "t1", "externalId": "x", "name": "old"}], "total": 2}


def looked_up(record, response):
    plan = write_plan({**UPSERT, **FIND}, None)
    ready = preparer(plan)(0, record)
    return writing.lookup(plan, ready), writing.found(plan, ready, response)


def test_a_record_is_looked_up_by_its_name_and_the_one_found_is_updated():
    asked, update = looked_up({"externalId": "x", "name": "new"}, Response(200, FOUND))
    assert asked == Request("GET", "/task", (("externalId", "x"),))
    assert update.request == Request("PUT", "/task/t1", (), {"externalId": "x", "name": "new", "_id": "t1"})
    assert update.repeatable


@pytest.mark.parametrize("response", [Response(404), Response(200, {"tasks": []}), Response(200, "text")], ids=repr)
def test_a_record_that_is_not_found_is_created(response):
    assert looked_up({"externalId": "x"}, response)[1] is None


def test_a_record_without_the_name_is_not_looked_up():
    plan = write_plan({**UPSERT, **FIND, "identity": [["name"]]}, None)
    assert writing.lookup(plan, preparer(plan)(0, {"name": "n"})) is None
    assert writing.lookup(write_plan(UPSERT, None), prepared({}, {"id": "x"})) is None


# ------------------------------------------------------------------------------------------------------------- receipts

DOWN = Response(503, {"message": "down"})
LOST = Failure("broken", "the connection broke", arrived=True)
CLOSED = Failure("unreachable", "the connection was refused", arrived=False)
UNCLEAR = "; it may have arrived, and sending it again could do it twice, so it was not repeated"


@pytest.mark.parametrize(
    ("verdict", "manual", "expected"),
    [
        (Settled(Response(200, {"ok": 1})), {}, ("sent", 200, None, None)),
        (Settled(Response(202)), {}, ("sent", 202, None, None)),
        (Settled(Response(400, {"message": "bad"})), {}, ("rejected", 400, "refused", "Custify: bad")),
        (Settled(Response(404)), {}, ("rejected", 404, "refused", "Custify: no reason given")),
        (Settled(Response(401)), {}, ("failed", 401, "key_refused", "Custify: no reason given")),
        (Settled(Response(403, {"message": "no"})), {}, ("failed", 403, "key_refused", "Custify: no")),
        (Settled(Response(404)), DELETE, ("unchanged", 404, "already_gone", "there was nothing to delete")),
        (Settled(Response(410)), DELETE, ("unchanged", 410, "already_gone", "there was nothing to delete")),
        (GivenUp(DOWN), {}, ("failed", 503, "unavailable", "it last answered 503: down")),
        (GivenUp(DOWN), {"repeat": "never"}, ("failed", 503, "unclear", f"it last answered 503: down{UNCLEAR}")),
        (GivenUp(LOST), {"repeat": "never"}, ("failed", None, "unclear", f"the connection broke{UNCLEAR}")),
        (GivenUp(LOST), {}, ("failed", None, "unavailable", "the connection broke")),
        (GivenUp(CLOSED), {"repeat": "never"}, ("failed", None, "unavailable", "the connection was refused")),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_an_answer_becomes_a_receipt(verdict, manual, expected):
    receipt = writing.receipt(prepared(manual, {"id": "x"}), verdict, capture=False)
    assert (receipt.outcome, receipt.status, receipt.code, receipt.reason) == expected
    assert (receipt.index, receipt.key, receipt.response) == (0, {"id": "x"}, None)


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_reply_is_kept_on_request(status):
    verdict = Settled(Response(status, {"id": 1}))
    assert writing.receipt(prepared({}, {"id": "x"}), verdict, capture=True).response == {"id": 1}


def test_a_dry_run_shows_the_request():
    receipt = writing.planned(prepared({}, {"user_id": "u"}))
    assert (receipt.outcome, receipt.key) == ("planned", {"user_id": "u"})
    assert receipt.response == {"method": "POST", "path": "/thing", "body": {"user_id": "u"}}


def test_a_record_that_was_not_come_to_says_why():
    assert writing.not_tried(3, "stopped") == Receipt(3, "not_tried", code="stopped", reason="stopped")

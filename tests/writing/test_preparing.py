"""A record becomes a request, or the receipt of its rejection."""

import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from custify_connector.exchange.wire import Request
from custify_connector.writing.plan import write_plan
from custify_connector.writing.preparing import preparer
from custify_connector.writing.requests import Prepared

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
        ("never", {"user_id": "u", "never": "x"}, False),
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
        ({}, {"user_id": float("nan")}, None, "user_id", "user_id: is nan, which JSON cannot represent"),
        ({}, {"user_id": b"u"}, None, "user_id", "user_id: is bytes, which JSON cannot represent"),
        ({}, {}, None, None, "this record has no identifier: it needs one of id, user_id, name with at"),
        ({}, {"name": "n"}, None, None, "this record has no identifier: it needs one of id, user_id, name with at"),
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
        ({}, {"user_id": "u", "naem": "n"}, SCHEMA, "naem", "naem: unknown field; did you mean 'name'?"),
        (DELETE, {"id": "*"}, None, "id", "id: is '*': a delete must name exactly one record"),
        (DELETE, {"id": "%"}, None, "id", "id: is '%': a delete must name exactly one record"),
        (DELETE, {"user_id": "all"}, None, "user_id", "user_id: is 'all': a delete must name exactly one record"),
        (DELETE, {"id": ".."}, None, "id", "id: "),
        (DELETE, {}, None, None, "this record has no identifier"),
    ],
    ids=lambda value: value[:50] if isinstance(value, str) else "",
)
def test_what_is_wrong_with_a_record_rejects_it_before_any_request(manual, record, schema, field, reason):
    found = rejected(manual, record, schema)
    assert found[0] == field
    assert found[1].startswith(reason)


@pytest.mark.parametrize(("name", "accepted"), [("abc", True), ("abcd", False), ("é", True), ("\U0001f600" * 4, False)])
def test_a_field_may_have_exactly_as_many_characters_as_json_as_is_allowed(name, accepted):
    found = prepared({"max_characters": {"name": 5}}, {"user_id": "u", "name": name})
    assert isinstance(found, Prepared) is accepted


def test_everything_that_is_wrong_with_a_record_is_said_at_once():
    _, reason = rejected({}, {"user_id": True, "name": "", "size": "x"}, SCHEMA)
    assert [fault.split(":")[0] for fault in reason.split("; ")] == ["user_id", "name", "size"]


def test_faults_of_different_kinds_are_said_together_and_none_that_follows_from_another():
    record = {"user_id": float("nan"), "name": b"", "size": 2**60, "id": "x", "a": {"b": 1}, "$unset": ["a.b", 7]}
    schema = {"properties": {**SCHEMA["properties"], "id": {"format": "object-id"}}, "required": ["user_id", "at"]}
    _, reason = rejected({"clear": "unset"}, record, schema)
    assert re.findall("(?:^|; )([a-z_.]+):", reason) == ["user_id", "name", "size", "at", "a.b", "id"]


# ------------------------------------------------------------------------------------------------- Custify's own ids


IDS = {
    "properties": {
        "id": {"format": "object-id"},
        "ids": {"items": {"format": "object-id"}},
        "companies": {"items": {"properties": {"id": {"format": "object-id"}}}},
        "user_id": {"format": "identifier"},
    }
}
GOOD = "65f1bf11b7d4e8f90123ab01"


@pytest.mark.parametrize("bad", ["not-an-id", GOOD[:-1], GOOD + "0", GOOD[:-1] + "g", f" {GOOD}", f"{GOOD}\n", 12345])
@pytest.mark.parametrize(
    ("record", "place"),
    [
        (lambda bad: {"id": bad}, "id"),
        (lambda bad: {"id": GOOD, "ids": [GOOD, bad]}, "ids[1]"),
        (lambda bad: {"id": GOOD, "companies": [{"id": GOOD}, {"id": bad}]}, "companies[1].id"),
    ],
    ids=["a field", "a list", "a list of objects"],
)
def test_a_custify_id_of_another_form_is_rejected_before_it_is_sent(bad, record, place):
    field, reason = rejected({}, record(bad), IDS)
    assert field == place
    assert "is not a Custify id, which has 24 hexadecimal digits (to send it anyway: settings.check_ids" in reason
    assert sent({"settings": {"check_ids": False}}, record(bad), IDS)


@pytest.mark.parametrize(
    "record", [{"id": GOOD}, {"id": GOOD.upper()}, {"user_id": "u 1"}, {"user_id": 7, "ids": None}]
)
def test_a_custify_id_of_its_form_and_your_own_of_any_are_sent(record):
    assert sent({}, record, IDS)


def test_every_faulty_id_is_named_and_a_long_one_shortened():
    _, reason = rejected({}, {"id": "x" * 500, "ids": ["y"]}, IDS)
    assert reason.count("is not a Custify id") == 2
    assert len(reason) < 400


@pytest.mark.parametrize("value", ["d-2 ", " d-2", "d-2\u00a0", 7001.0])
def test_a_delete_is_not_sent_for_a_name_that_would_match_nothing(value):
    field, reason = rejected(DELETE, {"user_id": value})
    assert field == "user_id"
    assert "so it would not be found" in reason


@pytest.mark.parametrize(
    "record", [{"id": "x", "a\ud800": 1}, {"id": "x", "a": {"\udc00b": 1}}, {"id": "x", "a": "\ud800"}]
)
def test_half_a_character_in_a_name_or_value_is_the_records_fault(record):
    _, reason = rejected({}, record)
    assert "half a character" in reason
    reason.encode()

"""What a write would change: values as Custify keeps them, beside what it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector import manifest
from custify_connector.writing.differences import Change, difference, is_same
from custify_connector.writing.plan import write_plan
from custify_connector.writing.template import expand_destination

KNOWN = manifest.load()
COMPANY = "65f1bf11b7d4e8f90123ab01"
HELD = {
    "id": "65f1c0a2b7d4e8f90123abcd",
    "user_id": "u-1",
    "email": "ana@example.com",
    "name": "Ana",
    "phone": None,
    "signed_up_at": "2026-01-31T09:30:00.000Z",
    "companies": [COMPANY],
    "custom_attributes": {"seats": 7, "beta": True, "code": "007", "plan": "Gold"},
}


def plan_of(endpoint, **params):
    return write_plan(*expand_destination({"endpoint": endpoint, "params": params}, KNOWN))


def compared(record, held=(HELD,), endpoint="upsert_person", by=("user_id",), **params):
    found = difference(plan_of(endpoint, **params), record, held, by=by)
    return found.verdict, [(each.field, each.now, each.then) for each in found.changes]


@pytest.mark.parametrize(
    ("given_", "now"),
    [
        ("2026-01-31 09:30", "2026-01-31T09:30:00.000Z"),
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T10:30:00+01:00", "2026-01-31T09:30:00.000Z"),
        ("2026-01-31T09:30:00.123456Z", "2026-01-31T09:30:00.123Z"),
        (7, 7.0),
        ("7", 7),
        ("007", 7),
        ("5.40", 5.4),
        ("TRUE", True),
        (None, None),
        (["b", "a"], ["a", "b"]),
        ([{"name": "x"}], [{"name": "x", "completed": False}]),
        ({"value": 1, "currency": "EUR"}, {"value": 1.0, "currency": "EUR"}),
    ],
)
def test_two_forms_of_one_value_are_no_change(given_, now):
    assert is_same(given_, now)


@pytest.mark.parametrize(
    ("given_", "now"),
    [
        ("007", "7"),
        (7, "7"),
        (True, "true"),
        ("7.5", 7),
        (1, True),
        (True, 1),
        (False, None),
        ("", None),
        (0, None),
        ("Gold", "gold"),
        ("2026-01-31", "2026-01-30T23:59:59.999Z"),
        ("2026-13-31", "2026-12-31T00:00:00.000Z"),
        ([], None),
        ([{"a": 1}], []),
        ("x", {"x": 1}),
        ({"a": 1}, "a"),
        (["a"], "a"),
        ("1e5", 100000),
    ],
)
def test_two_values_are_a_change(given_, now):
    assert not is_same(given_, now)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(JSON)
def test_every_value_is_itself(value):
    assert is_same(value, value)


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON), st.dictionaries(st.sampled_from(["a", "b", "c"]), JSON))
def test_nothing_is_left_to_change_once_the_changes_are_made(record, held):
    plan = write_plan({"request": {"method": "POST", "path": "/thing"}, "identity": [["a"]]}, None)
    after = {**held, **record}
    assert difference(plan, record, [after], by=("a",)).verdict == "nothing"


def test_only_what_a_record_gives_is_compared():
    assert compared({"user_id": "u-1"}) == ("nothing", [])
    assert compared({"user_id": "u-1", "name": "Ana"}) == ("nothing", [])
    assert compared({"user_id": "u-1", "name": "Bo"}) == ("update", [("name", "Ana", "Bo")])


def test_attributes_are_compared_one_by_one():
    record = {"user_id": "u-1", "custom_attributes": {"seats": "7", "code": "7", "plan": None, "new": 1, "no": None}}
    places = [
        (f"custom_attributes.{name}", now, then)
        for name, now, then in [("code", "007", "7"), ("plan", "Gold", None), ("new", None, 1)]
    ]
    assert compared(record) == ("update", places)


def test_what_is_unset_is_a_change_only_where_there_is_something():
    record = {"user_id": "u-1", "$unset": ["phone", "name", "custom_attributes.plan", "custom_attributes.none"]}
    assert compared(record) == ("update", [("name", "Ana", None), ("custom_attributes.plan", "Gold", None)])
    assert compared({"user_id": "u-1", "phone": None}) == ("nothing", [])


def test_links_are_compared_by_what_they_lead_to():
    other = "65f1bf11b7d4e8f90123ab02"
    same = {"companies": [{"id": COMPANY}, {"id": other, "remove": True}]}
    assert compared(same) == ("nothing", [])
    changed = {"companies": [{"id": COMPANY, "remove": True}, {"id": other}]}
    assert compared(changed) == (
        "update",
        [(f"companies[id={COMPANY}]", True, False), (f"companies[id={other}]", False, True)],
    )
    assert compared({"companies": [{"company_id": "c", "id": COMPANY}]}) == ("nothing", [])
    assert compared({"companies": [{"company_id": "c"}]}) == ("unknown", [])
    assert compared({"companies": [{"company_id": "c"}]}, [{**HELD, "companies": []}])[0] == "update"
    assert compared({"companies": [{"id": COMPANY}]}, [{"id": HELD["id"]}]) == ("unknown", [])


def test_a_field_that_is_read_under_another_name_is_compared_with_it():
    held = [{"company_id": "c", "owners_csm": COMPANY, "owners_csm_email": "csm@vendor.example"}]
    same = [{"owners_csm": COMPANY}, {"owners_csm": "csm@vendor.example"}]
    assert [compared(each, held, "upsert_company") for each in same] == [("nothing", [])] * 2
    other = compared({"owners_csm": "x@vendor.example"}, held, "upsert_company")
    assert other == ("update", [("owners_csm", "csm@vendor.example", "x@vendor.example")])


def test_a_field_that_is_not_read_back_is_said_to_be_open():
    record = {"externalId": "T-1", "title": "A", "company": "c-77"}
    held = [{"externalId": "T-1", "title": "A", "company": [COMPANY]}]
    found = difference(plan_of("update_ticket"), record, held, by=("externalId",))
    assert (found.verdict, found.reason) == ("unknown", "company: cannot be compared with what is read")
    found = difference(plan_of("update_ticket"), {**record, "title": "B"}, held, by=("externalId",))
    assert (found.verdict, found.changes) == ("update", (Change("title", "A", "B"),))
    assert "company" in found.reason


def test_fields_of_the_address_are_no_change():
    held = [{"data_type": "licence", "data_id": "L-1", "data": {"seats": 25, "kept": 1}}]
    record = {"entityModel": "companies", "company_id": "c-1", "data_type": "licence", "data_id": "L-1"}
    assert compared({**record, "data": {"seats": 25}}, held, "upsert_custom_data") == ("nothing", [])
    changed = compared({**record, "data": {"seats": 26}}, held, "upsert_custom_data")
    assert changed == ("update", [("data.seats", 25, 26)])


@pytest.mark.parametrize(
    ("endpoint", "by", "held", "verdict"),
    [
        ("upsert_person", ("user_id",), (), "create"),
        ("upsert_person", ("id",), (), "unknown"),
        ("upsert_person", ("email",), (HELD, HELD), "unknown"),
        ("update_ticket", ("externalId",), (), "unknown"),
        ("create_ticket", ("externalId",), (), "create"),
        ("create_task", (), (), "create"),
        ("upsert_custom_data", ("entityModel", "entity", "data_type", "data_id"), (), "create"),
    ],
)
def test_what_is_not_found_is_created_where_custify_creates_it(endpoint, by, held, verdict):
    assert compared({"name": "x"}, held, endpoint, by)[0] == verdict


def test_a_delete_deletes_what_is_found_and_nothing_else():
    found = [
        difference(plan_of("delete_person", max_deletes=9), {"email": "a"}, held, by=("email",))
        for held in ([], [HELD], [HELD, HELD])
    ]
    assert [each.verdict for each in found] == ["nothing", "delete", "delete"]
    assert found[2].reason == "2 records are found: all may be deleted"

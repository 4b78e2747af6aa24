from datetime import date

import pytest

from custify_connector.sandbox import Quirks
from custify_connector.sandbox.date_filters import window
from custify_connector.sandbox.entity_filters import entity_predicate

TODAY = date(2026, 3, 14)  # a Saturday


@pytest.fixture(autouse=True)
def _one_day(monkeypatch):
    """Let it be one day for all that is asked here: a suite may run past midnight."""
    monkeypatch.setattr("custify_connector.sandbox.date_filters.today", lambda: TODAY)


RECORDS = {
    "ana": {
        "id": "1",
        "name": "Ana Pop",
        "owners_csm": "u1",
        "size": 10,
        "signed_up_at": "2026-01-10T00:00:00.000Z",
        "last_seen_at": "2026-03-09T12:00:00.000Z",
        "churned": True,
        "tags": ["t1", "t2"],
        "companies": ["c1"],
        "parent_companies": [{"id": "p1", "company_id": "P-1"}],
        "custom_attributes": {"arr": {"value": 100, "currency": "EUR"}, "seat": "admin"},
        "metrics": {"health_scores": {"h": {"score": 30}}},
    },
    "bob": {
        "id": "2",
        "name": "bob",
        "size": 20,
        "signed_up_at": "2026-01-11T23:59:59.999Z",
        "last_seen_at": "2026-03-11T12:00:00.000Z",
        "churned": False,
        "tags": ["t1"],
        "companies": [],
        "parent_companies": [],
        "custom_attributes": {"arr": {"value": 300, "currency": "EUR"}, "seat": "viewer"},
        "metrics": {"health_scores": {"h": {"score": 55}}},
    },
    "nil": {
        "id": "3",
        "name": "",
        "tags": [],
        "custom_attributes": {},
        "metrics": {"health_scores": {"h": {"score": 90}}},
    },
}
CASES = [
    ("name", "String", "is", "Ana Pop", "ana"),
    ("name", "String", "is_not", "bob", "ana nil"),
    ("name", "String", "starts_with", "Ana", "ana"),
    ("name", "String", "ends_with", "b", "bob"),
    ("name", "String", "contains", "na", "ana"),
    ("name", "String", "does_not_contain", "o", "nil"),
    ("name", "String", "is_unknown", "", "nil"),
    ("name", "String", "any_value", "", "ana bob"),
    ("owners_csm", "String", "is", "u1", "ana"),
    ("owners_csm", "String", "is_unknown", None, "bob nil"),
    ("parent_companies", "String", "is_in", "p1", "ana"),
    ("parent_companies", "String", "is_in", ["P-1"], "ana"),
    ("parent_companies", "String", "is_descendant", "p1", "ana"),
    ("size", "Number", "greater", 10, "bob"),
    ("size", "Number", "greater", "9.5", "ana bob"),
    ("size", "Number", "lower", 20, "ana"),
    ("size", "Number", "is", 20, "bob"),
    ("size", "Number", "is_not", 20, "ana nil"),
    ("size", "Number", "between", [10, 15], "ana"),
    ("size", "Number", "is_unknown", None, "nil"),
    ("size", "Number", "any_value", None, "ana bob"),
    ("metrics.health_scores.h", "Number", "is_bad", None, "ana"),
    ("metrics.health_scores.h", "Number", "is_average", None, "bob"),
    ("metrics.health_scores.h", "Number", "is_good", None, "nil"),
    ("metrics.health_scores.h", "Number", "greater", 50, "bob nil"),
    ("metrics.none.h", "Number", "is_unknown", None, "ana bob nil"),
    ("last_seen_at", "Date", "more_than", 4, "ana"),
    ("last_seen_at", "Date", "exactly", 5, "ana"),
    ("last_seen_at", "Date", "less_than", "4", "bob"),
    ("signed_up_at", "Date", "after", "2026-01-10", "bob"),
    ("signed_up_at", "Date", "on", "2026-01-10", "ana"),
    ("signed_up_at", "Date", "before", "2026-01-11", "ana"),
    ("signed_up_at", "Date", "between", ["2026-01-10", "2026-01-11"], "ana bob"),
    ("signed_up_at", "Date", "is_unknown", None, "nil"),
    ("signed_up_at", "Date", "any_value", None, "ana bob"),
    ("signed_up_at", "Date", "next_year", None, ""),
    ("churned", "Boolean", "true", "", "ana"),
    ("churned", "Boolean", "false", None, "bob"),
    ("churned", "Boolean", "is_unknown", "", "nil"),
    ("churned", "Boolean", "any_value", "", "ana bob"),
    ("tags", "Tag", "is_in", "t2", "ana"),
    ("tags", "Tag", "is_not_in", "t2", "bob nil"),
    ("tags", "Tag", "is_unknown", None, "nil"),
    ("tags", "Tag", "any_value", None, "ana bob"),
    ("tags", "Tag", "is_any_of", ["t1", "t9"], "ana bob"),
    ("tags", "Tag", "is_all_of", ["t1", "t2"], "ana"),
    ("tags", "Tag", "is_none_of", ["t2", "t9"], "bob nil"),
    ("owners_csm", "User", "is", "u1", "ana"),
    ("owners_csm", "User", "is_not", "u1", "bob nil"),
    ("owners_csm", "User", "is_in", ["u1"], "ana"),
    ("owners_csm", "User", "is_not_in", ["u1"], "bob nil"),
    ("owners_csm", "User", "is_unknown", None, "bob nil"),
    ("companies", "Company", "is_in", "c1", "ana"),
    ("companies", "Company", "is_unknown", None, "bob nil"),
    ("buckets", "Segment", "is_any_of", ["s1"], "bob"),
    ("custom_attributes.seat", "Dropdown", "is_none_of", ["admin"], "bob nil"),
    ("custom_attributes.arr", "Currency", "greater", 200, "bob"),
    ("custom_attributes.arr", "Currency", "is_any_of", [100], "ana"),
]


@pytest.mark.parametrize(("name", "kind", "operator", "value", "chosen"), CASES)
def test_every_operator_chooses_what_it_says(name, kind, operator, value, chosen):
    readers = {"buckets": lambda record: ["s1"] if record["id"] == "2" else []}
    one = {"fieldName": name, "fieldType": kind, "filterType": operator, "filterValue": value}
    passes = entity_predicate([one], readers)
    assert [key for key, record in RECORDS.items() if passes(record)] == chosen.split()


@pytest.mark.parametrize(
    "filters",
    [
        "nonsense",
        {"fieldName": "name"},
        ["name"],
        [{"fieldName": "name", "fieldType": "String", "filterType": "is"}],
        [{"fieldName": 1, "fieldType": "String", "filterType": "is", "filterValue": ""}],
        [{"fieldName": "name", "fieldType": "Colour", "filterType": "is", "filterValue": ""}],
        [{"fieldName": "name", "fieldType": "String", "filterType": "resembles", "filterValue": ""}],
        [{"fieldName": "size", "fieldType": "Number", "filterType": "greater", "filterValue": "many"}],
        [{"fieldName": "size", "fieldType": "Number", "filterType": "between", "filterValue": [1]}],
        [{"fieldName": "size", "fieldType": "Number", "filterType": "resembles", "filterValue": [1]}],
        [{"fieldName": "at", "fieldType": "Date", "filterType": "after", "filterValue": "soon"}],
        [{"fieldName": "at", "fieldType": "Date", "filterType": "more_than", "filterValue": "soon"}],
        [{"fieldName": "at", "fieldType": "Date", "filterType": "between", "filterValue": "2026-01-01"}],
        [{"fieldName": "at", "fieldType": "Date", "filterType": "last_decade", "filterValue": None}],
        [{"fieldName": "at", "fieldType": "Date", "filterType": "someday", "filterValue": None}],
    ],
)
def test_malformed_filters_are_refused(client, filters):
    assert client.get("/people/all", filters=filters).status == 400


def test_filters_are_joined_by_and_and_counted_in_the_total(client, sandbox):
    filters = [
        {"fieldName": "session_count", "fieldType": "Number", "filterType": "greater", "filterValue": 100},
        {"fieldName": "session_count", "fieldType": "Number", "filterType": "lower", "filterValue": 300},
    ]
    [page] = client.get("/people/all", filters=filters, itemsPerPage=200).json
    wanted = [one for one in sandbox.content.people if 100 < one["session_count"] < 300]
    assert page["total"] == len(wanted) > 0
    assert {row["id"] for row in page["people"]} == {one["id"] for one in wanted}


def test_companies_are_filtered_by_their_ancestors(make):
    sandbox, client = make(companies=60)
    grandparent = sandbox.content.companies[0]["id"]
    one = {"fieldName": "parent_companies", "fieldType": "String", "filterValue": grandparent}
    direct = client.get("/company/all", filters=[{**one, "filterType": "is_in"}]).json["total"]
    related = client.get("/company/all", filters=[{**one, "filterType": "is_descendant"}]).json["total"]
    assert 0 < direct < related


@pytest.mark.parametrize(("path", "key"), [("/people/all", "people"), ("/company/all", "companies")])
def test_segments_are_filtered_as_buckets(client, path, key):
    rows = client.rows(path, key, includeSegments="true", itemsPerPage=200)
    segment = next(row["segments"][0]["id"] for row in rows if row["segments"])
    one = {"fieldName": "buckets", "fieldType": "Segment", "filterType": "is_any_of", "filterValue": [segment]}
    found = client.rows(path, key, filters=[one], itemsPerPage=200)
    assert {row["id"] for row in found} == {
        row["id"] for row in rows if segment in {seg["id"] for seg in row["segments"]}
    }


def test_objectives_take_the_same_filters(client, sandbox):
    company = sandbox.content.companies[4]["id"]
    one = {"fieldName": "risk", "fieldType": "String", "filterType": "is", "filterValue": "low"}
    rows = client.rows("/objective", "objectives", company=company, filters=[one], itemsPerPage=50)
    assert rows
    assert {row["risk"] for row in rows} == {"low"}


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("today", "2026-03-14", "2026-03-14"),
        ("yesterday", "2026-03-13", "2026-03-13"),
        ("last_week", "2026-03-02", "2026-03-08"),
        ("this_week", "2026-03-09", "2026-03-15"),
        ("next_week", "2026-03-16", "2026-03-22"),
        ("last_month", "2026-02-01", "2026-02-28"),
        ("this_month", "2026-03-01", "2026-03-31"),
        ("next_month", "2026-04-01", "2026-04-30"),
        ("last_quarter", "2025-10-01", "2025-12-31"),
        ("this_quarter", "2026-01-01", "2026-03-31"),
        ("next_quarter", "2026-04-01", "2026-06-30"),
        ("last_year", "2025-01-01", "2025-12-31"),
        ("this_year", "2026-01-01", "2026-12-31"),
        ("next_year", "2027-01-01", "2027-12-31"),
    ],
)
def test_a_named_window_holds_the_days_it_names(name, first, last):
    assert window(name) == (first, last)


@pytest.mark.parametrize("name", ["last_decade", "whenever"])
def test_no_other_window_has_a_name(name):
    assert window(name) is None


def test_a_server_may_ignore_filters_or_refuse_them(make):
    one = {"fieldName": "name", "fieldType": "String", "filterType": "is", "filterValue": "nobody"}
    sandbox, client = make(quirks=Quirks(ignore_filters=True))
    assert client.get("/company/all", filters=[one]).json["total"] == 30
    sandbox.quirks = Quirks(refuse_filters=True)
    assert client.get("/company/all", filters=[one]).status == 400
    assert client.get("/company/all").status == 200

"""Plans are made from a manual configuration alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector import plans
from custify_connector.manifest import RateLimit
from custify_connector.plans import Lookup, Order, Paging, Since, bind, query_text, read_plan, write_plan

LEAST = {"request": {"path": "/people/all"}}
LIMIT = RateLimit(100, 10)


def test_a_source_that_says_least_is_one_request_for_a_list():
    plan = read_plan(LEAST)
    assert (plan.stream, plan.method, plan.path, plan.envelope) == ("people_all", "GET", "/people/all", "list")
    assert (plan.page, plan.order, plan.since, plan.limit, plan.key) == (None, None, None, None, ())


def test_a_source_with_a_way_to_its_records_is_wrapped_in_a_page():
    plan = read_plan({**LEAST, "records": ["data", "people"], "page": {"parameter": "p", "size": 7}})
    assert (plan.envelope, plan.records, plan.page) == ("page", ("data", "people"), Paging("p", 7))


@pytest.mark.parametrize(
    ("words", "order"),
    [
        ({}, None),
        ({"order": {"field": "at"}}, Order("at", {}, descending=True)),
        ({"order": {"field": "at", "direction": "asc"}}, Order("at", {}, descending=False)),
        ({"order": {"field": "at", "query": {"sort": "at"}}}, Order("at", {"sort": "at"}, descending=True)),
    ],
    ids=repr,
)
def test_an_order_is_newest_first_unless_it_says_otherwise(words, order):
    assert read_plan({**LEAST, **words}).order == order


def test_a_cursor_counts_in_an_incremental_read_alone():
    words = {**LEAST, "incremental": {"cursor": "updated_at", "query": {"sort": "updated_at"}}}
    assert read_plan(words).since is None
    assert read_plan({**words, "mode": "incremental"}).since == Since("updated_at", {"sort": "updated_at"})


@pytest.mark.parametrize(
    ("value", "text"),
    [("a b", "a b"), ("", ""), (True, "true"), (5, "5"), (None, "null"), ([{"a": "é"}], '[{"a":"é"}]'), ({}, "{}")],
    ids=repr,
)
def test_a_query_value_is_text_as_it_is_and_else_json(value, text):
    assert query_text(value) == text
    assert read_plan({"request": {"path": "/x", "query": {"q": value}}}).query == {"q": text}


# ---------------------------------------------------------------------------------------------------------- fingerprint


@pytest.mark.parametrize(
    "words",
    [
        {"order": {"field": "at"}},
        {"page": {"parameter": "page", "size": 3}},
        {"settings": {"max_in_flight": 2}},
        {"fields": ["id"]},
        {"limit": 5},
        {"mode": "full"},
        {"partitions": []},
    ],
    ids=repr,
)
def test_a_state_outlives_a_change_of_how_it_is_read(words):
    assert read_plan({**LEAST, **words}).fingerprint == read_plan(LEAST).fingerprint


@pytest.mark.parametrize(
    "words",
    [
        {"request": {"path": "/people"}},
        {"request": {"path": "/people/all", "method": "POST"}},
        {"request": {"path": "/people/all", "query": {"a": "1"}}},
        {"request": {"path": "/people/all", "body": {}}},
        {"mode": "incremental"},
        {"partitions": [{"values": {"a": "1"}}]},
        {"partitions": [{"values": {"a": "2"}}]},
        {"partitions": [{"parents": LEAST, "take": {"a": "id"}}]},
        {"partitions": [{"parents": {"request": {"path": "/other"}}, "take": {"a": "id"}}]},
    ],
    ids=repr,
)
def test_a_state_is_used_for_nothing_else(words):
    others = [read_plan(LEAST).fingerprint, read_plan({**LEAST, "partitions": [{"values": {}}]}).fingerprint]
    assert read_plan({**LEAST, **words}).fingerprint not in others


@given(st.dictionaries(st.text("abc", max_size=2), st.text(max_size=3), max_size=4))
def test_the_order_of_query_parameters_does_not_matter(query):
    backwards = dict(reversed(query.items()))
    one, other = ({"request": {"path": "/x", "query": each}} for each in (query, backwards))
    assert read_plan(one).fingerprint == read_plan(other).fingerprint


# ----------------------------------------------------------------------------------------------------------- partitions


def test_a_partition_fills_path_and_query_and_is_remembered():
    words = {
        "request": {"path": "/c/{kind}/{id}", "query": {"type": "{kind}", "sort": "id", "filters": '{"kind":"id"}'}},
        "fallback_path": "/d/{id}",
        "partitions": [{"values": {"kind": "a/b"}, "parents": LEAST, "take": {"id": "id"}}],
        "add": {"parent": "id"},
    }
    bound = bind(read_plan(words), {"kind": "a/b", "id": "ü"})
    assert (bound.path, bound.fallback_path) == ("/c/a%2Fb/%C3%BC", "/d/%C3%BC")
    assert bound.query == {"type": "a/b", "sort": "id", "filters": '{"kind":"id"}'}
    assert (bound.partitions, bound.bound, bound.add) == ((), {"kind": "a/b", "id": "ü"}, {"parent": "id"})


def test_a_partition_has_its_parents_as_a_plan():
    (partition,) = read_plan({**LEAST, "partitions": [{"parents": LEAST, "take": {"a": "id"}}]}).partitions
    assert (partition.parents, partition.take, partition.values) == (read_plan(LEAST), {"a": "id"}, {})


# -------------------------------------------------------------------------------------------------------------- writing


def test_a_destination_that_says_least_is_never_repeated_and_goes_on_after_a_reject():
    plan = write_plan({"request": {"method": "POST", "path": "/x"}}, None)
    assert (plan.destination, plan.repeat, plan.clear, plan.schema) == ("POST /x", "never", "null", None)
    assert (plan.dry_run, plan.on_reject, plan.max_rejects, plan.delivery) == (False, "continue", None, "single")
    assert (plan.find_first, plan.max_deletes, plan.upload) == (None, None, None)


def test_a_destination_that_says_all_is_a_plan_of_all():
    manual = {
        "request": {"method": "POST", "path": "/x", "query": ["a"], "routes": [{"with": "id", "path": "/x/{id}"}]},
        "find_first": {"by": "a", "path": "/x", "records": ["xs"], "update": "/x/{id}"},
        "params": {"b": 1},
        "dry_run": True,
        "max_deletes": 3,
    }
    plan = write_plan(manual, {"type": "object"})
    assert plan.find_first == Lookup("a", "/x", ("xs",), "/x/{id}", {})
    assert (plan.query, plan.routes, plan.constants) == (("a",), (("id", "/x/{id}"),), {"b": 1})
    assert (plan.dry_run, plan.max_deletes, plan.schema) == (True, 3, {"type": "object"})


# ------------------------------------------------------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("given_", "meant"),
    [
        ({}, (LIMIT, 8, 30.0, False)),
        ({"rate_limit": None}, (None, 8, 30.0, True)),
        ({"rate_limit": {"requests": 5, "seconds": 1}}, (RateLimit(5, 1), 8, 30.0, True)),
        ({"max_in_flight": 1, "timeout_seconds": 2, "undocumented": True}, (LIMIT, 1, 2, False)),
    ],
    ids=repr,
)
def test_settings_are_the_documented_ones_unless_they_say_otherwise(given_, meant):
    found = plans.settings(given_, LIMIT)
    assert (found.rate_limit, found.max_in_flight, found.timeout_seconds, found.limit_chosen) == meant

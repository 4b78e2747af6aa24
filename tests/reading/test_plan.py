"""A plan of reading is made from a manual configuration alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.reading.plan import Order, Paging, Since, bind, read_plan

LEAST = {"request": {"path": "/people/all"}}


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


def test_a_query_value_travels_as_text():
    assert read_plan({"request": {"path": "/x", "query": {"q": {"a": "é"}}}}).query == {"q": '{"a":"é"}'}


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

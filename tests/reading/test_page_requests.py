"""Which page to ask for, and how; what the service refused is left out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.reading import page_requests
from custify_connector.reading.page_requests import enough_ahead, fall_back, next_window, page_request, window_above
from custify_connector.reading.plan import read_plan
from custify_connector.reading.position import Doubts, Place, Position, start, without_order

MANUAL = {
    "stream": "things",
    "request": {"path": "/thing", "query": {"status": "open"}},
    "records": ["things"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 10},
    "key": [["id"]],
    "order": {"field": "created_at", "direction": "desc", "query": {"sort": "created_at"}},
}
PLAN = read_plan(MANUAL)
FIXED = read_plan({**MANUAL, "page": {"parameter": "page", "size": 10}})
INCREMENTAL = read_plan(
    {
        **MANUAL,
        "mode": "incremental",
        "request": {"path": "/thing", "query": {"filters": [{"fieldName": "churned"}]}},
        "incremental": {"cursor": "updated_at", "query": {"sort": "updated_at"}, "narrow": "entity_filter"},
    }
)


def pages_ahead(plan, position, count):
    return list(page_requests.pages_ahead(plan, position, count))


def test_the_first_request_asks_the_largest_page_and_the_order():
    assert dict(page_request(PLAN, start(PLAN, None), (1, None)).query) == {
        "status": "open",
        "sort": "created_at",
        "page": "1",
        "itemsPerPage": "10",
    }


def test_pages_are_asked_ahead_up_to_the_last_that_the_total_promises():
    position = replace(start(PLAN, None), place=Place(2, 10, total=35, asked=8, reached=10))
    assert pages_ahead(PLAN, position, 8) == [(2, 8), (3, 7), (3, 9), (4, 8), (4, None)]
    assert pages_ahead(PLAN, position, 3) == [(2, 8), (3, 7), (3, 9)]
    assert pages_ahead(PLAN, replace(position, place=replace(position.place, total=None)), 8) == [(2, 8)]
    assert pages_ahead(PLAN, replace(position, doubts=Doubts(is_stepping_back=True)), 8) == [(2, 8)]
    assert pages_ahead(read_plan({**MANUAL, "limit": 12}), position, 8) == [(2, 8)]


def test_pages_whose_size_cannot_be_chosen_are_asked_one_after_another():
    place = Place(2, 10, total=35, reached=10)
    assert pages_ahead(FIXED, replace(start(FIXED, None), place=place), 8) == [(2, None), (3, None), (4, None)]
    moved = replace(start(FIXED, None), place=place, doubts=Doubts(total_moved=True))
    assert pages_ahead(FIXED, moved, 8) == [(2, None)]


@given(st.integers(3, 250), st.integers(1, 10**6), st.integers(1, 40))
def test_the_next_page_begins_above_what_was_reached_and_ends_below_it(size, reached, overlap):
    """Law: it shares records with the page before, brings new ones, and is not larger than it may be."""
    number, asked = next_window(PLAN, Position(Place(1, size, reached=reached, overlap=overlap)))
    one = asked or size
    begins, ends = (number - 1) * one, number * one
    assert one <= size
    assert ends > reached
    assert begins < reached or reached % size == 0
    if size >= 20 and overlap <= size // 4:
        assert begins <= max(0, reached - min(overlap, size // 2)) or ends - reached >= 1


@given(st.integers(20, 250), st.integers(1, 10**6))
def test_few_records_are_asked_for_twice(size, reached):
    number, asked = next_window(PLAN, Position(Place(1, size, reached=reached)))
    one = asked or size
    assert number * one - reached >= size // 6


@given(st.integers(3, 250), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_step_back_begins_as_far_above_as_it_is_asked_to(size, reached, overlap):
    number, asked = window_above(PLAN, Place(1, size, reached=reached), overlap)
    assert (number - 1) * (asked or size) <= max(0, reached - overlap)


@pytest.mark.parametrize(
    ("status", "position", "gives_up"),
    [
        (400, start(PLAN, None), "order"),
        (422, start(PLAN, None), "order"),
        (500, start(PLAN, None), None),
        (404, start(PLAN, None), None),
    ],
)
def test_what_custify_refuses_is_asked_more_plainly(status, position, gives_up):
    plainer = fall_back(PLAN, position, status)
    assert (plainer.fallbacks[-1] if plainer else None) == gives_up
    if plainer:
        assert fall_back(PLAN, plainer, status) is None
        assert "sort" not in dict(page_request(PLAN, plainer, (1, None)).query)


def test_an_incremental_read_asks_two_days_before_its_cursor_beside_the_users_own_filters():
    query = dict(page_request(INCREMENTAL, start(INCREMENTAL, "2026-03-10T12:00:00.000Z"), (1, None)).query)
    assert query["sort"] == "updated_at"
    assert '"churned"' in query["filters"]
    assert '"2026-03-08"' in query["filters"]


def test_a_path_that_is_not_there_is_replaced_by_the_other_one():
    plan = read_plan({**MANUAL, "fallback_path": "/old"})
    position = start(plan, None)
    assert page_request(plan, position, (1, None)).path == "/thing"
    assert fall_back(plan, position, 400).fallbacks == ("order",)
    plainer = fall_back(plan, position, 404)
    assert (plainer.fallbacks, plainer.delivered.ordered) == (("path",), True)
    assert page_request(plan, plainer, (1, None)).path == "/old"
    assert fall_back(plan, plainer, 404) is None
    assert page_request(PLAN, replace(start(PLAN, None), fallbacks=("path",)), (1, None)).path == "/thing"


def test_a_refused_filter_is_left_out_before_the_order():
    position = start(INCREMENTAL, "2026-03-10T12:00:00.000Z")
    unfiltered = fall_back(INCREMENTAL, position, 400)
    assert (unfiltered.fallbacks, unfiltered.delivered.ordered) == (("narrow",), True)
    assert dict(page_request(INCREMENTAL, unfiltered, (1, None)).query) == {
        "filters": '[{"fieldName":"churned"}]',
        "sort": "updated_at",
        "page": "1",
        "itemsPerPage": "10",
    }
    plainest = fall_back(INCREMENTAL, unfiltered, 400)
    assert (plainest.fallbacks, plainest.delivered.ordered) == (("narrow", "order"), False)
    first = fall_back(INCREMENTAL, start(INCREMENTAL, None), 400)
    assert first.fallbacks == ("order",), "without a cursor, nothing is filtered"


def test_a_page_of_another_size_is_asked_by_its_own_number_and_size():
    query = dict(page_request(PLAN, start(PLAN, None), (3, 7)).query)
    assert (query["page"], query["itemsPerPage"]) == ("3", "7")


@pytest.mark.parametrize(
    ("doubts", "numbers"),
    [
        ({"is_resumed": True}, 1),
        ({"is_stepping_back": True}, 1),
        ({"below_end": 1}, 1),
        ({"fruitless": 3}, 2),
        ({"total_moved": True}, 1),
        ({"total_moved": True, "joined": 2}, 2),
    ],
    ids=str,
)
def test_pages_are_asked_one_by_one_while_there_is_a_doubt(doubts, numbers):
    place = Place(2, 10, total=900, asked=8, reached=10)
    position = replace(start(PLAN, None), place=place, doubts=Doubts(**doubts))
    assert len(pages_ahead(PLAN, position, 2)) == numbers


def test_pages_are_asked_one_by_one_from_a_cursor():
    place = Place(2, 10, total=900)
    assert pages_ahead(PLAN, replace(start(PLAN, "2026-01-01T00:00:00Z"), place=place), 2) == [(2, None)]


@pytest.mark.parametrize("plan", [PLAN, FIXED], ids=["of any size", "of one size"])
def test_pages_are_asked_ahead_whatever_order_the_service_keeps(plan):
    position = replace(start(plan, None), place=Place(2, 10, total=900, reached=10), doubts=Doubts(joined=7))
    assert len(pages_ahead(plan, without_order(position), 8)) == 8
    assert pages_ahead(plan, without_order(position), 8) == pages_ahead(plan, position, 8)


def test_without_the_order_only_as_many_are_asked_ahead_as_joined_on_in_a_row():
    for joined in range(9):
        position = replace(start(PLAN, None), place=Place(2, 10, total=900, reached=10), doubts=Doubts(joined=joined))
        assert len(pages_ahead(PLAN, without_order(position), 8)) == min(8, joined + 1)
        assert len(pages_ahead(PLAN, position, 8)) == 8


def test_a_slice_is_asked_ahead_to_its_end():
    part = read_plan({**MANUAL, "slice": {"start": None, "end": None, "page": 2, "pages": 3}})
    place = Place(3, 10, total=900, reached=20)
    assert 10 * pages_ahead(part, replace(start(part, None), place=place), 9)[-1][0] <= 50
    assert len(pages_ahead(part, replace(start(part, None), place=replace(place, total=35)), 9)) <= 3


def test_behind_a_late_page_no_fewer_are_asked_than_ever():
    assert enough_ahead(replace(start(PLAN, None), doubts=Doubts(joined=100)), 10, 4) == 10


@pytest.mark.parametrize(
    ("doubts", "pages"),
    [
        ({}, 10),
        ({"joined": 20}, 20),
        ({"joined": 1000}, 40),
        ({"joined": 20, "total_moved": True}, 11),
        ({"joined": 1000, "total_moved": True}, 40),
    ],
    ids=str,
)
def test_behind_a_late_page_as_many_are_asked_as_a_step_back_may_cost(doubts, pages):
    assert enough_ahead(replace(start(PLAN, None), doubts=Doubts(**doubts)), 10, 40) == pages

"""Which page to ask for, and how; what the service refused is left out."""

from dataclasses import replace

import pytest

from custify_connector.reading.page_requests import fall_back, page_request, pages_ahead
from custify_connector.reading.plan import read_plan
from custify_connector.reading.position import Bridge, Doubts, Place, start, without_order

MANUAL = {
    "stream": "things",
    "request": {"path": "/thing"},
    "records": ["things"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 10},
    "key": [["id"]],
    "order": {"field": "created_at", "direction": "desc", "query": {"sort": "created_at"}},
}
PLAN = read_plan(MANUAL)
INCREMENTAL = read_plan(
    {
        **MANUAL,
        "mode": "incremental",
        "request": {"path": "/thing", "query": {"filters": [{"fieldName": "churned"}]}},
        "incremental": {"cursor": "updated_at", "query": {"sort": "updated_at"}, "narrow": "entity_filter"},
    }
)


def test_the_first_request_asks_the_largest_page_and_the_order():
    assert dict(page_request(PLAN, start(PLAN, None), 1).query) == {
        "sort": "created_at",
        "page": "1",
        "itemsPerPage": "10",
    }


def test_pages_are_asked_ahead_up_to_the_last_that_the_total_promises():
    position = replace(start(PLAN, None), place=Place(2, 10, total=35))
    assert list(pages_ahead(PLAN, position, 8)) == [2, 3, 4]
    assert list(pages_ahead(PLAN, replace(position, place=Place(5, 10, total=35)), 8)) == [5]
    assert list(pages_ahead(PLAN, replace(position, place=Place(2, 10)), 8)) == [2]
    assert list(pages_ahead(PLAN, replace(position, doubts=Doubts(is_stepping_back=True)), 8)) == [2]
    assert list(pages_ahead(read_plan({**MANUAL, "limit": 12}), position, 8)) == [2]


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
        assert "sort" not in dict(page_request(PLAN, plainer, 1).query)


def test_an_incremental_read_asks_two_days_before_its_cursor_beside_the_users_own_filters():
    query = dict(page_request(INCREMENTAL, start(INCREMENTAL, "2026-03-10T12:00:00.000Z"), 1).query)
    assert query["sort"] == "updated_at"
    assert '"churned"' in query["filters"]
    assert '"2026-03-08"' in query["filters"]


def test_a_path_that_is_not_there_is_replaced_by_the_other_one():
    plan = read_plan({**MANUAL, "fallback_path": "/old"})
    position = start(plan, None)
    assert page_request(plan, position, 1).path == "/thing"
    assert fall_back(plan, position, 400).fallbacks == ("order",)
    plainer = fall_back(plan, position, 404)
    assert (plainer.fallbacks, plainer.delivered.ordered) == (("path",), True)
    assert page_request(plan, plainer, 1).path == "/old"
    assert fall_back(plan, plainer, 404) is None
    assert page_request(PLAN, replace(start(PLAN, None), fallbacks=("path",)), 1).path == "/thing"


def test_a_refused_filter_is_left_out_before_the_order():
    position = start(INCREMENTAL, "2026-03-10T12:00:00.000Z")
    unfiltered = fall_back(INCREMENTAL, position, 400)
    assert (unfiltered.fallbacks, unfiltered.delivered.ordered) == (("narrow",), True)
    assert dict(page_request(INCREMENTAL, unfiltered, 1).query) == {
        "filters": '[{"fieldName":"churned"}]',
        "sort": "updated_at",
        "page": "1",
        "itemsPerPage": "10",
    }
    plainest = fall_back(INCREMENTAL, unfiltered, 400)
    assert (plainest.fallbacks, plainest.delivered.ordered) == (("narrow", "order"), False)
    first = fall_back(INCREMENTAL, start(INCREMENTAL, None), 400)
    assert first.fallbacks == ("order",), "without a cursor, nothing is filtered"


def test_a_bridging_page_is_asked_by_its_own_number_and_size():
    position = replace(start(PLAN, None), doubts=Doubts(is_stepping_back=True, bridge=Bridge(3, 7)))
    query = dict(page_request(PLAN, position, 2).query)
    assert (query["page"], query["itemsPerPage"]) == ("3", "7")


@pytest.mark.parametrize(
    ("doubts", "numbers"),
    [
        ({"is_resumed": True}, [2]),
        ({"cautious_pages": 1}, [2]),
        ({"fruitless": 3, "total_moved": True}, [2, 3]),
    ],
    ids=str,
)
def test_pages_are_asked_one_by_one_while_there_is_a_doubt(doubts, numbers):
    position = replace(start(PLAN, None), place=Place(2, 10, total=900), doubts=Doubts(**doubts))
    assert list(pages_ahead(PLAN, position, 2)) == numbers


def test_pages_are_asked_one_by_one_without_order_and_from_a_cursor():
    place = Place(2, 10, total=900)
    assert list(pages_ahead(PLAN, without_order(replace(start(PLAN, None), place=place)), 2)) == [2]
    assert list(pages_ahead(PLAN, replace(start(PLAN, "2026-01-01T00:00:00Z"), place=place), 2)) == [2]


def test_a_slice_is_asked_ahead_to_a_page_past_its_last():
    part = read_plan({**MANUAL, "slice": {"start": None, "end": None, "page": 2, "pages": 3}})
    assert list(pages_ahead(part, replace(start(part, None), place=Place(3, 10, total=900)), 9)) == [3, 4, 5]
    assert list(pages_ahead(part, replace(start(part, None), place=Place(3, 10, total=35)), 9)) == [3, 4]

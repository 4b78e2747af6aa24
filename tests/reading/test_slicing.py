"""A stream is cut by date into slices that together hold every record once; one that cannot be cut stays whole."""

import pytest

from custify_connector.exchange.client import Client
from custify_connector.exchange.rate_budget import Budget
from custify_connector.exchange.wire import Response
from custify_connector.reading.plan import Slice, read_plan
from custify_connector.reading.slicing import slices

MANUAL = {
    "request": {"path": "/thing"},
    "records": ["things"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 10},
    "key": [["id"]],
    "order": {"field": "created_at", "query": {"sort": "created_at"}},
}


def date(number):
    return f"2026-01-01T00:{number // 60:02}:{number % 60:02}.000Z"


class Service:
    """A model of Custify that lists the dates it is given; no page has more than `cap` records."""

    def __init__(self, dates, cap=10, total=None):
        self.rows = [{"id": str(index), "created_at": date} for index, date in enumerate(dates)]
        self.cap, self.total, self.asked = cap, len(dates) if total is None else total, []

    def __call__(self, request):
        """Answer one request."""
        query = dict(request.query)
        page, size = int(query["page"]), int(query["itemsPerPage"])
        self.asked.append((page, size))
        size = min(size, self.cap)
        return Response(200, {"things": self.rows[(page - 1) * size : page * size], "total": self.total})

    def cut(self, parts, **words):
        """Return the slices of the list."""
        return slices(Client(self, Budget(None)), read_plan({**MANUAL, **words}), parts)


NEWEST_FIRST = [date(number) for number in range(99, -1, -1)]


def test_the_cuts_are_at_the_dates_of_records_at_even_distances():
    service = Service(NEWEST_FIRST)
    assert service.cut(3) == [
        Slice(date(66), None, 1, 4),
        Slice(date(33), date(66), 4, 4),
        Slice(None, date(33), 7, 4),
    ]
    assert service.asked == [(1, 10), (34, 1), (67, 1)]


def test_slices_begin_at_the_page_of_their_first_record_and_have_a_page_at_least():
    assert [(one.page, one.pages) for one in Service(NEWEST_FIRST[:3]).cut(3)] == [(1, 1)] * 3
    assert [(one.page, one.pages) for one in Service(NEWEST_FIRST).cut(2)] == [(1, 5), (6, 5)]


def test_cuts_at_one_date_are_one_cut_at_its_first_place():
    tied = [date(9)] * 20 + [date(8)] * 60 + [date(7)] * 20
    assert Service(tied).cut(4) == [Slice(date(8), None, 1, 3), Slice(None, date(8), 3, 8)]


@pytest.mark.parametrize(
    "words",
    [
        {"page": None},
        {"order": None},
        {"order": {"field": "created_at", "direction": "asc"}},
        {"limit": 5},
        {"mode": "incremental", "incremental": {"cursor": "updated_at"}},
        {"slice": {"start": None, "end": None, "page": 1, "pages": 1}},
        {"partitions": [{"values": {}}]},
    ],
    ids=str,
)
def test_what_is_not_one_ordered_list_is_not_cut_and_costs_no_request(words):
    service = Service(NEWEST_FIRST)
    assert service.cut(3, **words) == []
    assert service.asked == []


def test_one_part_is_the_whole_and_costs_no_request():
    service = Service(NEWEST_FIRST)
    assert service.cut(1) == []
    assert service.asked == []


@pytest.mark.parametrize(
    ("service", "parts"),
    [
        (Service(NEWEST_FIRST[:4]), 5),
        (Service([]), 2),
        (Service(NEWEST_FIRST, cap=7), 2),
        (Service(NEWEST_FIRST[:9], total=10), 2),
        (Service(NEWEST_FIRST[::-1]), 2),
        (Service([*NEWEST_FIRST[:10], *NEWEST_FIRST[:9:-1]]), 3),
        (Service([*NEWEST_FIRST[:50], *[None] * 50]), 2),
        (Service(NEWEST_FIRST[:50], total=100), 2),
    ],
    ids=["fewer records", "none", "capped", "short", "oldest first", "not in order later", "no date", "none there"],
)
def test_a_list_whose_cuts_cannot_be_found_stays_whole(service, parts):
    assert service.cut(parts) == []


def test_as_many_parts_as_records_are_cut():
    assert len(Service(NEWEST_FIRST[:4]).cut(4)) == 4

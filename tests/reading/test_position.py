"""Where a read begins, and how far down a page reaches."""

import pytest

from custify_connector.reading.page import Page
from custify_connector.reading.plan import read_plan
from custify_connector.reading.position import Delivered, Doubts, Place, Position, begins, reach, seen_before, start

MANUAL = {
    "request": {"path": "/thing"},
    "records": ["things"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 10},
    "order": {"field": "created_at"},
    "incremental": {"cursor": "updated_at"},
}
DATE = "2026-01-01T00:00:00.000Z"


def slice_of(end, page):
    return {**MANUAL, "slice": {"start": None, "end": end, "page": page, "pages": 2}}


@pytest.mark.parametrize(
    ("manual", "floor", "position"),
    [
        pytest.param(MANUAL, None, Position(Place(1, 10)), id="full"),
        pytest.param({**MANUAL, "mode": "incremental"}, DATE, Position(Place(1, 10), floor=DATE), id="incremental"),
        pytest.param({**MANUAL, "limit": 3}, None, Position(Place(1, 3)), id="limit"),
        pytest.param({**MANUAL, "limit": 30}, None, Position(Place(1, 10)), id="limit above a page"),
        pytest.param({**MANUAL, "page": None}, None, Position(Place(1, None)), id="no pages"),
        pytest.param({**MANUAL, "order": None}, None, Position(Place(1, 10), Delivered(ordered=False)), id="no order"),
        pytest.param(slice_of(None, 3), None, Position(Place(1, 10)), id="the newest slice"),
        pytest.param(slice_of(DATE, 1), None, Position(Place(1, 10)), id="a slice from the first page"),
        pytest.param(
            slice_of(DATE, 2),
            None,
            Position(Place(2, 10, reached=20, overlap=10), Delivered(edge=DATE), Doubts(is_resumed=True)),
            id="a slice",
        ),
    ],
)
def test_a_read_begins_at_the_first_page_and_a_slice_like_a_resumed_read(manual, floor, position):
    assert start(read_plan(manual), floor) == position


@pytest.mark.parametrize(("number", "asked", "above"), [(2, None, 10), (3, 7, 14), (1, 7, 0)])
def test_a_page_begins_below_those_of_its_size_and_reaches_down_to_its_last_record(number, asked, above):
    page = Page(number, [{}] * 4, [], asked=asked)
    assert begins(read_plan(MANUAL), Position(Place(2, 10)), page) == above
    assert reach(read_plan(MANUAL), Position(Place(2, 10)), page) == above + 4


@pytest.mark.parametrize("ordered", [True, False])
def test_a_resumed_read_knows_the_records_at_the_edge(ordered):
    seen = seen_before(Position(Place(2, 10), Delivered(ordered, tail=("a",))))
    assert seen.unseen([{"id": "a"}, {"id": "b"}], ["a", "b"]) == [{"id": "b"}]

"""A page must join on to what was delivered; where it does not, a page that begins further up is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from custify_connector.reading.overlap import FRUITLESS_STEPS, joins, look_again, step_back
from custify_connector.reading.page import Page
from custify_connector.reading.paging import absorb
from custify_connector.reading.plan import read_plan
from custify_connector.reading.position import Delivered, Doubts, Place, Position, seen_before, start
from custify_connector.records import identities
from custify_connector.records.identities import Seen, identities_of

MANUAL = {
    "request": {"path": "/thing", "query": {"status": "open"}},
    "records": ["things"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 8},
    "key": [["id"]],
    "order": {"field": "created_at", "query": {"sort": "created_at"}},
}
PLAN = read_plan(MANUAL)
WHOLE = read_plan({**MANUAL, "request": {"path": "/thing"}})
FIXED = read_plan({**MANUAL, "page": {"parameter": "page", "size": 8}})


def page(number, numbers, total=None, **words):
    """Return a page of records, each named by the second in which it was created."""
    records = [{"id": f"{one:02}", "created_at": f"2026-01-01T00:00:{one:02}.000Z"} for one in numbers]
    return Page(number, records, identities_of(records, PLAN.key), total, **words)


def tied(number, names, **words):
    """Return a page of records that share a date."""
    records = [{"id": name, "created_at": "2026-01-01T00:00:13.000Z"} for name in names]
    return Page(number, records, list(names), **words)


def down_to(edge, **words):
    """Return the position after a first page of 8, with the records down to `edge`, of 20."""
    tail = tuple(f"{one:02}" for one in range(edge + 7, edge - 1, -1))
    date = f"2026-01-01T00:00:{edge:02}.000Z"
    return Position(Place(2, 8, 20, 8, 8, 6, 8), Delivered(edge=date, tail=tail, previous=tail), Doubts(**words))


def known(position):
    return Seen(ordered=True, identities=position.delivered.tail)


def test_the_worked_example_of_the_package_asks_these_pages_and_delivers_these_records():
    answers = [
        page(1, range(20, 12, -1), 20),
        page(2, range(12, 6, -1), 18, asked=6),  # 18 and 17 were deleted, and 14 and 13 moved above this page
        page(1, range(20, 10, -1), 18),
        page(2, range(12, 6, -1), 18, asked=6),
    ]
    del answers[2].records[2:4], answers[2].identities[2:4]
    position = start(PLAN, None)
    seen = seen_before(position)
    steps = []
    for answer in answers[:3]:
        assert (answer.number, answer.asked) == (position.place.number, position.place.asked)
        step = absorb(PLAN, position, answer, seen)
        steps.append([int(record["id"]) for record in step.records])
        position = step.position
    assert steps == [[*range(20, 12, -1)], [], [12, 11]]


# ------------------------------------------------------------------------------------------ which page joins on


@pytest.mark.parametrize("doubts", [{}, {"is_stepping_back": True}, {"is_resumed": True}], ids=str)
def test_the_first_page_of_all_joins_on(doubts):
    position = down_to(13, **doubts)
    assert look_again(PLAN, position, page(1, range(9, 1, -1), 19), known(position)) is None


def test_where_nothing_was_delivered_there_is_nothing_to_join_on_to():
    position = Position(Place(2, 8, 20))
    assert look_again(PLAN, position, page(2, range(9, 1, -1), 19), known(position)) is None


@pytest.mark.parametrize(
    ("numbers", "joined"),
    [
        (range(14, 8, -1), True),
        (range(30, 24, -1), True),
        (range(13, 7, -1), False),
        (range(12, 6, -1), False),
        (range(11, 5, -1), False),
    ],
    ids=["newer than the edge", "pushed far down", "at the edge", "below it", "far below"],
)
def test_a_page_joins_on_where_it_begins_above_the_edge(numbers, joined):
    """One that begins with the very record at the edge may hide others of its date."""
    position = down_to(13)
    assert joins(PLAN, position, page(2, numbers, asked=6), known(position)) is joined


NAMES = "abcdefgh"


@pytest.mark.parametrize(
    ("shown", "joined"),
    [
        ("efghij", True),
        ("cdefgh", True),
        ("acegij", False),
        ("fghijk", False),
        ("fegijh", False),
        ("xefghi", False),
        ("ijklmn", False),
    ],
    ids=[
        "goes on",
        "ends there too",
        "most are missing",
        "too few",
        "another order",
        "an unknown one",
        "nothing known",
    ],
)
def test_records_of_one_date_join_on_where_enough_of_them_kept_their_places(shown, joined):
    delivered = Delivered(edge="2026-01-01T00:00:13.000Z", tail=tuple(NAMES), previous=tuple(NAMES))
    position = Position(Place(2, 8, None, 8, 8, 6, 8), delivered)
    assert joins(PLAN, position, tied(2, shown, asked=6), known(position)) is joined


@pytest.mark.parametrize(
    ("shown", "joined"),
    [("hij", True), ("gij", False), ("fhi", True), ("ghi", True), ("hgi", False), ("xhi", False), ("ijk", False)],
)
def test_without_dates_a_page_joins_on_by_the_records_and_their_order(shown, joined):
    delivered = Delivered(ordered=False, tail=tuple(NAMES), previous=tuple(NAMES))
    position = Position(Place(2, 8, None, 8, 8, 6, 8), delivered)
    assert joins(PLAN, position, tied(2, shown, asked=6), known(position)) is joined


def test_a_page_of_records_that_all_came_joins_on():
    delivered = Delivered(ordered=False, tail=("x",), previous=("x",))
    position = Position(Place(2, 8, None, 8, 8, 6, 8), delivered)
    assert joins(PLAN, position, tied(2, "abc", asked=6), Seen(ordered=False, identities="abc"))


@pytest.mark.parametrize(("tail", "joined"), [((), True), (("another of that date",), False), (("13",), True)])
def test_a_resumed_read_joins_on_at_the_edge_only_where_nothing_else_of_its_date_was_delivered(tail, joined):
    delivered = Delivered(edge="2026-01-01T00:00:13.000Z", tail=tail)
    position = Position(Place(2, 8, 20, reached=16), delivered, Doubts(is_resumed=True))
    assert joins(PLAN, position, page(2, [13, 12]), known(position)) is joined


# ------------------------------------------------------------------------------------------ where no page can overlap


def at_six(**words):
    """Return the position after "abcdef" in pages of three: each page of three or two begins or ends there."""
    delivered = Delivered(ordered=False, tail=tuple("def"), previous=tuple("def"))
    return Position(Place(3, 3, 9, 6, 3, reached=6), delivered, Doubts(**words))


def test_a_page_that_no_page_can_overlap_comes_again_after_the_page_above_it():
    position = at_six()
    seen = Seen(ordered=False, identities="abcdef")
    delivered, asked = [], []
    for answer in (tied(3, "ghi", total=9), tied(2, "def", total=9), tied(3, "ghi", total=9)):
        asked.append(position.place.number)
        step = absorb(PLAN, position, answer, seen)
        delivered.append("".join(record["id"] for record in step.records))
        position = step.position
    assert (asked, delivered, position.doubts.is_unproven) == ([3, 2, 3], ["", "", "ghi"], False)


@pytest.mark.parametrize(
    ("below", "total", "joined"),
    [
        ((9, ("g", "h", "i")), 9, True),
        ((9, ("f", "g", "h")), 9, False),
        ((8, ("g", "h", "i")), 9, False),
        ((8, ("g", "h", "i")), 8, False),
        ((9, ("g", "h", "i")), None, False),
        (None, 9, False),
    ],
    ids=["as it was", "moved", "another total", "another than above", "no total", "seen once"],
)
def test_it_joins_on_where_it_comes_as_it_was_and_the_total_stood_still(below, total, joined):
    position = at_six(below=below)
    assert joins(PLAN, position, tied(3, "ghi", total=total), Seen(ordered=False, identities="abcdef")) is joined


@pytest.mark.parametrize(("plan", "words"), [(PLAN, {}), (WHOLE, {"total_moved": True})], ids=["a filter", "a change"])
def test_records_of_one_date_must_share_a_page_where_no_count_is_there_to_judge(plan, words):
    delivered = Delivered(edge="2026-01-01T00:00:13.000Z", tail=tuple("def"), previous=tuple("def"))
    position = replace(at_six(below=(9, ("g", "h", "i")), **words), delivered=delivered)
    assert not joins(plan, position, tied(3, "ghi", total=9), known(position))


# ------------------------------------------------------------------------------------------ which page is asked instead


def test_each_step_back_looks_further_up_and_forgets_what_was_asked_ahead():
    position, overlaps = down_to(13), []
    position = replace(position, place=replace(position.place, reached=900))
    for _ in range(4):
        step = step_back(PLAN, position)
        assert (step.records, step.flush, step.position.doubts.is_stepping_back) == ([], True, True)
        position = step.position
        place = position.place
        overlaps.append(place.overlap)
        assert (place.number - 1) * (place.asked or place.size) <= place.reached - place.overlap
    assert overlaps == [8, 32, 128, 512]


def test_a_page_is_used_though_it_does_not_join_on_after_so_many_steps_back():
    below = page(2, range(11, 5, -1), 20, asked=6)
    position = down_to(13, fruitless=FRUITLESS_STEPS - 1)
    assert look_again(PLAN, position, below, known(position)).position.doubts.fruitless == FRUITLESS_STEPS
    position = down_to(13, fruitless=FRUITLESS_STEPS)
    assert look_again(PLAN, position, below, known(position)) is None
    assert absorb(PLAN, position, below, known(position)).position.doubts.is_unproven


@pytest.mark.parametrize("word", ["is_unproven", "has_gap"])
def test_once_the_count_alone_can_tell_no_page_needs_to_join_on(word):
    position = down_to(13, **{word: True})
    assert look_again(PLAN, position, page(2, range(9, 3, -1), 20, asked=6), known(position)) is None


# ------------------------------------------------------------------------------------------ pages of one size


def fixed(**words):
    position = down_to(13, **words)
    return replace(position, place=replace(position.place, asked=None))


@pytest.mark.parametrize("total", [None, 20, 21])
def test_a_page_whose_size_cannot_be_chosen_raises_no_doubt_while_the_total_has_not_fallen(total):
    assert look_again(FIXED, fixed(), page(2, range(12, 4, -1), total), known(fixed())) is None


def test_where_the_size_of_a_page_cannot_be_chosen_the_page_before_is_asked():
    step = look_again(FIXED, fixed(), page(2, range(11, 3, -1), 19), known(fixed()))
    assert (step.position.place.number, step.position.place.asked, step.flush) == (1, None, True)


@pytest.mark.parametrize("total", [None, 21])
def test_a_page_asked_ahead_is_asked_again_unless_its_total_is_that_of_the_page_before(total):
    step = look_again(FIXED, fixed(), page(2, range(12, 4, -1), total, in_turn=False), known(fixed()))
    assert (step.flush, step.records, step.position.place.number) == (True, [], 2)
    again = look_again(FIXED, fixed(), page(2, range(12, 4, -1), 20, in_turn=False), known(fixed()))
    assert again is None


# ------------------------------------------------------------------------------------------ without an order


@pytest.mark.parametrize("ordered_pages", [0, 2])
def test_a_stream_without_order_that_is_longer_than_the_window_delivers_none_twice(monkeypatch, ordered_pages):
    """The order may be lost later on: what had left the window is known again."""
    monkeypatch.setattr(identities, "WINDOW", 8)
    pages = [list(range(59 - 8 * index, 51 - 8 * index, -1)) for index in range(6)]
    for one in pages[ordered_pages:]:
        one.reverse()
    pages.append([*pages[0][:4], 1, 2, 3, 4])  # met again, six pages later
    position = start(FIXED, None)
    seen, delivered = seen_before(position), []
    for number, numbers in enumerate(pages, start=1):
        step = absorb(FIXED, position, page(number, numbers), seen)
        delivered += [record["id"] for record in step.records]
        position = step.position
    assert len(delivered) == len(set(delivered)) == 52
    assert not position.delivered.ordered

"""A page must overlap with what was delivered; where it may not, another page is asked, and the right one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from custify_connector.reading.overlap import CAUTIOUS_PAGES, FRUITLESS_STEPS, look_again
from custify_connector.reading.page import Page
from custify_connector.reading.paging import absorb
from custify_connector.reading.plan import read_plan
from custify_connector.reading.position import Bridge, Delivered, Doubts, Place, Position, seen_before, start
from custify_connector.records import identities
from custify_connector.records.identities import identities_of

MANUAL = {
    "request": {"path": "/thing"},
    "records": ["things"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 8},
    "key": [["id"]],
    "order": {"field": "created_at", "query": {"sort": "created_at"}},
}
PLAN = read_plan(MANUAL)


def page(number, numbers, total=None, **words):
    """Return a page of records, each named by the second in which it was created."""
    records = [{"id": f"{one:02}", "created_at": f"2026-01-01T00:00:{one:02}Z"} for one in numbers]
    return Page(number, records, identities_of(records, PLAN.key), total, **words)


def down_to(edge, **words):
    """Return the position after a first page of 8, with the records down to `edge`, of 20."""
    tail = tuple(f"{one:02}" for one in range(edge + 7, edge - 1, -1))
    date = f"2026-01-01T00:00:{edge:02}Z"
    return Position(Place(2, 8, 20, 8, 8), Delivered(edge=date, tail=tail), Doubts(**words))


def test_the_worked_example_of_the_package_asks_these_pages_and_delivers_these_records():
    answers = [
        page(1, range(20, 12, -1), 20),
        page(2, range(11, 3, -1), 19),  # 18 was deleted, and 12 moved to the first page
        page(1, range(14, 9, -1), 19),  # the bridging page
        page(3, range(3, 0, -1), 19),
        page(4, [], None),
    ]
    position, asked, steps = start(PLAN, None), [], []
    seen = seen_before(position)
    for answer in answers:
        place = position.place
        bridge = position.doubts.bridge or Bridge(place.number, place.size)
        asked.append((bridge.number, bridge.size))
        assert answer.number == place.number
        step = absorb(PLAN, position, answer, seen)
        steps.append([int(record["id"]) for record in step.records])
        position = step.position
    assert asked == [(1, 8), (2, 8), (2, 5), (3, 8), (4, 8)]
    assert steps == [[*range(20, 12, -1)], [], [*range(12, 3, -1)], [3, 2, 1], []]
    assert step.done


# ------------------------------------------------------------------------------------------ which page raises a doubt


@pytest.mark.parametrize("doubts", [{}, {"is_stepping_back": True}, {"is_resumed": True}], ids=str)
def test_the_first_page_of_all_needs_no_overlap(doubts):
    first = page(1, range(9, 1, -1), 19)
    assert look_again(PLAN, down_to(13, **doubts), first) is None


@pytest.mark.parametrize("doubts", [{}, {"is_stepping_back": True}, {"is_resumed": True}], ids=str)
def test_where_nothing_was_delivered_there_is_nothing_to_overlap_with(doubts):
    position = Position(Place(2, 8, 20), doubts=Doubts(**doubts))
    assert look_again(PLAN, position, page(2, range(9, 1, -1), 19)) is None


@pytest.mark.parametrize("known", [{"edge": "2026-01-01T00:00:13Z"}, {"tail": ("13",)}], ids=str)
def test_an_edge_or_a_known_identity_is_enough_to_ask_for_an_overlap(known):
    position = Position(Place(2, 8, 20), Delivered(**known), Doubts(is_resumed=True))
    step = look_again(PLAN, position, page(2, range(9, 1, -1), 20))
    assert (step.position.place.number, step.position.doubts.bridge, step.records, step.flush) == (1, None, [], True)


@pytest.mark.parametrize("word", ["is_stepping_back", "is_resumed"])
def test_a_read_that_looks_for_an_overlap_steps_back_until_there_is_one(word):
    position = down_to(13, **{word: True})
    apart = look_again(PLAN, replace(position, place=replace(position.place, number=5)), page(5, range(9, 1, -1), 20))
    assert (apart.position.place.number, apart.position.doubts.is_stepping_back) == (4, True)
    assert look_again(PLAN, position, page(2, range(13, 5, -1), 20)) is None, "13 was delivered"
    assert look_again(PLAN, position, page(2, [30, 29], 20)) is None, "newer than the edge"


def test_a_page_at_the_edge_overlaps_only_where_nothing_of_its_date_was_delivered():
    edge = "2026-01-01T00:00:13Z"
    position = Position(Place(2, 8, 20), Delivered(edge=edge), Doubts(is_resumed=True))
    assert look_again(PLAN, position, page(2, [13, 12], 20)) is None
    known = replace(position, delivered=Delivered(edge=edge, tail=("another of that date",)))
    assert look_again(PLAN, known, page(2, [13, 12], 20)).position.place.number == 1
    unordered = replace(position, delivered=Delivered(ordered=False, edge=edge))
    assert look_again(PLAN, unordered, page(2, [13, 12], 20)).position.place.number == 1


def test_a_total_that_fell_bridges_the_border_unless_steps_back_have_been_fruitless():
    below = page(2, range(11, 3, -1), 19)
    step = look_again(PLAN, down_to(13), below)
    assert step.position.doubts == Doubts(
        is_stepping_back=True, bridge=Bridge(2, 5), held=below, cautious_pages=CAUTIOUS_PAGES
    )
    assert look_again(PLAN, down_to(13, fruitless=FRUITLESS_STEPS), below) is None
    assert look_again(PLAN, down_to(13, fruitless=FRUITLESS_STEPS - 1), below) is not None


@pytest.mark.parametrize("total", [None, 20, 21])
def test_a_page_asked_in_turn_raises_no_doubt_while_the_total_has_not_fallen(total):
    assert look_again(PLAN, down_to(13), page(2, range(12, 4, -1), total)) is None


@pytest.mark.parametrize("total", [None, 21])
def test_a_page_asked_ahead_is_asked_again_unless_its_total_is_that_of_the_page_before(total):
    step = look_again(PLAN, down_to(13), page(2, range(12, 4, -1), total, in_turn=False))
    assert (step.flush, step.records, step.position.place.number) == (True, [], 2)
    assert step.position.doubts == Doubts(cautious_pages=CAUTIOUS_PAGES)
    assert look_again(PLAN, down_to(13), page(2, range(12, 4, -1), 20, in_turn=False)) is None


def test_records_that_come_again_though_the_count_stood_still_are_looked_at_once():
    """As many as came again are missing: those of one date changed places."""
    again = page(2, range(13, 5, -1), 20)
    step = look_again(PLAN, down_to(13), again)
    assert (step.position.doubts.held, step.position.doubts.bridge) == (again, Bridge(2, 5))
    assert look_again(PLAN, down_to(13, fruitless=1), again) is None, "looked at already"
    assert look_again(PLAN, down_to(13, total_moved=True), again) is None, "newcomers pushed them here"
    assert look_again(PLAN, down_to(13), replace(again, total=21)) is None, "the same"
    assert look_again(PLAN, down_to(13), replace(again, total=None)) is None, "nothing counts them"
    more = down_to(13)
    more = replace(more, place=replace(more.place, collected=9))
    assert look_again(PLAN, more, again) is None, "none is missing"


# ------------------------------------------------------------------------------------------ the bridging page


@pytest.mark.parametrize(
    ("size", "border", "bridge"),
    [
        (3, 2, None),
        (4, 2, Bridge(2, 3)),
        (8, 2, Bridge(2, 5)),
        (8, 3, Bridge(3, 6)),
        (10, 2, Bridge(2, 7)),
        (200, 2, Bridge(2, 133)),
        (4, 4, None),
    ],
)
def test_the_bridging_page_reaches_furthest_to_both_sides_of_the_border(size, border, bridge):
    position = replace(down_to(13), place=Place(border, size, 900, (border - 1) * size, size))
    step = look_again(PLAN, position, page(border, range(11, 3, -1), 899))
    assert (step.position.doubts.bridge, step.position.place.number) == (bridge, border - 1)
    if bridge:
        above = (border - 1) * size - (bridge.number - 1) * bridge.size
        assert 0 < above < bridge.size, "it has records on both sides"


def test_where_the_size_of_a_page_cannot_be_chosen_the_page_before_is_asked():
    manual = {**MANUAL, "page": {"parameter": "page", "size": 8}}
    step = look_again(read_plan(manual), down_to(13), page(2, range(11, 3, -1), 19))
    assert (step.position.doubts.bridge, step.position.place.number) == (None, 1)


# ------------------------------------------------------------------------------------------ without an order


@pytest.mark.parametrize("ordered_pages", [0, 2])
def test_a_stream_without_order_that_is_longer_than_the_window_delivers_none_twice(monkeypatch, ordered_pages):
    """The order may be lost later on: from there, nothing is forgotten."""
    monkeypatch.setattr(identities, "WINDOW", 8)
    pages = [list(range(59 - 8 * index, 51 - 8 * index, -1)) for index in range(6)]
    for one in pages[ordered_pages:]:
        one.reverse()
    pages.append([*pages[ordered_pages][:4], 1, 2, 3, 4])  # met again, six pages later
    position = start(PLAN, None)
    seen, delivered = seen_before(position), []
    for number, numbers in enumerate(pages, start=1):
        step = absorb(PLAN, position, page(number, numbers), seen)
        delivered += [record["id"] for record in step.records]
        position = step.position
    assert len(delivered) == len(set(delivered)) == 52
    assert not position.delivered.ordered

"""Reading is pure: pages in, steps out. A model server stands in for Custify, with drift between its answers."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from custify_connector.reading import paging
from custify_connector.reading.overlap import CAUTIOUS_PAGES
from custify_connector.reading.page import Page
from custify_connector.reading.paging import absorb, shortfall, within
from custify_connector.reading.plan import ReadPlan, read_plan
from custify_connector.reading.position import Bridge, Delivered, Doubts, Place, Position, seen_before, start
from custify_connector.records.identities import identities_of

MANUAL = {
    "stream": "things",
    "request": {"path": "/thing"},
    "records": ["things"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 10},
    "key": [["id"]],
    "order": {"field": "created_at", "direction": "desc", "query": {"sort": "created_at"}},
}
PLAN = read_plan(MANUAL)


def record(number: int) -> dict[str, object]:
    return {
        "id": f"r{number}",
        "created_at": f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}Z",
    }


class Model:
    """A server that answers pages of a list, newest first, and changes between answers."""

    def __init__(self, size: int, *, cap: int = 10, total=len, cap_style: str = "clamp") -> None:
        self.rows = [record(number) for number in range(size)]
        self.cap, self.total, self.cap_style = cap, total, cap_style
        self.next = size
        self.asked = 0

    def page(self, number: int, asked: int) -> Page:
        """Answer one page."""
        self.asked += 1
        size = min(asked, self.cap)
        step = size if self.cap_style == "clamp" else asked
        ordered = sorted(self.rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)
        records = ordered[(number - 1) * step : (number - 1) * step + size]
        total = len(records) if self.total is None else self.total(self.rows)
        return Page(number, records, identities_of(records, PLAN.key), total)

    def create(self) -> None:
        """Add the newest record."""
        self.rows.append(record(self.next))
        self.next += 1

    def delete(self, index: int) -> None:
        """Take a record away."""
        del self.rows[index % len(self.rows)]


def read(model: Model, plan: ReadPlan = PLAN, between=lambda: None, most: int = 500):
    """Read everything, one page after another; returns the delivered ids."""
    position, delivered = start(plan, None), []
    seen = seen_before(position)
    for _ in range(most):
        step = absorb(plan, position, model.page(position.place.number, position.place.size), seen)
        delivered += [row["id"] for row in step.records]
        position = step.position
        if step.done:
            return delivered
        between()
    raise AssertionError("the read does not end")


TOTALS = {
    "right": len,
    "missing": lambda _: None,
    "low": lambda rows: max(0, len(rows) - 7),
    "high": lambda rows: len(rows) + 7,
    "zero": lambda _: 0,
    "of what is shown": None,
}
SIZES, CAPS = (0, 1, 9, 10, 11, 19, 20, 21, 30, 199), (3, 7, 10, 20)


@pytest.mark.parametrize("cap_style", ["clamp", "offset"])
@pytest.mark.parametrize("total", TOTALS)
def test_every_record_comes_once_whatever_the_cap_and_the_total(total, cap_style, subtests):
    for size, cap in itertools.product(SIZES, CAPS):
        with subtests.test(size=size, cap=cap):
            model = Model(size, cap=cap, cap_style=cap_style, total=TOTALS[total])
            assert sorted(read(model)) == sorted(row["id"] for row in model.rows)


@settings(max_examples=300, deadline=None)
@example(21, [("n", 0), ("d", 1), ("c", 0), ("d", 1)])
@example(21, [("n", 0), ("d", 0), ("c", 0)])
@given(st.integers(0, 80), st.lists(st.tuples(st.sampled_from("cdn"), st.integers(0, 1000)), max_size=60))
def test_no_record_that_stays_is_lost_and_none_comes_twice_while_others_come_and_go(size, events):
    """Law: with totals that are right, creates and deletes between answers lose and double nothing."""
    model = Model(size)
    before = {row["id"] for row in model.rows}
    changes = iter(events)

    def between() -> None:
        kind, index = next(changes, ("n", 0))
        if kind == "c":
            model.create()
        elif kind == "d" and model.rows:
            model.delete(index)

    delivered = read(model, between=between)
    assert len(delivered) == len(set(delivered))
    assert before & {row["id"] for row in model.rows} <= set(delivered)


def test_a_delete_before_every_answer_is_survived_without_a_storm_of_requests():
    chance = random.Random(7)  # noqa: S311 - the same deletions at every run
    model = Model(300)
    before = {row["id"] for row in model.rows}
    delivered = read(model, between=lambda: model.rows and model.delete(chance.randrange(len(model.rows))))
    assert before & {row["id"] for row in model.rows} <= set(delivered)
    assert model.asked <= 6 * 30


TIED = {**MANUAL, "mode": "incremental", "incremental": {"cursor": "created_at", "query": {"sort": "created_at"}}}


@pytest.mark.parametrize("floor", [None, "2026-01-01T00:00:00Z"], ids=["full", "incremental"])
@pytest.mark.parametrize("group", [2, 3])
@pytest.mark.parametrize("size", [29, 100, 101])
def test_records_of_one_date_that_change_places_at_each_answer_all_come(floor, group, size):
    """Where a date is shared by few records, as many as a bridging page shows on either side of a border."""
    rows = [record(number // group) | {"id": f"r{number}"} for number in range(size)]
    for seed in range(30):
        chance = random.Random(seed)  # noqa: S311 - the same disorder at every run
        plan = read_plan(TIED)
        position, delivered = start(plan, floor), []
        seen = seen_before(position)
        for _ in range(60):
            asked = position.doubts.bridge or Bridge(position.place.number, position.place.size)
            shuffled = sorted(chance.sample(rows, size), key=lambda row: row["created_at"], reverse=True)
            shown = shuffled[(asked.number - 1) * asked.size : asked.number * asked.size]
            page = Page(position.place.number, shown, identities_of(shown, plan.key), size)
            step = absorb(plan, position, page, seen)
            delivered += [row["id"] for row in step.records]
            position = step.position
            if step.done:
                break
        assert sorted(delivered) == sorted(row["id"] for row in rows)


def test_a_service_that_ignores_the_order_loses_nothing():
    """Then every identity is remembered, and a resumed read goes by identities alone."""
    model = Model(95)
    shuffled = random.Random(3).sample(model.rows, 95)  # noqa: S311 - one disorder, always the same

    def page(number: int, size: int) -> Page:
        records = shuffled[(number - 1) * size : number * size]
        return Page(number, records, identities_of(records, PLAN.key), 95)

    model.page = page
    assert sorted(read(model)) == sorted(row["id"] for row in model.rows)


@pytest.mark.parametrize(("bound", "asked"), [(None, 2), ({"id": "c"}, 1)])
def test_a_small_first_page_is_asked_for_one_more_unless_it_is_a_parents(bound, asked):
    """A parent's list is small or empty as a rule: there are many of them, and each would cost a request more."""
    model = Model(4)
    read(model, replace(PLAN, bound=bound))
    assert model.asked == asked


def test_a_service_that_answers_the_same_page_over_and_over_ends_the_read():
    model = Model(10, total=lambda _rows: None)
    same = model.page(1, 10)
    model.page = lambda number, _size: replace(same, number=number)
    assert len(read(model)) == 10


def test_a_limit_makes_the_first_page_no_larger_than_needed():
    plan = read_plan({**MANUAL, "limit": 3})
    assert start(plan, None).place.size == 3


def test_a_total_that_moved_makes_a_page_asked_ahead_worthless():
    """A page that was asked before the one in front of it was answered may be older than it."""
    model = Model(50)
    position = start(PLAN, None)
    seen = seen_before(position)
    step = absorb(PLAN, position, model.page(1, 10), seen)
    early = replace(model.page(2, 10), total=51, in_turn=False)
    again = absorb(PLAN, step.position, early, seen)
    assert (again.flush, again.records, again.position.place.number) == (True, [], 2)


def test_a_cut_step_asks_the_rest_of_its_page_again():
    model = Model(10)
    position = start(PLAN, None)
    step = within(PLAN, absorb(PLAN, position, model.page(1, 10), seen_before(position)), 4)
    assert len(step.records) == 4
    resumed = replace(step.position, place=replace(step.position.place, number=1), doubts=Doubts(is_resumed=True))
    rest = absorb(PLAN, resumed, model.page(1, 10), seen_before(resumed))
    assert [row["id"] for row in step.records + rest.records] == [row["id"] for row in reversed(model.rows)]


INCREMENTAL = read_plan(
    {
        **MANUAL,
        "mode": "incremental",
        "request": {"path": "/thing", "query": {"filters": [{"fieldName": "churned"}]}},
        "incremental": {"cursor": "updated_at", "query": {"sort": "updated_at"}, "narrow": "entity_filter"},
    }
)


def test_an_incremental_read_stops_below_its_cursor_and_keeps_what_equals_it():
    position = start(INCREMENTAL, "2026-03-10T00:00:00Z")
    days = ["2026-03-12", "2026-03-10", "2026-03-09"]
    rows = [{"id": day, "updated_at": f"{day}T00:00:00Z"} for day in days]
    step = absorb(INCREMENTAL, position, Page(1, rows, days, 500), seen_before(position))
    assert ([row["id"] for row in step.records], step.done) == (days[:2], True)


def test_an_incremental_read_without_an_order_reads_on():
    position = start(INCREMENTAL, "2026-03-10T00:00:00Z")
    days = ["2026-03-09", "2026-03-12"]
    rows = [{"id": day, "updated_at": f"{day}T00:00:00Z"} for day in days]
    step = absorb(INCREMENTAL, position, Page(1, rows, days, 500), seen_before(position))
    assert ([row["id"] for row in step.records], step.done) == (["2026-03-12"], False)


# ------------------------------------------------------------------------------------------------- what a page leaves


def things(*numbers: int) -> list[dict[str, object]]:
    return [record(number) for number in numbers]


def page(number: int, records: list[dict[str, object]], total: int | None = None) -> Page:
    return Page(number, records, identities_of(records, PLAN.key), total)


def after(*pages: Page, plan: ReadPlan = PLAN) -> Position:
    """Return the position after pages that follow each other."""
    position = start(plan, None)
    seen = seen_before(position)
    for one in pages:
        position = absorb(plan, position, one, seen).position
    return position


FIRST = page(1, things(*range(99, 89, -1)), 100)


def test_a_page_moves_every_part_of_the_position():
    position = after(FIRST, page(2, things(*range(89, 79, -1)), 100))
    names = tuple(f"r{number}" for number in range(89, 79, -1))
    assert position.place == Place(3, 10, 100, 20, 10)
    assert position.delivered == Delivered(
        top=record(89)["created_at"], edge=record(80)["created_at"], tail=names, previous=names
    )
    assert position.doubts == Doubts()


def test_a_total_that_moved_makes_the_next_pages_cautious_one_less_with_each():
    position = after(FIRST, page(2, things(*range(90, 80, -1)), 101))
    assert position.doubts == Doubts(cautious_pages=CAUTIOUS_PAGES, total_moved=True)
    position = absorb(PLAN, position, page(3, things(*range(80, 70, -1)), 101), seen_before(position)).position
    assert position.doubts == Doubts(cautious_pages=CAUTIOUS_PAGES - 1, total_moved=True)


@pytest.mark.parametrize(("size", "count", "known"), [(3, 9, 9), (5, 10, 5)])
def test_few_records_are_all_known_until_ten_prove_the_order(size, count, known):
    """Nine are too few, and all are kept; of ten, only what may be at the edge."""
    small = read_plan({**MANUAL, "page": {**MANUAL["page"], "size": size}})
    rows = things(*range(99, 99 - count, -1))
    pages = [page(1 + index // size, rows[index : index + size]) for index in range(0, count, size)]
    assert len(after(*pages, plan=small).delivered.tail) == known


def test_records_of_the_edges_date_are_all_known_up_to_a_bound(monkeypatch):
    tied = [{**one, "created_at": record(50)["created_at"]} for one in things(*range(40))]
    pages = [FIRST, *(page(2 + index, tied[10 * index : 10 * index + 10]) for index in range(4))]
    assert len(after(*pages).delivered.tail) == 40
    monkeypatch.setattr(paging, "TIED_KEPT", 25)
    assert after(*pages).delivered.tail == tuple(one["id"] for one in tied[15:])


def test_a_page_that_newcomers_pushed_above_the_edge_leaves_the_edge_as_it_is():
    position = after(FIRST, page(2, things(*range(89, 79, -1)), 100))
    resumed = replace(position, doubts=Doubts(is_resumed=True))
    pushed = absorb(PLAN, resumed, page(2, things(*range(99, 89, -1)), 110), seen_before(resumed)).position
    assert (pushed.delivered.edge, pushed.delivered.tail) == (position.delivered.edge, position.delivered.tail)
    assert pushed.place.number == 3


def test_the_last_page_met_again_ends_the_read_unless_the_total_moved():
    position = after(FIRST)
    again = absorb(PLAN, position, replace(FIRST, number=2), seen_before(position))
    assert (again.done, again.records) == (True, [])
    pushed = absorb(PLAN, position, replace(FIRST, number=2, total=110), seen_before(position))
    assert (pushed.done, pushed.records, pushed.position.place) == (
        False,
        [],
        replace(position.place, number=3, total=110),
    )


@pytest.mark.parametrize(("total", "done", "number"), [(None, True, 2), (10, True, 2), (30, False, 1)])
def test_an_empty_page_is_the_end_unless_records_are_missing_and_is_doubted_once(total, done, number):
    position = after(replace(FIRST, total=total))
    step = absorb(PLAN, position, page(2, []), seen_before(position))
    assert (step.done, step.position.place.number, step.flush) == (done, number, not done)
    checked = replace(position, doubts=Doubts(end_checked=True))
    assert absorb(PLAN, checked, page(2, []), seen_before(position)).done


def test_a_first_page_that_is_empty_is_the_end():
    assert absorb(PLAN, start(PLAN, None), page(1, [], 5), seen_before(start(PLAN, None))).done


def test_an_empty_bridging_page_is_followed_by_the_whole_page():
    position = replace(after(FIRST), doubts=Doubts(is_stepping_back=True, bridge=Bridge(2, 7), held=FIRST))
    step = absorb(PLAN, position, page(1, []), seen_before(position))
    assert (step.done, step.position.place.number, step.position.doubts.bridge) == (False, 1, None)
    assert step.position.doubts.held == FIRST


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ({}, 90),
        ({"doubts": Doubts(total_moved=True)}, 0),
        ({"floor": "2026-01-01T00:00:00Z"}, 0),
        ({"place": Place(2, 10, None, 10)}, 0),
        ({"place": Place(2, 10, 9, 10)}, 0),
        ({"place": Place(2, 10, 11, 10)}, 1),
    ],
    ids=str,
)
def test_a_total_that_stood_still_says_how_many_never_came(words, missing):
    position = replace(after(FIRST), **words)
    assert shortfall(PLAN, position) == missing
    part = read_plan({**MANUAL, "slice": {"start": None, "end": None, "page": 1, "pages": 1}})
    assert shortfall(part, position) == 0


def test_a_step_of_exactly_the_limit_is_not_cut():
    step = absorb(PLAN, start(PLAN, None), FIRST, seen_before(start(PLAN, None)))
    assert within(PLAN, step, 10) is step
    cut = within(PLAN, replace(step, done=True, flush=True), 9)
    assert (len(cut.records), cut.done, cut.flush) == (9, False, True)
    assert (cut.position.place.collected, cut.position.delivered.edge) == (9, record(91)["created_at"])
    assert cut.position.delivered.tail == step.position.delivered.tail[:9]


@pytest.mark.parametrize(
    ("lower", "upper", "kept"),
    [(None, None, [3, 2, 1, None]), (1, None, [3, 2, 1]), (2, 3, [2]), (None, 3, [2, 1, None])],
)
def test_a_slice_keeps_its_lower_bound_and_the_last_one_what_has_no_date(lower, upper, kept):
    date = {None: None, **{number: record(number)["created_at"] for number in (1, 2, 3)}}
    part = read_plan({**MANUAL, "slice": {"start": date[lower], "end": date[upper], "page": 1, "pages": 1}})
    rows = [*things(3, 2, 1), {"id": "undated"}]
    step = absorb(part, start(part, None), page(1, rows, 100), seen_before(start(part, None)))
    assert [row.get("created_at") for row in step.records] == [date[number] for number in kept]


@pytest.mark.parametrize(("lower", "done"), [(2, True), (1, False)])
def test_a_slice_ends_below_its_lower_bound(lower, done):
    part = read_plan({**MANUAL, "slice": {"start": record(lower)["created_at"], "end": None, "page": 1, "pages": 9}})
    step = absorb(part, start(part, None), page(1, things(9, 8, 1), 100), seen_before(start(part, None)))
    assert step.done is done


def test_a_stream_without_pages_is_whole_with_its_one_answer():
    alone = read_plan({**MANUAL, "page": None})
    step = absorb(alone, start(alone, None), page(1, things(3, 2, 1)), seen_before(start(alone, None)))
    assert ([row["id"] for row in step.records], step.done) == (["r3", "r2", "r1"], True)
    assert step.position.place == Place(2, None, collected=3, fullest=3)

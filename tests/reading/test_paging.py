"""Reading is pure: pages in, steps out. A model server stands in for Custify, with drift between its answers."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from custify_connector.reading import paging as reading
from custify_connector.reading.paging import Page, absorb, ahead, request, seen_before, start, within
from custify_connector.reading.plan import ReadPlan, read_plan
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
        step = absorb(plan, position, model.page(position.number, position.size), seen)
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
    """Where a date is shared by few records, as many as a page astride a border shows on either side of it."""
    rows = [record(number // group) | {"id": f"r{number}"} for number in range(size)]
    for seed in range(30):
        chance = random.Random(seed)  # noqa: S311 - the same disorder at every run
        plan = read_plan(TIED)
        position, delivered = start(plan, floor), []
        seen = seen_before(position)
        for _ in range(60):
            asked = position.astride or reading.Astride(position.number, position.size)
            shuffled = sorted(chance.sample(rows, size), key=lambda row: row["created_at"], reverse=True)
            shown = shuffled[(asked.number - 1) * asked.size : asked.number * asked.size]
            page = Page(position.number, shown, identities_of(shown, plan.key), size)
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


def test_the_first_request_asks_the_largest_page_and_the_order():
    assert dict(request(PLAN, start(PLAN, None), 1).query) == {"sort": "created_at", "page": "1", "itemsPerPage": "10"}


def test_a_limit_makes_the_first_page_no_larger_than_needed():
    plan = read_plan({**MANUAL, "limit": 3})
    assert start(plan, None).size == 3


def test_pages_are_asked_ahead_up_to_the_last_that_the_total_promises():
    position = replace(start(PLAN, None), number=2, total=35)
    assert list(ahead(PLAN, position, 8)) == [2, 3, 4]
    assert list(ahead(PLAN, replace(position, number=5), 8)) == [5]
    assert list(ahead(PLAN, replace(position, total=None), 8)) == [2]
    assert list(ahead(PLAN, replace(position, retreating=True), 8)) == [2]
    assert list(ahead(read_plan({**MANUAL, "limit": 12}), position, 8)) == [2]


def test_a_total_that_moved_makes_a_page_asked_ahead_worthless():
    """A page that was asked before the one in front of it was answered may be older than it."""
    model = Model(50)
    position = start(PLAN, None)
    seen = seen_before(position)
    step = absorb(PLAN, position, model.page(1, 10), seen)
    early = replace(model.page(2, 10), total=51, after=False)
    again = absorb(PLAN, step.position, early, seen)
    assert (again.flush, again.records, again.position.number) == (True, [], 2)


def test_a_cut_step_asks_the_rest_of_its_page_again():
    model = Model(10)
    position = start(PLAN, None)
    step = within(PLAN, absorb(PLAN, position, model.page(1, 10), seen_before(position)), 4)
    assert len(step.records) == 4
    resumed = replace(step.position, number=1, resumed_at=1)
    rest = absorb(PLAN, resumed, model.page(1, 10), seen_before(resumed))
    assert [row["id"] for row in step.records + rest.records] == [row["id"] for row in reversed(model.rows)]


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
    plainer = reading.concede(PLAN, position, status)
    assert (plainer.concessions[-1] if plainer else None) == gives_up
    if plainer:
        assert reading.concede(PLAN, plainer, status) is None
        assert "sort" not in dict(request(PLAN, plainer, 1).query)


INCREMENTAL = read_plan(
    {
        **MANUAL,
        "mode": "incremental",
        "request": {"path": "/thing", "query": {"filters": [{"fieldName": "churned"}]}},
        "incremental": {"cursor": "updated_at", "query": {"sort": "updated_at"}, "narrow": "entity_filter"},
    }
)


def test_an_incremental_read_asks_two_days_before_its_cursor_beside_the_users_own_filters():
    query = dict(request(INCREMENTAL, start(INCREMENTAL, "2026-03-10T12:00:00.000Z"), 1).query)
    assert query["sort"] == "updated_at"
    assert '"churned"' in query["filters"]
    assert '"2026-03-08"' in query["filters"]


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

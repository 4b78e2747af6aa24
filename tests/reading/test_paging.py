"""Reading is pure: pages in, steps out. A model server stands in for Custify, with drift between its answers."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from custify_connector.reading import gaps, paging
from custify_connector.reading.page import Page
from custify_connector.reading.paging import absorb, shortfall, within
from custify_connector.reading.plan import ReadPlan, read_plan
from custify_connector.reading.position import Delivered, Doubts, Place, Position, seen_before, start
from custify_connector.records.identities import Seen, identities_of

MANUAL = {
    "stream": "things",
    "request": {"path": "/thing"},
    "records": ["things"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 10},
    "key": [["id"]],
    "order": {"field": "created_at", "direction": "desc", "query": {"sort": "created_at"}},
}
WHOLE = read_plan(MANUAL)
PLAN = read_plan({**MANUAL, "request": {"path": "/thing", "query": {"status": "open"}}})
"""A filtered list: its pages overlap, however small they are."""

FIXED = read_plan({**MANUAL, "page": {"parameter": "page", "size": 10}})


def record(number: int) -> dict[str, object]:
    return {
        "id": f"r{number}",
        "created_at": f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z",
    }


class Model:
    """A server that answers pages of a list, newest first, and changes between answers."""

    def __init__(self, size: int, *, cap: int = 10, total=len, cap_style: str = "clamp") -> None:
        self.rows = [record(number) for number in range(size)]
        self.cap, self.total, self.cap_style = cap, total, cap_style
        self.next = size
        self.asked = 0

    def page(self, number: int, base: int, other: int | None = None) -> Page:
        """Answer one page."""
        self.asked += 1
        asked = other or base
        size = min(asked, self.cap)
        step = size if self.cap_style == "clamp" else asked
        ordered = sorted(self.rows, key=lambda row: (row["created_at"], row["id"]), reverse=True)
        records = ordered[(number - 1) * step : (number - 1) * step + size]
        total = len(records) if self.total is None else self.total(self.rows)
        return Page(number, records, identities_of(records, PLAN.key), total, asked=other)

    def create(self) -> None:
        """Add the newest record."""
        self.rows.append(record(self.next))
        self.next += 1

    def delete(self, index: int) -> None:
        """Take a record away."""
        del self.rows[index % len(self.rows)]


def read(model: Model, plan: ReadPlan = PLAN, between=lambda: None, most: int = 500):
    """Read everything, one page after another; returns the delivered ids."""
    return judged(model, plan, between, most)[0]


def judged(model: Model, plan: ReadPlan = PLAN, between=lambda: None, most: int = 500):
    """Read everything, one page after another; returns the delivered ids, and what is wrong with the read."""
    position, delivered = start(plan, None), []
    seen = seen_before(position)
    for _ in range(most):
        step = absorb(
            plan, position, model.page(position.place.number, position.place.size, position.place.asked), seen
        )
        delivered += [row["id"] for row in step.records]
        position = step.position
        if step.done:
            return delivered, shortfall(plan, position)
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
            came, reason = judged(model)
            assert sorted(came) == sorted(row["id"] for row in model.rows)
            assert bool(reason) is (total == "high") or cap < 10, "pages too small to overlap at each border"


@settings(max_examples=3 * settings.default.max_examples)
@example(21, [("n", 0), ("d", 1), ("c", 0), ("d", 1)], PLAN)
@example(21, [("n", 0), ("d", 0), ("c", 0)], PLAN)
@given(
    st.integers(0, 80),
    st.lists(st.tuples(st.sampled_from("cdn"), st.integers(0, 1000)), max_size=60),
    st.sampled_from([PLAN, WHOLE]),
)
def test_no_record_that_stays_is_lost_and_none_comes_twice_while_others_come_and_go(size, events, plan):
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

    delivered = read(model, plan, between=between)
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


@pytest.mark.parametrize("floor", [None, "2026-01-01T00:00:00.000Z"], ids=["full", "incremental"])
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
        for _ in range(400):
            place = position.place
            one = place.asked or place.size
            shuffled = sorted(chance.sample(rows, size), key=lambda row: row["created_at"], reverse=True)
            shown = shuffled[(place.number - 1) * one : place.number * one]
            page = Page(place.number, shown, identities_of(shown, plan.key), size, asked=place.asked)
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

    def page(number: int, base: int, other: int | None = None) -> Page:
        size = other or base
        records = shuffled[(number - 1) * size : number * size]
        return Page(number, records, identities_of(records, PLAN.key), 95, asked=other)

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
    model.page = lambda number, _size, other: replace(same, number=number, asked=other)
    assert len(read(model)) == 10


@pytest.mark.parametrize(("total", "is_short"), [(10, False), (None, False), (35, True)])
@pytest.mark.parametrize("plan", [PLAN, WHOLE, FIXED], ids=["filtered", "whole", "fixed"])
def test_a_service_that_answers_its_first_page_alone_is_short_of_what_it_counts(plan, total, is_short):
    first = page(1, [record(number) for number in range(9, -1, -1)], total)
    position, seen = start(plan, None), seen_before(start(plan, None))
    for _ in range(60):
        place = position.place
        step = absorb(plan, position, replace(first, number=place.number, asked=place.asked), seen)
        position = step.position
        if step.done:
            break
    assert step.done
    assert bool(shortfall(plan, position)) is is_short


def test_a_limit_makes_the_first_page_no_larger_than_needed():
    plan = read_plan({**MANUAL, "limit": 3})
    assert start(plan, None).place.size == 3


def test_a_total_that_moved_makes_a_page_of_one_size_asked_ahead_worthless():
    """A page that was asked before the one in front of it was answered may be older than it."""
    model = Model(50)
    position = start(FIXED, None)
    seen = seen_before(position)
    step = absorb(FIXED, position, model.page(1, 10), seen)
    early = replace(model.page(2, 10), total=51, in_turn=False)
    again = absorb(FIXED, step.position, early, seen)
    assert (again.flush, again.records, again.position.place.number) == (True, [], 2)


@pytest.mark.parametrize("plan", [PLAN, FIXED], ids=["any size", "one size"])
def test_a_list_that_became_shorter_is_looked_at_where_it_ends_now(plan):
    """Pages that were asked ahead counted more than is left: a step back from where they ended still lies below."""
    position = start(plan, None)
    position = replace(position, place=replace(position.place, number=12, reached=115, total=118, collected=115))
    for left in (110, 83, 41):
        begun = (position.place.number - 1) * (position.place.asked or 10)
        empty = Page(position.place.number, [], [], left, asked=position.place.asked)
        position = absorb(plan, position, empty, seen_before(position)).position
        assert begun >= left > (position.place.number - 1) * (position.place.asked or 10)


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
    position = start(INCREMENTAL, "2026-03-10T00:00:00.000Z")
    days = ["2026-03-12", "2026-03-10", "2026-03-09"]
    rows = [{"id": day, "updated_at": f"{day}T00:00:00.000Z"} for day in days]
    step = absorb(INCREMENTAL, position, Page(1, rows, days, 500), seen_before(position))
    assert ([row["id"] for row in step.records], step.done) == (days[:2], False)
    assert (step.position.doubts.probe, step.position.fallbacks) == ("count", ("narrow",))
    checked = replace(position, doubts=Doubts(probe="none"))
    assert absorb(INCREMENTAL, checked, Page(1, rows, days, 500), seen_before(position)).done


def test_an_incremental_read_without_an_order_reads_on():
    position = start(INCREMENTAL, "2026-03-10T00:00:00.000Z")
    days = ["2026-03-09", "2026-03-12"]
    rows = [{"id": day, "updated_at": f"{day}T00:00:00.000Z"} for day in days]
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
SECOND = replace(page(2, things(*range(91, 83, -1)), 100), asked=8)


def test_a_page_moves_every_part_of_the_position():
    position = after(FIRST, SECOND)
    names = tuple(f"r{number}" for number in range(91, 83, -1))
    assert position.place == Place(3, 10, 100, 16, 10, asked=7, reached=16)
    assert position.delivered == Delivered(
        top=record(99)["created_at"], edge=record(84)["created_at"], tail=names, previous=names
    )
    assert position.doubts == Doubts(joined=2)


def test_a_total_that_moved_is_remembered():
    position = after(FIRST, replace(page(2, things(*range(92, 84, -1)), 101), asked=8))
    assert position.doubts == Doubts(total_moved=True, joined=2)


@pytest.mark.parametrize(("size", "count", "known"), [(3, 9, 9), (5, 10, 5)])
def test_few_records_are_all_known_until_ten_prove_the_order(size, count, known):
    """Nine are too few, and all are kept; of ten, only what may be at the edge."""
    small = read_plan({**MANUAL, "page": {"parameter": "page", "size": size}})
    rows = things(*range(99, 99 - count, -1))
    pages = [page(1 + index // size, rows[index : index + size]) for index in range(0, count, size)]
    assert len(after(*pages, plan=small).delivered.tail) == known


def test_records_of_the_edges_date_are_all_known_up_to_a_bound(monkeypatch):
    tied = [{**one, "created_at": record(50)["created_at"]} for one in things(*range(40))]
    pages = [FIRST, *(page(2 + index, tied[10 * index : 10 * index + 10]) for index in range(4))]
    assert len(after(*pages, plan=FIXED).delivered.tail) == 40
    monkeypatch.setattr(paging, "TIED_KEPT", 25)
    assert after(*pages, plan=FIXED).delivered.tail == tuple(one["id"] for one in tied[15:])


def test_a_page_that_newcomers_pushed_above_the_edge_leaves_the_edge_as_it_is():
    position = after(FIRST, SECOND)
    pushed = absorb(PLAN, position, replace(page(3, things(*range(98, 91, -1)), 115), asked=7), known()).position
    assert (pushed.delivered.edge, pushed.delivered.tail) == (position.delivered.edge, position.delivered.tail)
    assert pushed.place.reached == 21


def known():
    return Seen(ordered=True, identities=[f"r{number}" for number in range(84, 100)])


def test_a_page_that_comes_again_and_again_ends_the_read_unless_the_total_moves():
    position, seen = after(FIRST), known()
    step = absorb(PLAN, position, replace(FIRST, number=2, total=None), seen)
    assert (step.done, step.records) == (False, [])
    assert absorb(PLAN, step.position, replace(FIRST, number=3, total=None), seen).done
    assert not absorb(PLAN, step.position, replace(FIRST, number=3, total=110), seen).done


@pytest.mark.parametrize("total", [None, 10, 30])
def test_an_empty_page_that_should_share_records_is_doubted_once(total):
    position = after(replace(FIRST, total=total))
    step = absorb(PLAN, position, replace(page(2, []), asked=8), seen_before(position))
    assert (step.done, step.position.place.number, step.flush) == (False, 1, True)
    checked = replace(position, doubts=Doubts(end_checked=True))
    step = absorb(PLAN, checked, replace(page(2, []), asked=8), seen_before(position))
    assert (step.done, step.position.place.number, step.position.doubts.has_gap) == (False, 2, total == 30)


def test_below_a_gap_every_page_is_asked_that_the_total_promises():
    position = replace(after(replace(FIRST, total=45)), doubts=Doubts(end_checked=True))
    numbers, step = [], absorb(PLAN, position, page(2, []), seen_before(position))
    while not step.done:
        numbers.append(step.position.place.number)
        step = absorb(PLAN, step.position, page(numbers[-1], []), seen_before(position))
    assert numbers == [3, 4, 5]
    assert shortfall(PLAN, step.position) == "Custify counts 45 records, and 35 of them never came"


@pytest.mark.parametrize("plan", [PLAN, WHOLE])
def test_a_total_beyond_all_reason_is_not_looked_for_to_its_end(plan):
    model = Model(35, total=lambda _rows: 10**30)
    assert sorted(read(model, plan)) == sorted(row["id"] for row in model.rows)
    assert model.asked < gaps.EMPTY_PAGES + 20


def test_a_first_page_that_is_empty_and_counts_no_record_is_the_end():
    assert absorb(PLAN, start(PLAN, None), page(1, [], 0), seen_before(start(PLAN, None))).done


def test_a_first_page_that_is_empty_though_records_are_counted_is_doubted_and_then_a_gap():
    first = absorb(PLAN, start(PLAN, None), page(1, [], 5), seen_before(start(PLAN, None)))
    assert (first.done, first.position.place.number) == (False, 1)
    again = absorb(PLAN, first.position, page(1, [], 5), seen_before(first.position))
    assert again.done
    assert shortfall(PLAN, again.position) == "pages that should hold records were empty"


def test_an_account_that_grows_as_quickly_as_it_is_read_ends_the_read(monkeypatch):
    monkeypatch.setattr(paging, "IDLE_PAGES", 20)
    model = Model(50)
    with pytest.raises(AssertionError, match="does not end"):
        read(model, between=lambda: [model.create() for _ in range(9)], most=20)
    position = replace(after(FIRST), doubts=Doubts(idle=50))
    step = absorb(PLAN, position, SECOND, known())
    assert step.done
    assert shortfall(PLAN, step.position) == "the account grows as quickly as it is read, and the end was not reached"


NEVER = "Custify counts {} records, and {} of them never came"
NO_PROOF = "Custify kept no order while the account changed, and nothing shows that all records came"


@pytest.mark.parametrize(("reached", "is_short"), [(10, False), (20, True)])
def test_small_pages_of_a_whole_list_are_judged_by_the_count_once_there_is_more_than_one(reached, is_short):
    position = replace(after(FIRST), place=Place(2, 10, 20, 19, reached=reached))
    assert bool(shortfall(WHOLE, position)) is is_short


@pytest.mark.parametrize("cap", [1, 2, 3, 6, 10])
@pytest.mark.parametrize("size", [26, 199])
def test_small_pages_of_a_whole_list_cost_few_requests_more(size, cap):
    model = Model(size, cap=cap)
    assert sorted(read(model, WHOLE)) == sorted(row["id"] for row in model.rows)
    assert model.asked <= -(-size // cap) + 1


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ({}, None),
        ({"doubts": Doubts(has_gap=True)}, NEVER.format(100, 90)),
        ({"doubts": Doubts(has_gap=True), "place": Place(2, 10, 10, 10, reached=10)}, "pages that should hold"),
        ({"doubts": Doubts(is_unproven=True)}, NEVER.format(100, 90)),
        ({"doubts": Doubts(is_unproven=True), "place": Place(2, 10, 10, 10, reached=10)}, NO_PROOF),
        ({"doubts": Doubts(is_unproven=True), "place": Place(2, 2, 10, 10, reached=10)}, None),
        ({"doubts": Doubts(is_unproven=True), "place": Place(2, 10, None, 10, reached=10)}, NO_PROOF),
        ({"doubts": Doubts(is_unproven=True, total_moved=True)}, NO_PROOF),
        ({"doubts": Doubts(is_unproven=True), "floor": "2026-01-01T00:00:00.000Z"}, NO_PROOF),
        ({"place": Place(1, 10, 5, 0)}, NEVER.format(5, 5)),
        ({"place": Place(2, 2, 100, 10, reached=10)}, NEVER.format(100, 90)),
    ],
    ids=str,
)
def test_pages_that_join_on_have_lost_none_and_for_the_others_the_count_is_the_judge(words, reason):
    position = replace(after(FIRST), **words)
    assert (shortfall(PLAN, position) or "").startswith(reason or "")
    assert bool(shortfall(PLAN, position)) is bool(reason)


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


# ---------------------------------------------------------------------------------------- an empty page without a total

GAP = "pages that should hold records were empty"
NO_TOTAL = {"missing": lambda _: None, "zero": lambda _: 0, "of what is shown": None}


class Holed(Model):
    """A server without a total that shows nothing of a stretch of its list, for so many answers."""

    def __init__(self, size: int, hidden: range, *, total, times: int = 1000) -> None:
        super().__init__(size, total=total)
        self.hidden, self.times = hidden, times

    def page(self, number: int, base: int, other: int | None = None) -> Page:
        """Answer one page."""
        whole = super().page(number, base, other)
        places = itertools.count((number - 1) * (other or base))
        shown = [
            row for row, place in zip(whole.records, places, strict=False) if place not in self.hidden or not self.times
        ]
        self.times -= self.times > 0 and len(shown) < len(whole.records)
        total = len(shown) if self.total is None else whole.total
        return replace(whole, records=shown, identities=identities_of(shown, PLAN.key), total=total)


HOLES = st.tuples(st.integers(1, 9), st.integers(1, 2), st.integers(1, 40))


@pytest.mark.parametrize("plan", [PLAN, WHOLE, FIXED], ids=["filtered", "whole", "fixed"])
@pytest.mark.parametrize("total", NO_TOTAL)
@settings(max_examples=settings.default.max_examples // 4)
@given(HOLES, st.sampled_from([1, 1000]))
def test_an_empty_page_in_the_middle_is_not_taken_for_the_end_of_a_list_without_a_total(total, plan, hole, times):
    """Law: what lies below one or two empty pages comes; if they stay empty, the read is incomplete."""
    first, pages, below = hole
    hidden = range(first * 10, (first + pages) * 10)
    model = Holed(hidden.stop + below, hidden, total=NO_TOTAL[total], times=times if pages == 1 else 1000)
    came, reason = judged(model, plan)
    missing = hidden if model.times else ()
    assert sorted(came) == sorted(row["id"] for place, row in enumerate(reversed(model.rows)) if place not in missing)
    assert reason == (GAP if missing else None) or plan is FIXED, "nothing shows that such pages are whole"
    assert reason or not missing


@pytest.mark.parametrize("plan", [PLAN, WHOLE, FIXED], ids=["filtered", "whole", "fixed"])
def test_an_empty_first_page_is_not_taken_for_an_empty_list_without_a_total(plan):
    model = Holed(25, range(10), total=lambda _: None)
    came, reason = judged(model, plan)
    assert (len(came), reason) == (15, GAP)


@pytest.mark.parametrize("plan", [PLAN, WHOLE, FIXED], ids=["filtered", "whole", "fixed"])
@pytest.mark.parametrize("size", [0, 5, 10, 35, 40, 199])
def test_a_list_without_a_total_costs_a_few_requests_more(monkeypatch, plan, size):
    asked = []
    for monkeypatched in (gaps.PAGES_BELOW, 0):
        monkeypatch.setattr(gaps, "PAGES_BELOW", monkeypatched)
        model = Model(size, total=lambda _: None)
        assert len(judged(model, plan)[0]) == size
        asked.append(model.asked)
    assert asked[0] - asked[1] == 3


@pytest.mark.parametrize("size", [0, 5])
def test_a_small_part_of_a_stream_without_a_total_is_asked_for_as_before(size):
    part = replace(PLAN, bound={"thing": "r1"})
    model = Model(size, total=lambda _: None)
    assert len(judged(model, part)[0]) == size
    assert model.asked == 1 + bool(size)


def test_a_lookup_that_finds_nothing_is_asked_for_once():
    lookup = replace(PLAN, may_be_missing=True)
    model = Model(0, total=lambda _: None)
    assert (judged(model, lookup)[0], model.asked) == ([], 1)


def test_a_page_that_counts_less_than_the_one_above_it_twice_is_not_taken_for_the_end():
    """The total falls to what is shown, each time that page is asked."""
    model = Holed(65, range(30, 40), total=len)
    page_of = model.page
    model.page = lambda *window: replace(found := page_of(*window), total=65 if found.records else 30)
    came, reason = judged(model, FIXED)
    assert (len(came), reason) == (55, "Custify counts 65 records, and 10 of them never came")

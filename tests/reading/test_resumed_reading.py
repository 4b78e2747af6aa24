"""Laws of a read that is resumed from its states while others come, go and change: none twice, none lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from custify_connector.reading import state as states
from custify_connector.reading.page import Page
from custify_connector.reading.paging import absorb
from custify_connector.reading.plan import read_plan
from custify_connector.reading.position import seen_before
from custify_connector.records.identities import identities_of

MANUAL = {
    "stream": "things",
    "request": {"path": "/thing"},
    "records": ["things"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 10},
    "key": [["id"]],
    "order": {"field": "created_at", "direction": "desc", "query": {"sort": "created_at"}},
    "incremental": {"cursor": "updated_at", "query": {"sort": "updated_at"}},
}
FILTERED = {**MANUAL, "request": {"path": "/thing", "query": {"status": "open"}}}
DATE = {"full": "created_at", "filtered": "created_at", "incremental": "updated_at"}


def moment(number):
    """Return a date that is later the greater its number."""
    return f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}.000Z"


class Account:
    """Records of which `ties` share each date, shown newest first, in one order for equal dates."""

    def __init__(self, size, ties, mode):
        self.rows = [self._row(f"r{number:03}", number // ties) for number in range(size)]
        self.field = DATE[mode]
        self.now = 1000
        self.touched = set()

    @staticmethod
    def _row(name, number):
        return {"id": name, "created_at": moment(number), "updated_at": moment(number)}

    def page(self, position):
        """Answer what a position asks for."""
        number, size = position.place.number, position.place.asked or position.place.size
        ordered = sorted(sorted(self.rows, key=lambda row: row["id"]), key=lambda row: row[self.field], reverse=True)
        shown = [dict(row) for row in ordered[(number - 1) * size : number * size]]
        return Page(number, shown, identities_of(shown, (("id",),)), len(self.rows), asked=position.place.asked)

    def change(self, kind, index):
        """Create, delete or update a record."""
        self.now += index % 2
        if kind == "create":
            self.rows.append(self._row(f"n{self.now}-{len(self.rows)}-{index}", self.now))
        elif self.rows:
            row = self.rows[index % len(self.rows)]
            if kind == "delete":
                self.rows.remove(row)
            elif kind == "update":
                row["updated_at"] = moment(self.now)
                self.touched.add(row["id"])


def read(account, mode, events):
    """Read everything; a `resume` among the events starts again from the state, as another process would."""
    is_incremental = mode == "incremental"
    plan = read_plan(
        {**(FILTERED if mode == "filtered" else MANUAL), "mode": "incremental" if is_incremental else "full"}
    )
    head = {"version": 1, "stream": plan.stream, "for": plan.fingerprint}
    progress = states.resume(plan, {**head, "cursor": "2026-01-01T00:00:00.000Z"} if is_incremental else head)
    seen, delivered, rest = seen_before(progress.position), [], iter(events)
    for _ in range(500):
        step = absorb(plan, progress.position, account.page(progress.position), seen)
        delivered += [row["id"] for row in step.records]
        progress = replace(progress, started=moment(0), position=step.position)
        if step.done:
            return delivered
        for kind, index in next(rest, ()):
            # A state is handed out with records alone.
            if kind != "resume":
                account.change(kind, index)
            elif step.records:
                progress = states.resume(plan, states.under_way(plan, progress))
                seen = seen_before(progress.position)
    raise AssertionError("the read does not end")


KINDS = st.sampled_from(["resume", "create", "delete", "update"])
EVENTS = st.lists(st.lists(st.tuples(KINDS, st.integers(0, 200)), max_size=4), max_size=25)
NEWCOMERS = [[("resume", 0), ("create", 1)]] * 5


EMPTIED = [[("resume", 0), ("delete", 61), ("delete", 62)], [], [("delete", 50)]]
"""The page that a state leads back to is empty by then, and what was on it moved to the page above."""

SHRUNK = [[], [("delete", 197)], [("delete", 161)], [], [], [("delete", 73), ("delete", 168)], [], [("delete", 68)]]
SHRUNK += [[], [("delete", 55)], [("delete", 44)], [], [], [("delete", 16), ("delete", 20), ("delete", 135)]]
"""As many came as the service counts, since some of them left, and then the rest moves up from an emptied page."""


@pytest.mark.parametrize("mode", ["full", "filtered", "incremental"])
@settings(max_examples=3 * settings.default.max_examples)
@example(3, 1, NEWCOMERS)
@example(25, 3, [[("delete", 0), ("delete", 0)], [("delete", 9), ("resume", 0)], *NEWCOMERS])
@example(26, 1, [*EMPTIED, [("resume", 0), ("delete", 140), ("delete", 16), ("delete", 34)]])
@example(60, 3, SHRUNK)
@given(st.sampled_from([0, 3, 9, 10, 11, 25, 60]), st.sampled_from([1, 2, 3, 100]), EVENTS)
def test_a_read_that_is_resumed_anywhere_delivers_none_twice_and_loses_none_that_stays(mode, size, ties, events):
    account = Account(size, ties, mode)
    before = {row["id"] for row in account.rows}
    delivered = read(account, mode, events)
    assert len(delivered) == len(set(delivered))
    stayed = {row["id"] for row in account.rows} & before
    if mode == "incremental":
        # What changes during the read comes with the next one, which begins before this one did.
        stayed -= account.touched
    assert stayed <= set(delivered)


class CappedAccount(Account):
    """One whose pages hold at most `cap` records, and are counted so; `counted` returns the total beside a page."""

    def __init__(self, size, cap, counted):
        super().__init__(size, 1, "full")
        self.cap, self.counted = cap, counted

    def page(self, position):
        """Answer what a position asks for."""
        size = min(position.place.asked or position.place.size, self.cap)
        number, rows = position.place.number, self.rows[::-1]
        shown = [dict(row) for row in rows[(number - 1) * size : number * size]]
        total = self.counted(len(shown), len(rows))
        return Page(number, shown, identities_of(shown, (("id",),)), total, asked=position.place.asked)


RESUMES = st.lists(st.sampled_from([[], [("resume", 0)]]), max_size=25)
COUNTED = {"nothing": lambda *_: None, "all": lambda _, size: size, "what it shows": lambda shown, _: shown}


@pytest.mark.parametrize("counted", COUNTED)
@example(20, 7, [[("resume", 0)]])
@given(st.sampled_from([0, 3, 9, 10, 11, 25, 60]), st.integers(3, 9), RESUMES)
def test_a_read_of_capped_pages_that_is_resumed_anywhere_is_whole_whatever_they_count(counted, size, cap, events):
    delivered = read(CappedAccount(size, cap, COUNTED[counted]), "full", events)
    assert sorted(delivered) == sorted(row["id"] for row in Account(size, 1, "full").rows)

"""An incremental read looks at the end of the list for records without a readable date, and reads on to them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from custify_connector.reading.page import Page
from custify_connector.reading.paging import absorb
from custify_connector.reading.plan import read_plan
from custify_connector.reading.position import Delivered, Doubts, Place, Position, Step, seen_before, start
from custify_connector.reading.undated import looks_further, probed

FLOOR = "2026-03-10T00:00:00.000Z"
MANUAL = {
    "request": {"path": "/thing"},
    "records": ["things"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 10},
    "mode": "incremental",
    "incremental": {"cursor": "updated_at", "query": {"sort": "updated_at"}},
}
PLAN = read_plan(MANUAL)
NARROW = read_plan({**MANUAL, "incremental": {**MANUAL["incremental"], "narrow": "entity_filter"}})


def ended(total=95, reached=20, **words):
    return Step(
        [], Position(Place(3, 10, total, 20, 10, reached=reached), Delivered(), floor=FLOOR, **words), done=True
    )


def page(*dates, number=10, total=95):
    return Page(number, [{"id": str(place), "updated_at": date} for place, date in enumerate(dates)], [], total)


def test_the_last_page_is_looked_at_before_a_read_ends_at_its_cursor():
    step = looks_further(PLAN, ended())
    assert (step.done, step.flush, step.position.doubts.probe) == (False, True, "last")
    assert (step.position.place.number, step.position.place.asked) == (10, None)


@pytest.mark.parametrize(
    "step",
    [ended(reached=95), ended(total=None), ended(doubts=Doubts(probe="none")), ended(doubts=Doubts(probe="all"))],
    ids=["all was read", "nothing counts it", "looked at", "read to the end"],
)
def test_there_is_nothing_to_look_at(step):
    assert looks_further(PLAN, step).done


def test_a_full_read_looks_at_nothing():
    step = ended()
    assert looks_further(PLAN, replace(step, position=replace(step.position, floor=None))).done


def test_where_a_filter_hides_what_has_no_date_the_list_is_counted_without_it():
    step = looks_further(NARROW, ended(total=20))
    assert (step.position.doubts.probe, step.position.fallbacks) == ("count", ("narrow",))
    assert (step.position.place.number, step.position.place.asked) == (1, 1)
    step = probed(NARROW, step.position, page("2026-03-11T00:00:00.000Z", number=1))
    assert (step.done, step.position.doubts.probe, step.position.place.number) == (False, "last", 10)


def looking(plan=PLAN):
    return looks_further(plan, ended()).position


def test_a_last_page_of_readable_dates_ends_the_read():
    step = probed(PLAN, looking(), page("2026-01-02T00:00:00.000Z", "2026-01-01T00:00:00.000Z"))
    assert (step.done, step.position.doubts.probe) == (True, "none")


@pytest.mark.parametrize("date", [None, "", "soon", 17])
def test_a_date_that_cannot_be_read_there_lets_the_read_go_on_to_the_end(date):
    step = probed(PLAN, looking(), page("2026-01-01T00:00:00.000Z", date))
    assert (step.done, step.position.doubts.probe) == (False, "all")
    assert (step.position.place.number - 1) * (step.position.place.asked or 10) < 20, "it goes on where it was"
    counted = replace(looking(), fallbacks=("narrow",))
    step = probed(NARROW, counted, page("2026-01-01T00:00:00.000Z", date))
    assert (step.position.place.number, step.position.place.asked) == (1, None), "from the top"


def test_a_last_page_that_went_away_meanwhile_leads_to_the_one_before():
    step = probed(PLAN, looking(), page())
    assert (step.done, step.position.place.number) == (False, 9)


@pytest.mark.parametrize("total", [0, None])
def test_the_end_is_looked_at_also_where_nothing_with_a_date_has_changed(total):
    """A filter by the cursor answers an empty list then, and hides what has no date as it does else."""
    dates = [None, None, None, *(f"2026-01-{day:02}T00:00:00.000Z" for day in range(1, 23))]
    rows = [{"id": str(number), "updated_at": date} for number, date in enumerate(dates)]
    rows.sort(key=lambda row: row["updated_at"] or "", reverse=True)
    position, came = start(NARROW, FLOOR), []
    seen = seen_before(position)
    for _ in range(20):
        place = position.place
        size, is_narrow = place.asked or place.size, "narrow" not in position.fallbacks
        shown = [] if is_narrow else rows[(place.number - 1) * size : place.number * size]
        answer = Page(
            place.number, shown, [row["id"] for row in shown], total if is_narrow else len(rows), asked=place.asked
        )
        step = absorb(NARROW, position, answer, seen)
        came += [row["id"] for row in step.records]
        position = step.position
        if step.done:
            break
    assert step.done
    assert sorted(came) == ["0", "1", "2"]

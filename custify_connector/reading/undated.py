"""Whether records without a readable date stand at the end of the list, where an incremental read does not come.

Pure. A service that sorts by the cursor, newest first, puts a record without one last. The read ends at its cursor, far
above, so it looks at the last page before it ends: one request, two where a filter by the cursor hides such records.
Does not know how a page is delivered.
"""

from __future__ import annotations

from dataclasses import replace

from custify_connector.reading.order import dates_of
from custify_connector.reading.page import Page
from custify_connector.reading.page_requests import next_window
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.position import Position, Probe, Step


def looks_further(plan: ReadPlan, step: Step) -> Step:
    """Return the last step of a read, or one that looks at the end of the list first."""
    position = step.position
    if plan.page is None or plan.since is None or position.floor is None or position.doubts.probe != "due":
        return step
    if plan.since.narrow and "narrow" not in position.fallbacks:
        wide = replace(position, fallbacks=(*position.fallbacks, "narrow"))
        return replace(step, position=_asking(wide, plan.page.start, 1, "count"), done=False, flush=True)
    return _last_page(plan, step, position.place.total, position.place.reached)


def probed(plan: ReadPlan, position: Position, page: Page) -> Step:
    """Take in a page that was asked to see the end of the list."""
    assert plan.page  # noqa: S101 - only paged streams are probed
    ended = Step([], _with(position, "none"), done=True)
    if position.doubts.probe == "count":
        return _last_page(plan, ended, page.total, 0)
    if not page.records and page.number > plan.page.start:
        return replace(ended, position=_asking(position, page.number - 1, None, "last"), done=False)
    if None not in dates_of(plan, position.floor, page.records):
        return ended
    # From the top again where a filter was left out: other records are between those that were delivered.
    reached = 0 if plan.since and plan.since.narrow else position.place.reached
    place = replace(position.place, reached=reached, asked=None, total=page.total)
    number, asked = next_window(plan, replace(position, place=place)) if reached else (plan.page.start, None)
    return Step([], _with(replace(position, place=replace(place, number=number, asked=asked)), "all"))


def _last_page(plan: ReadPlan, ended: Step, total: int | None, reached: int) -> Step:
    """Return the step that asks for the last page; the end where all of the list was read, or its length is unknown."""
    size = ended.position.place.size or 0
    if not plan.page or not size or total is None or total <= reached:
        return replace(ended, position=_with(ended.position, "none"))
    number = plan.page.start + (total - 1) // size
    return replace(ended, position=_asking(ended.position, number, None, "last"), done=False, flush=True)


def _asking(position: Position, number: int, asked: int | None, probe: Probe) -> Position:
    return _with(replace(position, place=replace(position.place, number=number, asked=asked)), probe)


def _with(position: Position, probe: Probe) -> Position:
    return replace(position, doubts=replace(position.doubts, probe=probe))

"""Pages that show nothing new: whether one is the end of the list, or a gap with records below it.

Pure. A total says whether records should be there. Without one, some pages below are asked. Does not know how a page
is delivered.
"""

from __future__ import annotations

from dataclasses import replace

from custify_connector.reading.overlap import fell, step_back
from custify_connector.reading.page import Page
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.position import Place, Position, Step, begins
from custify_connector.reading.undated import looks_further
from custify_connector.records.identities import Seen

EMPTY_PAGES = 100
"""So many pages in a row may be empty where records are counted: the read is incomplete anyway, and a total may lie."""

PAGES_BELOW = 3
"""So many pages are asked below the one that seems to be the last, where no total says whether records are there."""


def nothing_there(plan: ReadPlan, position: Position, page: Page) -> Step:
    """Take an empty page for the end, unless records should be there: then look back once, and then below it."""
    place, doubts = position.place, position.doubts
    above = begins(plan, position, page)
    # An empty page further down that counts no record at all counts what it shows.
    says = page.total if above <= 0 else page.total or None
    counted = place.total if says is None else says
    is_missed = counted is not None and counted > max(above, place.collected if says is None else 0)
    has_moved_up = above > 0 and (above < place.reached or fell(position, page))
    is_still_above = has_moved_up and not is_missed and doubts.is_stepping_back
    if is_still_above or ((is_missed or has_moved_up) and not doubts.end_checked):
        doubts = replace(doubts, end_checked=True, below_end=0)
        return step_back(
            plan, replace(position, place=place if is_missed else _above(place, above, counted), doubts=doubts)
        )
    end = above + (page.asked or place.size or 0)
    if is_missed:
        return below_gap(plan, position, end, counted or 0)
    if counted is None or has_moved_up:
        return look_below(plan, position, end)
    return looks_further(plan, Step([], position, done=True))


def _above(place: Place, above: int, counted: int | None) -> Place:
    """Return the place in a list that became shorter: where it ends now, the page to step back to begins above that."""
    return replace(place, reached=min(place.reached, above, above if counted is None else counted))


def below_gap(plan: ReadPlan, position: Position, end: int, counted: int) -> Step:
    """Return the step to the page below a gap that ends there; the last step where no record is counted below."""
    step = _asks_below(plan, position, end)
    doubts = replace(step.position.doubts, has_gap=True)
    place = replace(step.position.place, reached=end)
    done = end >= counted or doubts.idle > EMPTY_PAGES
    return replace(step, position=replace(step.position, place=place, doubts=doubts), done=done)


def look_below(plan: ReadPlan, position: Position, end: int) -> Step:
    """Return the step to one of the pages below what seems to be the end; the last step where enough were asked.

    A part of a stream that ends on its first page is not doubted: there are many, and most have few records or none.
    """
    doubts, reached = position.doubts, position.place.reached
    small = plan.page.size if plan.page and plan.bound else int(plan.may_be_missing)
    if plan.page is None or reached < small or doubts.below_end >= PAGES_BELOW:
        return looks_further(plan, Step([], position, done=True))
    step = _asks_below(plan, position, end)
    doubts = replace(step.position.doubts, below_end=doubts.below_end + 1)
    return replace(step, position=replace(step.position, doubts=doubts))


def _asks_below(plan: ReadPlan, position: Position, end: int) -> Step:
    """Return the step to the page of full size that goes on below so many records."""
    number = (plan.page.start if plan.page else 1) + end // (position.place.size or 1)
    place = replace(position.place, number=number, asked=None)
    doubts = replace(position.doubts, is_stepping_back=False, idle=position.doubts.idle + 1)
    return Step([], replace(position, place=place, doubts=doubts), flush=True)


def found_below(plan: ReadPlan, position: Position, page: Page, seen: Seen) -> Step | None:
    """Return the step after records that stand below what seemed to be the end; None where they are to be delivered.

    The pages between are asked once more; if they show nothing again, there is a gap.
    """
    doubts = replace(position.doubts, below_end=0)
    if all(map(seen.knows, page.identities)):
        return Step([], position, done=True)
    if not doubts.end_checked:
        return step_back(plan, replace(position, doubts=replace(doubts, end_checked=True)))
    return None

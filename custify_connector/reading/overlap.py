"""Whether a page joins on to what was delivered, and which page to ask where it does not.

Pure. Why this loses no record is argued in the package's docstring. Does not know how a page is delivered.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from custify_connector.reading.order import date_of
from custify_connector.reading.page import Page
from custify_connector.reading.page_requests import (
    ENOUGH_TIED,
    can_overlap,
    has_shifted,
    is_between_pages,
    overlaps_always,
    window_above,
)
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.position import Position, Step, begins
from custify_connector.records.identities import Seen

FRUITLESS_STEPS = 8
"""After so many steps back that found nothing new, a page is used as it is: the service keeps no order to rely on."""

FURTHER = 4
"""Each step back looks so many times further up than the one before."""


def look_again(plan: ReadPlan, position: Position, page: Page, seen: Seen) -> Step | None:
    """Return a step without records where some may lie between the pages delivered and this one; None where not."""
    doubts = position.doubts
    if joins(plan, position, page, seen) or doubts.fruitless >= FRUITLESS_STEPS:
        return None
    if _is_reordered(position.delivered.previous, page.identities):
        return Step([], replace(position, doubts=replace(doubts, is_unproven=True)), flush=True)
    if _cannot_share(plan, position, page):
        return _compare(plan, position, page)
    must_join = doubts.is_stepping_back or doubts.is_resumed or can_overlap(plan, position.place)
    if must_join or fell(position, page):
        return step_back(plan, position)
    if page.total != position.place.total and not page.in_turn:
        return Step([], replace(position, doubts=replace(doubts, total_moved=True)), flush=True)
    return None


def joins(plan: ReadPlan, position: Position, page: Page, seen: Seen) -> bool:
    """Return whether nothing can lie between what was delivered and the end of this page."""
    delivered, doubts = position.delivered, position.doubts
    is_first = begins(plan, position, page) <= 0 or (delivered.edge is None and not delivered.tail)
    if is_first or doubts.is_unproven or doubts.has_gap:
        return True
    value = date_of(plan, position.floor, page.records[0])
    is_dated = delivered.ordered and value is not None and delivered.edge is not None
    if is_dated and value > delivered.edge:  # type: ignore[operator] # neither is None
        return True
    # Others may share the edge's date: one at the edge is proof only where nothing of that date was delivered.
    if is_dated and not delivered.tail and value == delivered.edge:
        return True
    if doubts.is_resumed:
        return not set(delivered.tail).isdisjoint(page.identities)
    half = max(2, (position.place.size or 0) // 2)
    needed = min(ENOUGH_TIED, half, len(page.identities)) if is_dated and value == delivered.edge else 1
    if _cannot_share(plan, position, page) and doubts.below == (page.total, tuple(page.identities)):
        return page.total == position.place.total
    return _follows(plan, position, page, value) or (
        _shares(plan, position) and _goes_on(delivered.previous, page.identities, seen, needed)
    )


def _cannot_share(plan: ReadPlan, position: Position, page: Page) -> bool:
    """Return whether a page begins at a border that no page can overlap, in a list that has a total.

    Records of one date may change places across it, and look the same again by chance: a count must be there to judge.
    """
    delivered, doubts = position.delivered, position.doubts
    is_turned_back = (
        doubts.is_stepping_back or doubts.is_resumed or begins(plan, position, page) != position.place.reached
    )
    if is_turned_back or page.total is None or not is_between_pages(plan, position.place):
        return False
    is_tied = delivered.ordered and date_of(plan, position.floor, page.records[0]) == delivered.edge
    return not is_tied or not (overlaps_always(plan, position) or doubts.total_moved)


def _compare(plan: ReadPlan, position: Position, page: Page) -> Step:
    """Return the step to the page above, after which this one must come again as it is."""
    step = step_back(plan, position)
    number, asked = window_above(plan, position.place, 1)
    assert page.total is not None  # noqa: S101 - `_cannot_share` has looked
    doubts = replace(step.position.doubts, below=(page.total, tuple(page.identities)))
    place = replace(position.place, number=number, asked=asked)
    return replace(step, position=replace(step.position, place=place, doubts=doubts))


def _shares(plan: ReadPlan, position: Position) -> bool:
    """Return whether a page was asked for so that it shares records with the one before."""
    is_small = can_overlap(plan, position.place) and not overlaps_always(plan, position)
    return not is_small or position.doubts.is_stepping_back or has_shifted(position)


def _follows(plan: ReadPlan, position: Position, page: Page, value: str | None) -> bool:
    """Return whether no record can have moved up since the page before, as the total stands still.

    Records of one date may change places at a border: it is looked at once more, by a page that begins above it.
    """
    if overlaps_always(plan, position) or not can_overlap(plan, position.place):
        return False
    is_above = begins(plan, position, page) < position.place.reached
    is_past = value is not None and value < (position.delivered.edge or "")
    return page.total == position.place.total and value is not None and (is_above or is_past)


def _goes_on(previous: tuple[str, ...], identities: list[str], seen: Seen, needed: int) -> bool:
    """Return whether a page begins with what was delivered, in the same order, at least so many records of it.

    A few may have been deleted between the two answers. Where most are missing, the order is another.
    """
    places = {identity: place for place, identity in enumerate(previous)}
    shared = [place for place, identity in enumerate(identities) if identity in places]
    last = shared[-1] if shared else -1
    if not all(seen.knows(identity) for identity in identities[: last + 1]):
        return False
    found = [places[identities[place]] for place in shared]
    if found != sorted(found):
        return False
    if last + 1 == len(identities) or not shared:
        return all(map(seen.knows, identities))
    missing = len(previous) - found[0] - len(found)
    return len(found) >= needed and missing <= len(found) // 2


def _is_reordered(previous: tuple[str, ...], identities: list[str]) -> bool:
    """Return whether a page shows that records change places at each answer, other than by single moves."""
    places = {identity: place for place, identity in enumerate(previous)}
    found = [places[identity] for identity in identities if identity in places]
    falls = sum(later < earlier for earlier, later in pairwise(found))
    return len(found) >= ENOUGH_TIED and falls * 3 > len(found)


def fell(position: Position, page: Page) -> bool:
    """Return whether the total fell: records were deleted."""
    return page.total is not None and position.place.total is not None and page.total < position.place.total


def moved(position: Position, page: Page) -> bool:
    """Return whether the total is another than before."""
    return page.total is not None and position.place.total is not None and page.total != position.place.total


def step_back(plan: ReadPlan, position: Position) -> Step:
    """Return the step back to a page that begins further up; what was asked ahead no longer fits."""
    place, doubts = position.place, position.doubts
    size = place.size or 0
    overlap = place.overlap * FURTHER if can_overlap(plan, place) else place.overlap // size * size + size
    overlap = min(overlap, max(size, place.reached))
    number, asked = window_above(plan, place, overlap)
    doubts = replace(doubts, is_stepping_back=True, fruitless=doubts.fruitless + 1, joined=0, idle=doubts.idle + 1)
    further = replace(place, number=number, asked=asked, overlap=overlap)
    return Step([], replace(position, place=further, doubts=doubts), flush=True)

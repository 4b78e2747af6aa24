"""Whether a page overlaps with what was delivered, and which page to ask when records may lie between the two.

Pure. Why this loses no record is argued in the package's docstring. Does not know how a page is delivered.
"""

from __future__ import annotations

from dataclasses import replace

from custify_connector.reading.order import date_of
from custify_connector.reading.page import Page
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.position import Bridge, Doubts, Position, Step, reach

FRUITLESS_STEPS = 8
"""After so many steps back that found nothing new, a total that falls is taken for one that cannot be relied on."""

CAUTIOUS_PAGES = 10
"""So many pages are asked one by one after the total moved: others are changing the account meanwhile."""

_SMALLEST_BRIDGED = 4
"""In pages of fewer records, no smaller page has records on both sides of a border."""


def look_again(plan: ReadPlan, position: Position, page: Page) -> Step | None:
    """Return a step without records where some may lie between the pages delivered and this one; None where not."""
    assert plan.page  # noqa: S101 - only paged streams come here
    delivered, doubts = position.delivered, position.doubts
    if page.number <= plan.page.start or (delivered.edge is None and not delivered.tail):
        return None
    if doubts.is_stepping_back or doubts.is_resumed:
        return None if _overlaps(plan, position, page) else step_back(position, page.number - 1)
    known = set(delivered.tail).intersection(page.identities)
    if known:
        # Once at a border: where nothing comes of it, as many were created as deleted, and none is missing.
        again = doubts.fruitless == 0 and _is_reordered(plan, position, page, len(known))
        return _bridged(plan, position, page, doubts) if again else None
    if fell(position, page) and doubts.fruitless < FRUITLESS_STEPS:
        return _bridged(plan, position, page, replace(doubts, cautious_pages=CAUTIOUS_PAGES))
    if page.total != position.place.total and not page.in_turn:
        return Step([], replace(position, doubts=replace(doubts, cautious_pages=CAUTIOUS_PAGES)), flush=True)
    return None


def fell(position: Position, page: Page) -> bool:
    """Return whether the total fell: records were deleted."""
    return page.total is not None and position.place.total is not None and page.total < position.place.total


def moved(position: Position, page: Page) -> bool:
    """Return whether the total is another than before."""
    return page.total is not None and position.place.total is not None and page.total != position.place.total


def _is_reordered(plan: ReadPlan, position: Position, page: Page, known: int) -> bool:
    """Return whether records of one date changed places: some came again though none is new, so as many are missing."""
    still = page.total is not None and page.total == position.place.total and not position.doubts.total_moved
    return still and position.place.collected + len(page.records) - known < reach(plan, position, page)


def _overlaps(plan: ReadPlan, position: Position, page: Page) -> bool:
    """Return whether a page reaches back into what was delivered."""
    delivered = position.delivered
    value = date_of(plan, position.floor, page.records[0])
    above = delivered.ordered and value is not None and delivered.edge is not None and value > delivered.edge
    # Others may share the edge's date: one at the edge is proof only where nothing of that date was delivered.
    at = delivered.ordered and not delivered.tail and value == delivered.edge
    return above or at or not set(delivered.tail).isdisjoint(page.identities)


def step_back(position: Position, number: int, bridge: Bridge | None = None) -> Step:
    """Return the step back to a page; what was asked ahead no longer fits."""
    doubts = replace(position.doubts, is_stepping_back=True, bridge=bridge)
    return Step([], replace(position, place=replace(position.place, number=number), doubts=doubts), flush=True)


def _bridged(plan: ReadPlan, position: Position, page: Page, doubts: Doubts) -> Step:
    """Return the step back that holds a page until the border above it is bridged."""
    held = replace(position, doubts=replace(doubts, held=page))
    return step_back(held, page.number - 1, _bridge(plan, position, page.number))


def _bridge(plan: ReadPlan, position: Position, number: int) -> Bridge | None:
    """Return the smaller page that reaches furthest to both sides of where page `number` begins; None if none does.

    What it shows is of one moment: it holds records on both sides, so none between them can slip past, and the read
    continues below them. To ask the page before again would show the records on one side alone.
    """
    assert plan.page  # noqa: S101 - only paged streams come here
    size = position.place.size or 0
    border = (number - plan.page.start) * size
    if plan.page.size_parameter is None or size < _SMALLEST_BRIDGED:
        return None
    best = max(range(size // 2 + 1, size), key=lambda one: min(border % one, one - border % one))
    return Bridge(plan.page.start + border // best, best) if border % best else None

"""The seam between two pages: whether records may have slipped through it, and where to look again.

Pure. Records are asked for newest first, so that only a deletion, or records of one date that change places, can pull
a record past a reader who has just left. It does not know what is done with a page.
"""

from __future__ import annotations

from dataclasses import replace

from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.position import Astride, Page, Position, Step, date_of, reach

FUTILE_RETREATS = 8
"""After so many steps back that brought nothing, a total that falls is taken for one that cannot be relied on."""

UNREST_PAGES = 10
"""So many pages are read one by one after a total moved: others are changing the account meanwhile."""

_SMALLEST_ASTRIDE = 4


def seam(plan: ReadPlan, position: Position, page: Page) -> Step | None:
    """Return a step back when records may have slipped between the pages delivered and this one; None when not."""
    assert plan.page  # noqa: S101 - only paged streams come here
    if page.number <= plan.page.start or (position.edge is None and not position.tail):
        return None
    if position.retreating or position.resumed_at is not None:
        return None if _overlaps(plan, position, page) else retreat(position, page.number - 1)
    known = set(position.tail).intersection(page.identities)
    if known:
        held = replace(position, held=page)
        # Once at a border: where nothing comes of it, as many were created as deleted, and none is missing.
        again = position.futile == 0 and _is_reordered(plan, position, page, len(known))
        return retreat(held, page.number - 1, _astride(plan, position, page.number)) if again else None
    if fell(position, page) and position.futile < FUTILE_RETREATS:
        held = replace(position, held=page, unrest=UNREST_PAGES)
        return retreat(held, page.number - 1, _astride(plan, position, page.number))
    if page.total != position.total and not page.after:
        return Step([], replace(position, unrest=UNREST_PAGES), flush=True)
    return None


def fell(position: Position, page: Page) -> bool:
    """Tell whether the total fell: records were deleted."""
    return page.total is not None and position.total is not None and page.total < position.total


def moved(position: Position, page: Page) -> bool:
    """Tell whether the total is another than before."""
    return page.total is not None and position.total is not None and page.total != position.total


def _is_reordered(plan: ReadPlan, position: Position, page: Page, known: int) -> bool:
    """Tell whether records of one date changed places: some came again though none is new, so as many are missing."""
    still = page.total is not None and page.total == position.total and not position.moved
    return still and position.collected + len(page.records) - known < reach(plan, position, page)


def _overlaps(plan: ReadPlan, position: Position, page: Page) -> bool:
    """Tell whether a page reaches back into what was delivered."""
    value = date_of(plan, position, page.records[0])
    above = position.ordered and value is not None and position.edge is not None and value > position.edge
    # One at the edge, of which others may be of the same date, tells only where nothing of that date was delivered.
    at = position.ordered and not position.tail and value == position.edge
    return above or at or not set(position.tail).isdisjoint(page.identities)


def retreat(position: Position, number: int, astride: Astride | None = None) -> Step:
    """Return the step back to a page; what was asked ahead no longer fits."""
    return Step([], replace(position, number=number, retreating=True, astride=astride), flush=True)


def _astride(plan: ReadPlan, position: Position, number: int) -> Astride | None:
    """Return the smaller page that reaches furthest to both sides of where page `number` begins; None if none does.

    What it shows is of one moment: it holds records on both sides, so none between them can slip past, and the read
    goes on behind them. To ask the page before again would show the records on one side alone.
    """
    assert plan.page  # noqa: S101 - only paged streams come here
    size, border = position.size or 0, (number - plan.page.start) * (position.size or 0)
    if plan.page.size_parameter is None or size < _SMALLEST_ASTRIDE:
        return None
    best = max(range(size // 2 + 1, size), key=lambda one: min(border % one, one - border % one))
    return Astride(plan.page.start + border // best, best) if border % best else None

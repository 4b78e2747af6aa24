"""Reading one stream: what a page adds, when the end is reached, and what state says so.

Pure: pages in, steps out. The rules, and why no record is lost while others come and go:

* Records are asked for newest first, by a date that never changes. New records then push the others towards later
  pages, where they are met again and dropped as duplicates; only a deletion pulls records towards earlier pages,
  and it shows as a total that fell. Then a page is asked that lies astride the seam, and joins both sides of it.
* That holds for pages answered one after another. Pages asked ahead may be answered in any order, so their totals
  must be equal; once a total moved, some pages are read one by one. An incremental read, whose order moves with every
  change, is always read so.
* Records of one date may change places from answer to answer. Then some come a second time although the total did not
  move; a page astride the border shows them all in one answer, where no more share a date than half of it holds.
* A short page is never taken for the end by itself: the end is an empty page (or 404), or the exact total reached
  on a page that is shorter than pages are.
* A first page that is shorter than asked shows the service's cap; all later pages are asked at that size.

This file does not know requests in flight, the clock, or how a page travels.
"""

from __future__ import annotations

from dataclasses import replace

from custify_connector.reading.overlap import FUTILE_RETREATS, UNREST_PAGES, fell, moved, retreat, seam
from custify_connector.reading.page_requests import ahead, concede, request
from custify_connector.reading.plan import ReadPlan, Slice
from custify_connector.reading.position import (
    Astride,
    Page,
    Position,
    Step,
    date_of,
    dates_of,
    descending,
    is_ordered,
    reach,
    seen_before,
    sortable,
    start,
)
from custify_connector.records.envelopes import Record
from custify_connector.records.identities import Seen, field_value, identities_of

__all__ = [
    "Astride",
    "Page",
    "Position",
    "Step",
    "absorb",
    "ahead",
    "concede",
    "is_ordered",
    "request",
    "seen_before",
    "shortfall",
    "start",
    "within",
]

SMALLEST_FULL_PAGE = 20
"""Custify's default page size: a parent's first page with fewer records is taken to be whole, when its total says so.

A stream of its own asks for one page more: a service may cap pages below its default, and count only what it shows.
With parents, most of which have few records or none, that would be as many requests again.
"""

PROOF_OF_ORDER = 10
"""Fewer records in order may be so by chance; so far, all that were delivered are kept in mind by their identities."""

TIED_KEPT = 1000
"""So many records of one date are kept in mind at most: an import may give all of its records the same."""


def absorb(plan: ReadPlan, position: Position, page: Page, seen: Seen) -> Step:
    """Take in one answered page."""
    if not plan.page:
        return _deliver(plan, position, page, seen, done=True)
    page = _believed(plan, position, page)
    if not page.records:
        return _at_the_end(plan, position, page)
    if page.number > plan.page.start and tuple(page.identities) == position.previous and not position.retreating:
        return _same_page_again(position, page)
    return seam(plan, position, page) or _deliver(plan, position, page, seen)


def _believed(plan: ReadPlan, position: Position, page: Page) -> Page:
    """Return the page without a total that its own records contradict."""
    assert plan.page  # noqa: S101 - only paged streams come here
    least = reach(plan, position, page)
    impossible = page.total is not None and page.records and page.total < least
    return replace(page, total=None) if impossible else page


def _at_the_end(plan: ReadPlan, position: Position, page: Page) -> Step:
    """Take an empty page for the end, unless the total says that records may have slipped past: then look back once."""
    assert plan.page  # noqa: S101 - only paged streams come here
    if position.astride:
        return retreat(position, page.number)
    missing = position.total is not None and position.collected < position.total and not position.confirmed
    slipped = fell(position, page) and position.futile < FUTILE_RETREATS
    if page.number > plan.page.start and (missing or slipped):
        return retreat(replace(position, confirmed=True), page.number - 1)
    return Step([], position, done=True)


def _same_page_again(position: Position, page: Page) -> Step:
    """End when the last page comes again: a service without further pages, or without pages, may answer so.

    Unless its total moved: then as many records were created meanwhile as a page holds.
    """
    if moved(position, page):
        return Step([], replace(position, number=page.number + 1, total=page.total))
    return Step([], position, done=True)


def _deliver(plan: ReadPlan, position: Position, page: Page, seen: Seen, *, done: bool = False) -> Step:
    after = _advanced(plan, position, page)
    if not after.ordered:
        seen.lose_order()
    records = _new(plan, position, page, seen, ordered=after.ordered)
    held = position.held
    if held is not None and held.identities[0] in page.identities:
        after = _advanced(plan, after, held)
        records += _new(plan, after, held, seen, ordered=after.ordered)
    collected = position.collected + len(records)
    after = replace(
        after,
        collected=collected,
        tail=_known(plan, position, after, records) if collected < PROOF_OF_ORDER else after.tail,
        confirmed=position.confirmed and not records,
        futile=0 if records else position.futile + position.retreating,
    )
    return Step(_kept(plan, after, records), after, done or _ended(plan, position, after, page), position.retreating)


def _known(plan: ReadPlan, position: Position, after: Position, records: list[Record]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*position.tail, *after.tail, *identities_of(records, plan.key))))


def _advanced(plan: ReadPlan, position: Position, page: Page) -> Position:
    """Return the position after a page that joins on to what was delivered."""
    values = dates_of(plan, position, page.records)
    follows = position.top is not None and not position.retreating and position.resumed_at is None
    ordered = position.ordered and descending([position.top, *values] if follows else values)
    # A page that lies wholly above the edge, pushed there by newcomers, moves neither the edge nor what is known there.
    last = values[-1] if values else None
    above = ordered and position.edge is not None and last is not None and last > position.edge
    return replace(
        position,
        number=_following(plan, position, page),
        size=_learned_size(plan, position, page),
        total=position.total if page.total is None else page.total,
        moved=position.moved or moved(position, page),
        unrest=UNREST_PAGES if moved(position, page) else max(0, position.unrest - 1),
        fullest=max(position.fullest, len(page.records)),
        # The page after one astride may begin above it, so nothing is held against that.
        top=None if position.astride else values[0] if values else position.top,
        edge=position.edge if above or last is None else last,
        tail=position.tail if above else _tail(position, page, last),
        previous=tuple(page.identities),
        ordered=ordered,
        retreating=False,
        resumed_at=None,
        held=None,
        astride=None,
    )


def _tail(position: Position, page: Page, last: str | None) -> tuple[str, ...]:
    """Return what is known at the edge: the page's records, and those before them that may be of the edge's date."""
    if last is None or last != position.edge:
        return tuple(page.identities)
    return tuple(dict.fromkeys((*position.tail, *page.identities)))[-TIED_KEPT:]


def _following(plan: ReadPlan, position: Position, page: Page) -> int:
    """Return the page after this one; after one astride, the one that its end lies in."""
    if position.astride is None or plan.page is None:
        return page.number + 1
    return plan.page.start + reach(plan, position, page) // (position.size or 1)


def _learned_size(plan: ReadPlan, position: Position, page: Page) -> int | None:
    """Return the size to ask for: a first page shorter than asked shows the service's cap.

    Asking on at that size is right whether the service counts pages by its cap or by what was asked.
    """
    first = plan.page is not None and page.number == plan.page.start and position.collected == 0
    return min(position.size or 0, len(page.records)) if first and page.records else position.size


def _new(plan: ReadPlan, position: Position, page: Page, seen: Seen, *, ordered: bool) -> list[Record]:
    """Return the records of a page that were not delivered before."""
    fresh = seen.unseen(page.records, page.identities)
    covered = position.covered
    if covered is None or not ordered:
        return fresh
    # A run that goes on knows only the last page of the one before by its identities; the rest it knows by the order.
    return [record for record in fresh if (date_of(plan, position, record) or "") <= covered]


def _kept(plan: ReadPlan, position: Position, records: list[Record]) -> list[Record]:
    """Leave out what belongs to another slice, or what an incremental read has had before.

    A record without a date is in the last slice, and is never left out of an incremental read.
    """
    if plan.slice and plan.order:
        dated = [(record, sortable(field_value(record, plan.order.field))) for record in records]
        records = [record for record, moment in dated if _is_in(plan.slice, moment)]
    floor = position.floor
    if plan.since is None or floor is None:
        return records
    dated = [(record, sortable(field_value(record, plan.since.cursor))) for record in records]
    return [record for record, moment in dated if moment is None or moment >= floor]


def _is_in(part: Slice, moment: str | None) -> bool:
    if moment is None:
        return part.start is None
    return (part.start is None or moment >= part.start) and (part.end is None or moment < part.end)


def _ended(plan: ReadPlan, before: Position, after: Position, page: Page) -> bool:
    if plan.slice and plan.slice.start and after.ordered and after.edge is not None and after.edge < plan.slice.start:
        return True
    if after.floor is not None and after.ordered and after.edge is not None and after.edge < after.floor:
        return True
    full = before.astride.size if before.astride else before.fullest or (SMALLEST_FULL_PAGE if plan.bound else 1)
    return after.total == after.collected and len(page.records) < full


def shortfall(plan: ReadPlan, position: Position) -> int:
    """Return how many records of a finished read never came, as far as an unmoved total can tell."""
    if position.total is None or position.moved or position.floor is not None or plan.slice:
        return 0
    return max(0, position.total - position.collected)


def within(plan: ReadPlan, step: Step, limit: int) -> Step:
    """Return a step cut to at most `limit` records; its position asks for the rest of the page again."""
    if len(step.records) <= limit:
        return step
    kept, dropped = step.records[:limit], step.records[limit:]
    left_out = set(identities_of(dropped, plan.key))
    position = replace(
        step.position,
        tail=tuple(identity for identity in step.position.tail if identity not in left_out),
        edge=date_of(plan, step.position, kept[-1]),
        collected=step.position.collected - len(dropped),
    )
    return Step(kept, position, done=False, flush=step.flush)

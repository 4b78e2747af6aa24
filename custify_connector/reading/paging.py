"""What a page adds to a read: new records, the next position, and whether the stream has ended.

Pure: pages in, steps out. The rules follow from the argument in the package's docstring. Does not know requests, the
clock, or how a page travels.
"""

from __future__ import annotations

from dataclasses import replace

from custify_connector.reading.order import date_of, dates_of, descending, sortable
from custify_connector.reading.overlap import CAUTIOUS_PAGES, FRUITLESS_STEPS, fell, look_again, moved, step_back
from custify_connector.reading.page import Page
from custify_connector.reading.plan import ReadPlan, Slice
from custify_connector.reading.position import Delivered, Doubts, Position, Step, reach
from custify_connector.records.envelopes import Record
from custify_connector.records.identities import Seen, field_value, identities_of

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
    repeated = tuple(page.identities) == position.delivered.previous
    if page.number > plan.page.start and repeated and not position.doubts.is_stepping_back:
        return _same_page_again(position, page)
    return look_again(plan, position, page) or _deliver(plan, position, page, seen)


def _believed(plan: ReadPlan, position: Position, page: Page) -> Page:
    """Return the page without a total that its own records contradict."""
    impossible = page.total is not None and page.records and page.total < reach(plan, position, page)
    return replace(page, total=None) if impossible else page


def _at_the_end(plan: ReadPlan, position: Position, page: Page) -> Step:
    """Take an empty page for the end, unless the total says that records may have slipped past: then look back once."""
    assert plan.page  # noqa: S101 - only paged streams come here
    place, doubts = position.place, position.doubts
    if doubts.bridge:
        return step_back(position, page.number)
    missing = place.total is not None and place.collected < place.total and not doubts.end_checked
    slipped = fell(position, page) and doubts.fruitless < FRUITLESS_STEPS
    if page.number > plan.page.start and (missing or slipped):
        return step_back(replace(position, doubts=replace(doubts, end_checked=True)), page.number - 1)
    return Step([], position, done=True)


def _same_page_again(position: Position, page: Page) -> Step:
    """End when the last page comes again: a service without further pages, or without pages, may answer so.

    Unless its total moved: then as many records were created meanwhile as a page holds.
    """
    if moved(position, page):
        return Step([], replace(position, place=replace(position.place, number=page.number + 1, total=page.total)))
    return Step([], position, done=True)


def _deliver(plan: ReadPlan, position: Position, page: Page, seen: Seen, *, done: bool = False) -> Step:
    """Return the step with the new records of a page, and of the page held below it where the two join."""
    after = _advanced(plan, position, page)
    if not after.delivered.ordered:
        seen.lose_order()
    records = _new(plan, after, page, seen)
    held = position.doubts.held
    if held is not None and held.identities[0] in page.identities:
        after = _advanced(plan, after, held)
        records += _new(plan, after, held, seen)
    after = _counted(plan, position, after, records)
    stepped_back = position.doubts.is_stepping_back
    return Step(_kept(plan, after, records), after, done or _ended(plan, position, after, page), stepped_back)


def _advanced(plan: ReadPlan, position: Position, page: Page) -> Position:
    """Return the position after a page that joins on to what was delivered; its records are not counted yet."""
    place, doubts = position.place, position.doubts
    has_moved = moved(position, page)
    return replace(
        position,
        place=replace(
            place,
            number=_following(plan, position, page),
            size=_learned_size(plan, position, page),
            total=place.total if page.total is None else page.total,
            fullest=max(place.fullest, len(page.records)),
        ),
        delivered=_down_to(plan, position, page),
        doubts=Doubts(
            fruitless=doubts.fruitless,
            end_checked=doubts.end_checked,
            cautious_pages=CAUTIOUS_PAGES if has_moved else max(0, doubts.cautious_pages - 1),
            total_moved=doubts.total_moved or has_moved,
        ),
    )


def _down_to(plan: ReadPlan, position: Position, page: Page) -> Delivered:
    """Return what is known of the records delivered, once a page is among them."""
    delivered, doubts = position.delivered, position.doubts
    values = dates_of(plan, position.floor, page.records)
    follows = delivered.top is not None and not doubts.is_stepping_back and not doubts.is_resumed
    ordered = delivered.ordered and descending([delivered.top, *values] if follows else values)
    # A page that lies wholly above the edge, pushed there by newcomers, moves neither the edge nor what is known there.
    last = values[-1] if values else None
    above = ordered and delivered.edge is not None and last is not None and last > delivered.edge
    return replace(
        delivered,
        ordered=ordered,
        top=None if doubts.bridge else values[0] if values else delivered.top,
        edge=delivered.edge if above or last is None else last,
        tail=delivered.tail if above else _tail(delivered, page, last),
        previous=tuple(page.identities),
    )


def _tail(delivered: Delivered, page: Page, last: str | None) -> tuple[str, ...]:
    """Return what is known at the edge: the page's records, and those before them that may be of the edge's date."""
    if last is None or last != delivered.edge:
        return tuple(page.identities)
    return tuple(dict.fromkeys((*delivered.tail, *page.identities)))[-TIED_KEPT:]


def _following(plan: ReadPlan, position: Position, page: Page) -> int:
    """Return the page after this one; after a bridging page, the one that its end lies in."""
    if position.doubts.bridge is None or plan.page is None:
        return page.number + 1
    return plan.page.start + reach(plan, position, page) // (position.place.size or 1)


def _learned_size(plan: ReadPlan, position: Position, page: Page) -> int | None:
    """Return the size to ask for: a first page shorter than asked shows the service's cap.

    Asking on at that size is right whether the service counts pages by its cap or by what was asked.
    """
    size = position.place.size
    first = plan.page is not None and page.number == plan.page.start and position.place.collected == 0
    return min(size or 0, len(page.records)) if first and page.records else size


def _new(plan: ReadPlan, after: Position, page: Page, seen: Seen) -> list[Record]:
    """Return the records of a page that were not delivered before."""
    fresh = seen.unseen(page.records, page.identities)
    covered = after.delivered.covered
    if covered is None or not after.delivered.ordered:
        return fresh
    # A resumed read knows only the last page of the one before by its identities; the rest it knows by the order.
    return [record for record in fresh if (date_of(plan, after.floor, record) or "") <= covered]


def _counted(plan: ReadPlan, before: Position, after: Position, records: list[Record]) -> Position:
    """Return the position with what the new records prove: how many came, and whether a step back was fruitless."""
    collected = before.place.collected + len(records)
    doubts = replace(
        after.doubts,
        fruitless=0 if records else before.doubts.fruitless + before.doubts.is_stepping_back,
        end_checked=before.doubts.end_checked and not records,
    )
    delivered = after.delivered
    if collected < PROOF_OF_ORDER:
        known = (*before.delivered.tail, *delivered.tail, *identities_of(records, plan.key))
        delivered = replace(delivered, tail=tuple(dict.fromkeys(known)))
    return replace(after, place=replace(after.place, collected=collected), delivered=delivered, doubts=doubts)


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
    """Return whether no page after this one can add a record: the order has gone past the lower bound, or all came."""
    edge = after.delivered.edge if after.delivered.ordered else None
    bounds = (plan.slice.start if plan.slice else None, after.floor)
    if edge is not None and any(bound is not None and edge < bound for bound in bounds):
        return True
    bridge = before.doubts.bridge
    full = bridge.size if bridge else before.place.fullest or (SMALLEST_FULL_PAGE if plan.bound else 1)
    return after.place.total == after.place.collected and len(page.records) < full


def shortfall(plan: ReadPlan, position: Position) -> int:
    """Return how many records of a finished read never came, as far as an unmoved total can show it."""
    total = position.place.total
    if total is None or position.doubts.total_moved or position.floor is not None or plan.slice:
        return 0
    return max(0, total - position.place.collected)


def within(plan: ReadPlan, step: Step, limit: int) -> Step:
    """Return a step cut to at most `limit` records; its position asks for the rest of the page again."""
    if len(step.records) <= limit:
        return step
    kept, dropped = step.records[:limit], step.records[limit:]
    left_out = set(identities_of(dropped, plan.key))
    place, delivered = step.position.place, step.position.delivered
    position = replace(
        step.position,
        place=replace(place, collected=place.collected - len(dropped)),
        delivered=replace(
            delivered,
            edge=date_of(plan, step.position.floor, kept[-1]),
            tail=tuple(identity for identity in delivered.tail if identity not in left_out),
        ),
    )
    return Step(kept, position, done=False, flush=step.flush)

"""What a page adds to a read: new records, the next position, and whether the stream has ended.

Pure: pages in, steps out. The rules follow from the argument in the package's docstring. Does not know requests, the
clock, or how a page travels.
"""

from __future__ import annotations

from dataclasses import replace

from custify_connector.checking.values import sortable
from custify_connector.reading.gaps import below_gap, found_below, look_below, nothing_there
from custify_connector.reading.order import date_of, dates_of, descending
from custify_connector.reading.overlap import joins, look_again, moved
from custify_connector.reading.page import Page
from custify_connector.reading.page_requests import can_overlap, less_overlap, next_window, overlaps_always
from custify_connector.reading.plan import ReadPlan, Slice
from custify_connector.reading.position import OVERLAP, Delivered, Position, Step, begins, reach
from custify_connector.reading.undated import looks_further, probed
from custify_connector.records.envelopes import Record
from custify_connector.records.identities import Seen, field_value, identities_of

SMALLEST_FULL_PAGE = 20
"""Custify's default page size: a parent's first page with fewer records is taken to be whole, when its total says so.

A stream of its own asks for one page more: a service may cap pages below its default, and count only what it shows.
With parents, most of which have few records or none, that would be as many requests again.
"""

PROOF_OF_ORDER = 10
"""Fewer records in order may be so by chance; so far, all that were delivered are kept in mind by their identities."""

IDLE_PAGES = 1000
"""So many pages in a row may bring nothing new, and twice as many as the account has."""

SAME_PAGES = 5
"""So often the same page may come in a row, pushed down by as many new records each time."""

TIED_KEPT = 1000
"""So many records of one date are kept in mind at most: an import may give all of its records the same."""


def absorb(plan: ReadPlan, position: Position, page: Page, seen: Seen) -> Step:
    """Take in one answered page."""
    if not plan.page:
        return _deliver(plan, position, page, seen, done=True)
    if position.doubts.probe in {"count", "last"}:
        return probed(plan, position, page)
    counted = position.place.total if page.total is None else page.total
    if _is_contradicted(plan, position, page):
        page = replace(page, total=None)
        position = replace(position, doubts=replace(position.doubts, total_moved=True))
    if _is_idle_for_too_long(position):
        return Step([], replace(position, doubts=replace(position.doubts, has_gap=True)), done=True)
    if not page.records or position.doubts.below_end:
        step = found_below(plan, position, page, seen) if page.records else nothing_there(plan, position, page)
        if step is not None:
            return step
        position = replace(position, doubts=replace(position.doubts, below_end=0, has_gap=True))
    same = position.doubts.same + 1 if _is_the_same_again(plan, position, page) else 0
    position = replace(position, doubts=replace(position.doubts, same=same))
    if same > _same_pages(plan, position, page):
        # The first page over and over reaches further than the count: that does not make the count wrong.
        is_short = counted is not None and counted > position.place.collected
        has_gap = position.doubts.has_gap or is_short
        return Step([], replace(position, doubts=replace(position.doubts, has_gap=has_gap)), done=True)
    return look_again(plan, position, page, seen) or _deliver(plan, position, page, seen)


def _is_contradicted(plan: ReadPlan, position: Position, page: Page) -> bool:
    """Return whether a page shows more records than it counts."""
    return page.total is not None and bool(page.records) and page.total < reach(plan, position, page)


def _is_idle_for_too_long(position: Position) -> bool:
    """Return whether so many pages brought nothing that the account must grow as quickly as it is read."""
    place = position.place
    return position.doubts.idle > IDLE_PAGES + 2 * (place.total or place.reached) // (place.size or 1)


def _is_the_same_again(plan: ReadPlan, position: Position, page: Page) -> bool:
    """Return whether a page further down is the last page again, and the total stood still."""
    previous, doubts = position.delivered.previous, position.doubts
    is_further = begins(plan, position, page) > 0 and not doubts.is_stepping_back and not doubts.is_resumed
    if not can_overlap(plan, position.place):
        is_same = tuple(page.identities) == previous
    else:
        length = min(len(previous), len(page.identities))
        is_same = length > position.place.overlap and tuple(page.identities[:length]) == previous[:length]
    return is_further and is_same and not moved(position, page)


def _same_pages(plan: ReadPlan, position: Position, page: Page) -> int:
    """Return how often the last page may come again before it is the end.

    So does a service without pages, which answers with the first one, or one that answers with its last. But it may be
    chance: as many records were created meanwhile as the page lies further down.
    """
    if not can_overlap(plan, position.place):
        return 0
    top, value = position.delivered.top, date_of(plan, position.floor, page.records[0])
    is_first = top is not None and value is not None and value >= top != position.delivered.edge
    return 1 if is_first else SAME_PAGES


def _deliver(plan: ReadPlan, position: Position, page: Page, seen: Seen, *, done: bool = False) -> Step:
    """Return the step with the new records of a page."""
    joined = not plan.page or joins(plan, position, page, seen)
    after = _advanced(plan, position, page, seen, joined=joined)
    if not after.delivered.ordered:
        seen.lose_order()
    records = _new(plan, after, page, seen)
    after = _counted(plan, position, after, records)
    stepped_back = position.doubts.is_stepping_back
    ended = done or _ended(plan, position, after, page, is_new=bool(records))
    counted = after.place.total if page.total is None else page.total
    if ended and not done and _is_short_of_its_total(plan, position, page, after, counted):
        return replace(below_gap(plan, after, after.place.reached, counted or 0), records=_kept(plan, after, records))
    if ended and not done and after.place.total is None and not _is_past_its_bounds(plan, after):
        return look_below(plan, after, begins(plan, position, page) + (page.asked or position.place.size or 0))
    place = after.place
    is_counted = place.total == place.collected <= place.reached and not after.doubts.total_moved
    if plan.page and is_counted and not place.reached % (place.size or 1):
        # All came, as far as the service counts: the page below shows whether it counts only what it shows.
        number = plan.page.start + place.reached // (place.size or 1)
        after = replace(after, place=replace(place, number=number, asked=None))
    step = Step(_kept(plan, after, records), after, ended, stepped_back)
    return looks_further(plan, step) if ended else step


def _advanced(plan: ReadPlan, position: Position, page: Page, seen: Seen, *, joined: bool) -> Position:
    """Return the position after a page; its records are not counted yet."""
    place, doubts = position.place, position.doubts
    total = place.total if page.total is None else page.total
    delivered = _down_to(plan, position, page, seen)
    after = replace(
        place,
        size=_learned_size(plan, position, page),
        total=None if plan.page and total is not None and total < reach(plan, position, page) else total,
        fullest=max(place.fullest, len(page.records)),
        overlap=OVERLAP if doubts.is_resumed else place.overlap,
    )
    if plan.page:
        after = replace(after, number=page.number, reached=reach(plan, position, page))
        number, asked = next_window(plan, replace(position, place=after, delivered=delivered))
        after = replace(after, number=number, asked=asked)
    else:
        after = replace(after, number=page.number + 1)
    return replace(
        position,
        place=after,
        delivered=delivered,
        doubts=replace(
            doubts,
            is_resumed=False,
            is_stepping_back=False,
            joined=doubts.joined + 1,
            is_unproven=doubts.is_unproven or not joined,
            total_moved=doubts.total_moved or moved(position, page),
        ),
    )


def _down_to(plan: ReadPlan, position: Position, page: Page, seen: Seen) -> Delivered:
    """Return what is known of the records delivered, once a page is among them."""
    delivered = position.delivered
    values = dates_of(plan, position.floor, page.records)
    ordered = delivered.ordered and descending(values) and not _is_out_of_order(position, page, values, seen)
    # A page that lies wholly above the edge, pushed there by newcomers, moves neither the edge nor what is known there.
    last = values[-1] if values else None
    above = ordered and delivered.edge is not None and last is not None and last > delivered.edge
    return replace(
        delivered,
        ordered=ordered,
        top=values[0] if delivered.top is None and values else delivered.top,
        edge=delivered.edge if above or last is None else last,
        tail=delivered.tail
        if above
        else _tail(delivered, page, is_tied=not ordered or delivered.edge == last is not None),
        previous=tuple(page.identities),
    )


def _is_out_of_order(position: Position, page: Page, values: list[str | None], seen: Seen) -> bool:
    """Return whether most of what a page has above the edge was never delivered, though it is not a newcomer.

    So does a service that orders each page by itself. A few may be there: they joined a filtered list meanwhile.
    """
    delivered, doubts = position.delivered, position.doubts
    top, edge = delivered.top, delivered.edge
    if top is None or edge is None or doubts.is_stepping_back or doubts.is_resumed or delivered.covered is not None:
        return False
    above = [
        name for name, value in zip(page.identities, values, strict=True) if value is not None and edge < value <= top
    ]
    return sum(not seen.knows(name) for name in above) * 2 > len(above)


def _tail(delivered: Delivered, page: Page, *, is_tied: bool) -> tuple[str, ...]:
    """Return what is known at the edge: the page's records, and those before them that may be of the edge's date.

    Without the order, any record before them may come again, and a read that is resumed knows no other.
    """
    if not is_tied:
        return tuple(page.identities)
    return tuple(dict.fromkeys((*delivered.tail, *page.identities)))[-TIED_KEPT:]


def _learned_size(plan: ReadPlan, position: Position, page: Page) -> int | None:
    """Return the size to ask for: a first page shorter than asked shows the service's cap.

    Asking on at that size is right whether the service counts pages by its cap or by what was asked.
    """
    size = position.place.size
    first = plan.page is not None and page.number == plan.page.start
    is_learned = first and (position.place.collected == 0 or position.doubts.is_resumed)
    return min(size or 0, len(page.records)) if is_learned and page.records else size


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
        # What a step back finds is not progress: a service without any order would be read from the top for ever.
        fruitless=0 if records and not before.doubts.is_stepping_back else before.doubts.fruitless,
        idle=0 if records else before.doubts.idle + 1,
        joined=after.doubts.joined if records else 0,
        end_checked=before.doubts.end_checked and not records,
    )
    delivered = after.delivered
    if collected < PROOF_OF_ORDER:
        known = (*before.delivered.tail, *delivered.tail, *identities_of(records, plan.key))
        delivered = replace(delivered, tail=tuple(dict.fromkeys(known)))
    # What was needed to join on is needed again soon, where many records share a date: it is given up slowly.
    overlap = less_overlap(after.place.overlap, after.place.size or 0) if records else after.place.overlap
    place = replace(after.place, collected=collected, overlap=overlap)
    return replace(after, place=place, delivered=delivered, doubts=doubts)


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


def _ended(plan: ReadPlan, before: Position, after: Position, page: Page, *, is_new: bool) -> bool:
    """Return whether no page after this one can add a record: the order has gone past the lower bound, or all came.

    A short page is not the last by itself, since a service may cap its pages: all must have come, by the total, or it
    must be the second that ends where the last one did.
    """
    if _is_past_its_bounds(plan, after):
        return True
    size = page.asked or before.place.size or 0
    first = SMALLEST_FULL_PAGE if plan.bound else 1
    is_short = len(page.records) < (size if before.place.fullest else first)
    if is_short and after.place.total == after.place.collected:
        return True
    is_at_the_last = page.identities[-1:] == [*before.delivered.previous[-1:]]
    ends_alike = not is_new and (is_at_the_last or after.doubts.is_unproven)
    return is_short and ends_alike and not before.doubts.is_stepping_back


def _is_past_its_bounds(plan: ReadPlan, after: Position) -> bool:
    """Return whether the order has gone past the lower bound of a slice, or of an incremental read."""
    edge = after.delivered.edge if after.delivered.ordered else None
    bounds = (plan.slice.start if plan.slice else None, after.floor if after.doubts.probe != "all" else None)
    return edge is not None and any(bound is not None and edge < bound for bound in bounds)


def _is_short_of_its_total(plan: ReadPlan, before: Position, page: Page, after: Position, counted: int | None) -> bool:
    """Return whether a service that ends here counted more records, in this answer or in one before it."""
    edge, floor = after.delivered.edge, after.floor
    is_below = after.doubts.probe != "all" and None not in {edge, floor} and edge < floor  # type: ignore[operator] # neither is None
    if counted is None or (after.delivered.ordered and is_below):
        return False
    return not plan.slice and counted > reach(plan, before, page)


def shortfall(plan: ReadPlan, position: Position) -> str | None:
    """Return what is wrong with a finished read: records that the service counts never came; None where all came.

    A page that joins on to the one before cannot have lost any. Where pages cannot overlap, or did not need to, the
    count is the judge, unless it moved. Where they do not join though they overlap, it is none: what left the account
    was counted, and may stand for what never came.
    """
    place, doubts = position.place, position.doubts
    missing = max(0, (place.total or 0) - place.collected)
    if doubts.idle and _is_idle_for_too_long(position):
        return "the account grows as quickly as it is read, and the end was not reached"
    if plan.slice and not doubts.has_gap:
        return None
    counts_all = position.floor is None and not doubts.total_moved
    is_joined = overlaps_always(plan, position) or (can_overlap(plan, place) and place.reached <= (place.size or 0))
    is_proven = is_joined and place.reached > 0 and not doubts.is_unproven
    if missing and (doubts.has_gap or (counts_all and not is_proven)):
        return f"Custify counts {place.total} records, and {missing} of them never came"
    if doubts.has_gap:
        return "pages that should hold records were empty"
    is_counted = counts_all and place.total == place.collected and not can_overlap(plan, place)
    if doubts.is_unproven and not is_counted:
        return "Custify kept no order while the account changed, and nothing shows that all records came"
    return None


def within(plan: ReadPlan, step: Step, limit: int) -> Step:
    """Return a step cut to at most `limit` records; its position asks for the rest of the page again."""
    if len(step.records) <= limit:
        return step
    kept, dropped = step.records[:limit], step.records[limit:]
    left_out = set(identities_of(dropped, plan.key))
    place, delivered = step.position.place, step.position.delivered
    position = replace(
        step.position,
        place=replace(place, collected=place.collected - len(dropped), reached=max(0, place.reached - len(dropped))),
        delivered=replace(
            delivered,
            edge=date_of(plan, step.position.floor, kept[-1]),
            tail=tuple(identity for identity in delivered.tail if identity not in left_out),
        ),
    )
    return Step(kept, position, done=False, flush=step.flush)

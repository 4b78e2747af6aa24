"""Which page to ask for next, and how: order, filters, and what is left out once the service refused it.

Pure. It does not know what a page holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from functools import lru_cache

import orjson

from custify_connector.exchange.wire import Request
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.position import OVERLAP, Place, Position, without_order

NARROW_OVERLAP_DAYS = 2
"""Custify's day filters do not say whether a bound counts, nor in which time zone (Custify's docs, Filters)."""


Window = tuple[int, int | None]
"""The number of a page, and how many records it is asked for where that is not the size of the read."""


def page_request(plan: ReadPlan, position: Position, window: Window) -> Request:
    """Return the request for a page; its answer may be decoded where the page is taken."""
    number, asked = window
    query = {**plan.query, **_order_query(plan, position)}
    if plan.since and plan.since.narrow and position.floor is not None and "narrow" not in position.fallbacks:
        query["filters"] = _narrowed(query.get("filters"), plan.since.cursor, position.floor)
    if plan.page:
        query[plan.page.parameter] = str(number)
        if plan.page.size_parameter:
            query[plan.page.size_parameter] = str(asked or position.place.size)
    path = plan.fallback_path if plan.fallback_path and "path" in position.fallbacks else plan.path
    return Request(plan.method, path, tuple(query.items()), plan.body, decoded_later=True)


def _order_query(plan: ReadPlan, position: Position) -> Mapping[str, str]:
    if "order" in position.fallbacks:
        return {}
    if plan.since and position.floor is not None:
        return plan.since.query
    return plan.order.query if plan.order else {}


def fall_back(plan: ReadPlan, position: Position, status: int) -> Position | None:
    """Return the position from which to ask more plainly after a refusal; None when nothing can be left out.

    Custify's docs do not show that every date can be filtered and sorted by, and give two paths for time tracks:
    what is refused is left out, once for the whole run.
    """
    can = {
        "path": status == _NOT_FOUND and plan.fallback_path is not None,
        "narrow": status in _BAD_REQUESTS and _is_narrowed(plan, position),
        "order": status in _BAD_REQUESTS and bool(_order_query(plan, position)),
    }
    word = next((word for word, possible in can.items() if possible and word not in position.fallbacks), None)
    if word is None:
        return None
    plainer = replace(position, fallbacks=(*position.fallbacks, word))
    return without_order(plainer) if word == "order" else plainer


_NOT_FOUND, _BAD_REQUESTS = 404, frozenset({400, 422})


def _is_narrowed(plan: ReadPlan, position: Position) -> bool:
    return plan.since is not None and plan.since.narrow is not None and position.floor is not None


def _narrowed(filters: str | None, cursor: str, floor: str) -> str:
    """Add "changed after that day" to the user's own filters; they are joined by AND (Custify's docs, Filters)."""
    day = date.fromisoformat(floor[:10]) - timedelta(days=NARROW_OVERLAP_DAYS)
    newer = {"fieldName": cursor, "fieldType": "Date", "filterType": "after", "filterValue": day.isoformat()}
    return orjson.dumps([*(orjson.loads(filters) if filters else []), newer]).decode()


def can_overlap(plan: ReadPlan, place: Place) -> bool:
    """Return whether pages of other sizes can be asked for; no page of two begins above a border and ends below it."""
    return plan.page is not None and plan.page.size_parameter is not None and (place.size or 0) > _NO_ROOM


_NO_ROOM = 2


SMALL = 20
"""Custify's default page size. Pages below it have little room for an overlap, which would cost as much again."""


def overlaps_always(plan: ReadPlan, position: Position) -> bool:
    """Return whether every page shares records with the one before.

    Small pages of a whole list in order do not while its total stands still: a record joins it at its top alone, so a
    deletion shows. Where a filter or a cursor says what belongs to the list, one may join anywhere and hide a deletion.
    """
    place, delivered = position.place, position.delivered
    is_counted = place.total is not None and position.floor is None and not plan.query
    is_dated = delivered.ordered and delivered.edge is not None
    return can_overlap(plan, place) and ((place.size or 0) >= SMALL or not (is_counted and is_dated))


def next_window(plan: ReadPlan, position: Position) -> Window:
    """Return the page that goes on below `place.reached`, and begins above it where pages overlap."""
    assert plan.page  # noqa: S101 - only paged streams come here
    place = position.place
    if not can_overlap(plan, place):
        return place.number + 1, None
    most = place.overlap if overlaps_always(plan, position) or has_shifted(position) else 0
    return _below(plan.page.start, place.size or 0, place.reached, most)


def _below(start: int, size: int, reached: int, most: int) -> Window:
    """Return the page that goes on below `reached`, and has up to `most` records above it."""
    for overlap in range(min(most, size // 2), 0, -1):
        number, one = _furthest(max(0, reached - overlap), size)
        if (number + 1) * one > reached:
            return start + number, None if one == size else one
    return start + reached // size, None


def is_between_pages(plan: ReadPlan, place: Place) -> bool:
    """Return whether no page of any size begins above `place.reached` and ends below it, though sizes can be chosen."""
    return can_overlap(plan, place) and _end(plan, window_above(plan, place, 1), place.size or 0) <= place.reached


def has_shifted(position: Position) -> bool:
    """Return whether records changed places a few pages ago."""
    return position.place.overlap > OVERLAP


def less_overlap(overlap: int, size: int) -> int:
    """Return the overlap after a page with new records: it is given up slowly, as it is needed again soon.

    Large pages keep what shows that records of one date stand still: a list that has some has more, and each page that
    does not join throws away all that were asked ahead.
    """
    least = ENOUGH_TIED if overlap > OVERLAP and size >= SMALL else OVERLAP
    return max(least, overlap - -(-overlap // 8))


ENOUGH_TIED = 6
"""So many records of one date in the order of the page before show that records of one date keep their places."""


def window_above(plan: ReadPlan, place: Place, overlap: int) -> Window:
    """Return the page that has `overlap` records above `place.reached`, at least, and reaches furthest below it.

    Pages are counted by their size, so a page begins at a multiple of it: the sizes down to half of the largest are
    tried, which finds one that begins a few records above where it must.
    """
    assert plan.page  # noqa: S101 - only paged streams come here
    size, first = place.size or 0, max(0, place.reached - overlap)
    number, one = _furthest(first, size) if can_overlap(plan, place) else (first // size, size)
    return plan.page.start + number, None if one == size else one


@lru_cache(256)  # each page is looked for again from each of those before it
def _furthest(first: int, size: int) -> tuple[int, int]:
    """Return the number, from 0 on, and the size of the page that has the record `first` and ends last."""
    best = max(range(size, size // 2, -1), key=lambda one: (first // one + 1) * one)
    return first // best, best


def smaller_window(plan: ReadPlan, place: Place, window: Window) -> Window | None:
    """Return a page of at most half the size that begins where a page does, or above; None where there is none."""
    number, asked = window
    size = asked or place.size or 0
    if not can_overlap(plan, replace(place, size=size // 2)) or plan.page is None:
        return None
    begins = (number - plan.page.start) * size
    half = replace(place, size=size // 2, reached=begins + 1)
    found, one = window_above(plan, half, 1)
    return found, one or size // 2


def _end(plan: ReadPlan, window: Window, size: int) -> int:
    number, asked = window
    return (number - (plan.page.start if plan.page else 0) + 1) * (asked or size)


def enough_ahead(position: Position, few: int, most: int) -> int:
    """Return how many pages may be asked while one is late: `few`, and more, up to `most`, the more joined on.

    A step back throws them away: half as many as joined on since the last, or a sixteenth where the total moves.
    """
    doubts = position.doubts
    return max(few, min(most, few + doubts.joined // (16 if doubts.total_moved else 2)))


def pages_ahead(plan: ReadPlan, position: Position, count: int) -> Iterator[Window]:
    """Yield at most `count` pages worth asking now, the next one first."""
    place, doubts = position.place, position.doubts
    window = place.number, place.asked
    yield window
    alone = doubts.is_stepping_back or doubts.is_resumed or doubts.has_gap or position.floor is not None
    alone = alone or doubts.below_end > 0 or (doubts.total_moved and not can_overlap(plan, place))
    alone = alone or (can_overlap(plan, place) and not overlaps_always(plan, position))
    if not position.delivered.ordered:
        # Each step back throws away what was asked ahead, and where no order is kept, a creation may cause one.
        count = min(count, 1 + doubts.joined)
    if doubts.total_moved:
        # So does it here, and pages may show nothing new: a quick account grows by more than a page for each.
        count = min(count, 1 + doubts.joined // 2)
    if not (plan.page and place.total and place.size) or alone:
        return
    wanted = place.total if plan.limit is None else min(place.total, plan.limit)
    if plan.slice:
        wanted = min(wanted, (plan.slice.page - plan.page.start + plan.slice.pages) * place.size)
    overlapping, always, overlap = can_overlap(plan, place), overlaps_always(plan, position), place.overlap
    for _ in range(1, count):
        reached, overlap = _end(plan, window, place.size), less_overlap(overlap, place.size)
        if reached >= wanted:
            return
        most = overlap if always or overlap > OVERLAP else 0
        window = _below(plan.page.start, place.size, reached, most) if overlapping else (window[0] + 1, None)
        yield window

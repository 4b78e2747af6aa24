"""Which page to ask for next, and how: order, filters, and what is left out once the service refused it.

Pure. It does not know what a page holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import orjson

from custify_connector.exchange.wire import Request
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.position import Bridge, Position, without_order

NARROW_OVERLAP_DAYS = 2
"""Custify's day filters do not say whether a bound counts, nor in which time zone (Custify's docs, Filters)."""


def page_request(plan: ReadPlan, position: Position, number: int) -> Request:
    """Return the request for a page; its answer may be decoded where the page is taken."""
    query = {**plan.query, **_order_query(plan, position)}
    if plan.since and plan.since.narrow and position.floor is not None and "narrow" not in position.fallbacks:
        query["filters"] = _narrowed(query.get("filters"), plan.since.cursor, position.floor)
    if plan.page:
        asked = position.doubts.bridge or Bridge(number, position.place.size or 0)
        query[plan.page.parameter] = str(asked.number)
        if plan.page.size_parameter:
            query[plan.page.size_parameter] = str(asked.size)
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


def pages_ahead(plan: ReadPlan, position: Position, count: int) -> range:
    """Return the numbers of at most `count` pages worth asking now, the next one first."""
    place, doubts = position.place, position.doubts
    alone = doubts.is_stepping_back or doubts.is_resumed or doubts.cautious_pages or position.floor is not None
    if not (plan.page and place.total and place.size and position.delivered.ordered) or alone:
        return range(place.number, place.number + 1)
    wanted = place.total if plan.limit is None else min(place.total, plan.limit)
    last = plan.page.start - 1 - (-wanted // place.size)
    if plan.slice:
        last = min(last, plan.slice.page + plan.slice.pages)
    return range(place.number, max(place.number + 1, min(place.number + count, last + 1)))

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
from custify_connector.reading.position import Astride, Position

NARROW_OVERLAP_DAYS = 2
"""Custify's day filters do not say whether a bound counts, nor in which time zone (Custify's docs, Filters)."""


def request(plan: ReadPlan, position: Position, number: int) -> Request:
    """Return the request for a page; its answer may be decoded where the page is taken."""
    query = {**plan.query, **_order_query(plan, position)}
    if plan.since and plan.since.narrow and position.floor is not None and "narrow" not in position.concessions:
        query["filters"] = _narrowed(query.get("filters"), plan.since.cursor, position.floor)
    if plan.page:
        asked = position.astride or Astride(number, position.size or 0)
        query[plan.page.parameter] = str(asked.number)
        if plan.page.size_parameter:
            query[plan.page.size_parameter] = str(asked.size)
    path = plan.fallback_path if plan.fallback_path and "path" in position.concessions else plan.path
    return Request(plan.method, path, tuple(query.items()), plan.body, decoded_later=True)


def _order_query(plan: ReadPlan, position: Position) -> Mapping[str, str]:
    if "order" in position.concessions:
        return {}
    if plan.since and position.floor is not None:
        return plan.since.query
    return plan.order.query if plan.order else {}


def concede(plan: ReadPlan, position: Position, status: int) -> Position | None:
    """Return the position from which to ask more plainly after a refusal; None when there is nothing to give up.

    Custify's docs do not show that every date can be filtered and sorted by, and give two paths for time tracks:
    what is refused is left out, once for the whole run.
    """
    can = {
        "path": status == _NOT_FOUND and plan.fallback_path is not None,
        "narrow": status in _BAD_REQUESTS and _is_narrowed(plan, position),
        "order": status in _BAD_REQUESTS and bool(_order_query(plan, position)),
    }
    word = next((word for word, possible in can.items() if possible and word not in position.concessions), None)
    if word is None:
        return None
    return replace(position, concessions=(*position.concessions, word), ordered=position.ordered and word != "order")


_NOT_FOUND, _BAD_REQUESTS = 404, frozenset({400, 422})


def _is_narrowed(plan: ReadPlan, position: Position) -> bool:
    return plan.since is not None and plan.since.narrow is not None and position.floor is not None


def _narrowed(filters: str | None, cursor: str, floor: str) -> str:
    """Add "changed after that day" to the user's own filters; they are joined by AND (Custify's docs, Filters)."""
    day = date.fromisoformat(floor[:10]) - timedelta(days=NARROW_OVERLAP_DAYS)
    newer = {"fieldName": cursor, "fieldType": "Date", "filterType": "after", "filterValue": day.isoformat()}
    return orjson.dumps([*(orjson.loads(filters) if filters else []), newer]).decode()


def ahead(plan: ReadPlan, position: Position, count: int) -> range:
    """Return the numbers of at most `count` pages worth asking now, the next one first."""
    alone = position.retreating or position.resumed_at is not None or position.unrest or position.floor is not None
    if not (plan.page and position.total and position.size and position.ordered) or alone:
        return range(position.number, position.number + 1)
    wanted = position.total if plan.limit is None else min(position.total, plan.limit)
    last = plan.page.start - 1 - (-wanted // position.size)
    if plan.slice:
        last = min(last, plan.slice.page + plan.slice.pages)
    return range(position.number, max(position.number + 1, min(position.number + count, last + 1)))

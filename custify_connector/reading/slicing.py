"""Dividing a stream into slices by date, so that an engine can read them in parallel and in any order.

Decides where the cuts are: at the dates of records found at even distances. A few requests; a stream that cannot be
cut comes back whole.
"""

from __future__ import annotations

import threading
from itertools import pairwise

from custify_connector.checking.values import sortable
from custify_connector.exchange.client import Client
from custify_connector.reading.fetching import ask
from custify_connector.reading.order import is_ordered
from custify_connector.reading.page import Page
from custify_connector.reading.plan import ReadPlan, Slice
from custify_connector.reading.position import Place, Position
from custify_connector.reading.state import Progress
from custify_connector.records.identities import field_value

_NEVER = threading.Event()


def slices(client: Client, plan: ReadPlan, parts: int) -> list[Slice]:
    """Return at most `parts` slices that together hold every record; none when the stream cannot be cut.

    Raises what reading a page raises.
    """
    whole = plan.partitions or plan.since or plan.limit or plan.slice
    if parts < 2 or whole or plan.page is None or plan.order is None or not plan.order.descending:  # noqa: PLR2004
        return []
    first = _page(client, plan, plan.page.start, plan.page.size)
    total = first.total or 0
    capped = len(first.records) < min(plan.page.size, total)
    if total < parts or capped or not is_ordered(plan, first):
        return []
    places = [total * part // parts for part in range(1, parts)]
    cuts = [_date_at(client, plan, place) for place in places]
    return _between(plan, places, cuts, total)


def _page(client: Client, plan: ReadPlan, number: int, size: int) -> Page:
    page, _ = ask(client, plan, Progress(None, Position(Place(number, size))), (number, None), _NEVER)()
    return page


def _date_at(client: Client, plan: ReadPlan, place: int) -> str | None:
    """Return the date of the record at a place (from 0), by asking for a page of one."""
    assert plan.page  # noqa: S101 - the caller has looked
    assert plan.order  # noqa: S101 - as above
    records = _page(client, plan, plan.page.start + place, 1).records
    value = field_value(records[0], plan.order.field) if records else None
    return sortable(value)


def _between(plan: ReadPlan, places: list[int], cuts: list[str | None], total: int) -> list[Slice]:
    """Return the slices between the cuts, newest first; none when the cuts show that the order is not kept."""
    assert plan.page  # noqa: S101 - the caller has looked
    kept = [(place, date) for place, date in zip(places, cuts, strict=True) if date is not None]
    dates = [date for _, date in kept]
    if len(kept) < len(cuts) or dates != sorted(dates, reverse=True):
        return []
    distinct = dict((date, place) for place, date in reversed(kept))  # noqa: C402 - the first place of each date wins
    bounds = [(None, 0), *sorted(distinct.items(), key=lambda cut: cut[1]), (None, total)]
    size = plan.page.size
    return [
        Slice(start, end, plan.page.start + place // size, max(1, -(-(until - place) // size)))
        for (end, place), (start, until) in pairwise(bounds)
    ]

"""The dates of records: which field gives a stream its order, and whether records come newest first by it.

Pure. Does not know where a read is, or what is done when the order is not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custify_connector.checking.texts import Json
from custify_connector.checking.values import moment_of, timestamp
from custify_connector.reading.page import Page
from custify_connector.reading.plan import ReadPlan
from custify_connector.records.envelopes import Record


def date_field(plan: ReadPlan, floor: str | None) -> str | None:
    """Return the field by whose date records are asked for newest first; None where no such order is asked for."""
    if plan.since and floor is not None:
        return plan.since.cursor
    return plan.order.field if plan.order and plan.order.descending else None


def dates_of(plan: ReadPlan, floor: str | None, records: list[Record]) -> list[str | None]:
    """Return the dates of a page's records, each as text that sorts by time."""
    name = date_field(plan, floor)
    if name is None:
        return [None] * len(records)
    found: list[Any] = [record.get(name) for record in records]
    in_utc = set(map(type, found)) <= {str} and {value[-1:] for value in found} <= {"Z"}
    return found if in_utc else [*map(sortable, found)]


def date_of(plan: ReadPlan, floor: str | None, record: Mapping[str, Any]) -> str | None:
    """Return the date of one record."""
    name = date_field(plan, floor)
    return sortable(record.get(name)) if name else None


def sortable(value: Json) -> str | None:
    """Return a date as text that sorts by time: Custify writes UTC with a Z; any other zone is turned into it."""
    if not isinstance(value, str) or value.endswith("Z"):
        return value if isinstance(value, str) else None
    try:
        return timestamp(moment_of(value))
    except (ValueError, OverflowError):
        return value


def descending(values: list[str | None]) -> bool:
    """Return whether dates come newest first; they are compared as text, so one without a date breaks the order."""
    return None not in values and values == sorted(values, reverse=True)  # type: ignore[type-var] # None was looked for


def is_ordered(plan: ReadPlan, page: Page) -> bool:
    """Return whether a page's records come newest first by the date of the plan's order."""
    return plan.order is not None and descending([sortable(record.get(plan.order.field)) for record in page.records])

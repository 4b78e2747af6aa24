"""The dates of records: which field gives a stream its order, and whether records come newest first by it.

Pure. Does not know where a read is, or what is done when the order is not kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custify_connector.checking.identity import field_value, field_values
from custify_connector.checking.values import all_sortable, sortable
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
    return all_sortable(field_values(records, name))


def date_of(plan: ReadPlan, floor: str | None, record: Mapping[str, Any]) -> str | None:
    """Return the date of one record."""
    name = date_field(plan, floor)
    return sortable(field_value(record, name)) if name else None


def descending(values: list[str | None]) -> bool:
    """Return whether dates come newest first; they are compared as text, so one without a date breaks the order."""
    return None not in values and values == sorted(values, reverse=True)  # type: ignore[type-var] # None was looked for


def is_ordered(plan: ReadPlan, page: Page) -> bool:
    """Return whether a page's records come newest first by the date of the plan's order."""
    return plan.order is not None and descending(all_sortable(field_values(page.records, plan.order.field)))

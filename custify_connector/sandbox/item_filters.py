"""Filters on tasks, tickets and notes: `{field, values}`, OR inside a field, AND between fields.

Decided here: which fields each of the three lists offers and what a value selects; and free text search.
Source: Custify's docs, Tasks, Tickets, Notes. This file does not know lists or pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .date_filters import window
from .dates import now, today
from .refusals import malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .table import Record

    Test = Callable[[Record], bool]
    Choice = Callable[[Record, str], bool]


def item_predicate(filters: object, choices: dict[str, Choice]) -> Test:
    """Return what decides whether a record passes all `filters`; refuse malformed ones and unknown fields (400)."""
    if not isinstance(filters, list):
        raise malformed("filters must be a JSON array")
    tests = [_test(one, choices) for one in filters]
    return lambda record: all(test(record) for test in tests)


def _test(one: object, choices: dict[str, Choice]) -> Test:
    if not isinstance(one, dict) or not isinstance(one.get("field"), str):
        raise malformed("every filter must be an object with field and values")
    choice = choices.get(one["field"])
    if choice is None:
        raise malformed(f"cannot filter by {one['field']!r}")
    if "startDate" in one and "endDate" in one:
        first, last = str(one["startDate"])[:10], str(one["endDate"])[:10]
        return lambda record: first <= str(record.get("dueDate") or "")[:10] <= last
    values = one.get("values")
    if not isinstance(values, list):
        raise malformed("values of a filter must be a list")
    return lambda record: any(choice(record, str(value)) for value in values)


def _holds(field: str) -> Choice:
    """Select records whose `field` is the value, or holds it."""

    def choose(record: Record, value: str) -> bool:
        held = record.get(field)
        return value in held if isinstance(held, list) else held == value

    return choose


def _task_status(record: Record, value: str) -> bool:
    """Say whether a task has a status, as Custify's own MCP server explains the six of them."""
    snoozed = str(record.get("snoozedUntilDate") or "") > now()
    if value == "snoozed":
        return snoozed
    due, day = str(record.get("dueDate") or "9999")[:10], today().isoformat()
    derived = {"open": True, "overdue": due < day, "on time": due >= day, "outstanding": due <= day}
    if value in derived:
        return record["status"] == "open" and not snoozed and derived[value]
    return bool(record["status"] == value)


def _due_on(record: Record, value: str) -> bool:
    due, this_month = str(record.get("dueDate") or "")[:10], window("this_month")
    if value == "past_due":
        return "" < due < today().isoformat()
    if value == "later" and this_month is not None:
        return due > this_month[1]
    days = window(value)
    if days is None:
        raise malformed(f"dueOn knows no {value!r}")
    return days[0] <= due <= days[1]


def _created_by_entity(record: Record, value: str) -> bool:
    kind, _, key = value.partition("_")
    if kind == "integration":
        return bool(record.get("externalProvider") == key)
    return record.get("createdByType") == kind and (not key or record.get("createdBy") == key)


def _mentioning(record: Record, value: str) -> bool:
    return value in (record.get("metadata") or {}).get("mentionedUsers", [])


TASK_CHOICES: dict[str, Choice] = {
    **{field: _holds(field) for field in ("createdBy", "company", "assignedTo", "tags", "priority", "people")},
    "status": _task_status,
    "dueOn": _due_on,
}
TICKET_CHOICES: dict[str, Choice] = {
    field: _holds(field) for field in ("ticketStatus", "priority", "assignedToName", "provider", "tags")
}
NOTE_CHOICES: dict[str, Choice] = {
    "tags": _holds("tags"),
    "createdByEntity": _created_by_entity,
    "mentioning": _mentioning,
}


def search_predicate(term: str, fields: Collection[str]) -> Test:
    """Return what decides whether a record has the text anywhere in `fields`, whatever the case."""
    folded = term.casefold()
    return lambda record: any(folded in str(record.get(field) or "").casefold() for field in fields)

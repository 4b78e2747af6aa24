"""How far the read of a stream has come: values, and the dates of records by which that is told.

Pure. Decides where a read begins, and what "newest first" means. It does not know which page to ask, or what is new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from custify_connector.checking.texts import Json
from custify_connector.checking.values import moment_of, timestamp
from custify_connector.reading.plan import ReadPlan
from custify_connector.records.envelopes import Record
from custify_connector.records.identities import Seen


@dataclass(frozen=True)
class Page:
    """One answered page: its records, and the identity of each; no records where the answer was 404.

    `after` tells that it was asked when the page before had been answered.
    """

    number: int
    records: list[Record]
    identities: list[str]
    total: int | None = None
    after: bool = True


@dataclass(frozen=True)
class Astride:
    """A page of another size than the others, so that it reaches to both sides of a border between them."""

    number: int
    size: int


@dataclass(frozen=True)
class Position:
    """How far a read has come: everything below `number` is delivered, down to the record whose date is `edge`."""

    number: int
    size: int | None
    total: int | None = None
    collected: int = 0
    fullest: int = 0
    top: str | None = None
    edge: str | None = None
    tail: tuple[str, ...] = ()
    ordered: bool = True
    floor: str | None = None
    concessions: tuple[str, ...] = ()
    unrest: int = 0
    moved: bool = False
    futile: int = 0
    covered: str | None = None
    previous: tuple[str, ...] = ()
    retreating: bool = False
    confirmed: bool = False
    resumed_at: int | None = None
    held: Page | None = None
    astride: Astride | None = None


@dataclass(frozen=True)
class Step:
    """What one page led to: new records, the position after them, and whether the stream has ended.

    `flush` tells that pages asked ahead no longer fit.
    """

    records: list[Record]
    position: Position
    done: bool = False
    flush: bool = False


def start(plan: ReadPlan, floor: str | None) -> Position:
    """Return the position before the first page; `floor` is the cursor of an incremental read."""
    if not plan.page:
        return Position(1, None, floor=floor)
    size = plan.page.size if plan.limit is None else min(plan.page.size, plan.limit)
    fresh = Position(plan.page.start, size, ordered=date_field(plan, floor) is not None, floor=floor)
    part = plan.slice
    if part is None or part.end is None or part.page <= plan.page.start:
        return fresh
    # A slice begins like a read that goes on: its first page must reach back into the slice before it.
    return replace(fresh, number=part.page, resumed_at=part.page, edge=part.end)


def seen_before(position: Position) -> Seen:
    """Return the memory of identities with which a read begins or goes on."""
    return Seen(ordered=position.ordered, identities=position.tail)


def reach(plan: ReadPlan, position: Position, page: Page) -> int:
    """Return how many records there are down to the end of a page."""
    assert plan.page  # noqa: S101 - only paged streams come here
    asked = position.astride or Astride(page.number, position.size or 0)
    return (asked.number - plan.page.start) * asked.size + len(page.records)


def is_ordered(plan: ReadPlan, page: Page) -> bool:
    """Tell whether a page's records come newest first by the date of the plan's order."""
    return plan.order is not None and descending([sortable(record.get(plan.order.field)) for record in page.records])


def sortable(value: Json) -> str | None:
    """Return a date as text that sorts by time: Custify writes UTC with a Z; any other zone is turned into it."""
    if not isinstance(value, str) or value.endswith("Z"):
        return value if isinstance(value, str) else None
    try:
        return timestamp(moment_of(value))
    except (ValueError, OverflowError):
        return value


def descending(values: list[str | None]) -> bool:
    """Tell whether dates come newest first; they are compared as text, so one without a date breaks the order."""
    return None not in values and values == sorted(values, reverse=True)  # type: ignore[type-var] # None was looked for


def date_field(plan: ReadPlan, floor: str | None) -> str | None:
    """Return the field by whose date records come newest first; None where no such order is asked for."""
    if plan.since and floor is not None:
        return plan.since.cursor
    return plan.order.field if plan.order and plan.order.descending else None


def dates_of(plan: ReadPlan, position: Position, records: list[Record]) -> list[str | None]:
    """Return the dates of a page's records, each as text that sorts by time."""
    name = date_field(plan, position.floor)
    if name is None:
        return [None] * len(records)
    found: list[Any] = [record.get(name) for record in records]
    in_utc = set(map(type, found)) <= {str} and {value[-1:] for value in found} <= {"Z"}
    return found if in_utc else [*map(sortable, found)]


def date_of(plan: ReadPlan, position: Position, record: Mapping[str, Any]) -> str | None:
    """Return the date of one record."""
    name = date_field(plan, position.floor)
    return sortable(record.get(name)) if name else None

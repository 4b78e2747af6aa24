"""The order of a list.

Decided here: which order a request asks for, and how records of mixed or missing values stand in it. Ties stand in
the order of ids, or anyhow where a quirk says so. Source: Custify's docs, Sorting. This file does not know paging.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .fields import NESTED, compared, value_at
from .refusals import malformed

if TYPE_CHECKING:
    from .call import Call
    from .table import Record

_ALWAYS = frozenset({"id", "created_at", "updated_at"})
Ordering = Literal["sorting", "sort", "both", "none"]


@dataclass(frozen=True)
class Order:
    """Sort by `field`, upwards or downwards; `sticky` puts sticky records first; no field leaves the order of ids."""

    field: str | None = None
    descending: bool = False
    sticky: bool = False


def asked_order(call: Call, ordering: Ordering, fields: str, default: Order) -> Order:
    """Return the order a request asks for in the way its endpoint offers; refuse what it cannot sort by (400)."""
    if call.quirks.ignore_sorting:
        return default
    order = _by_sorting(call) if ordering in {"sorting", "both"} else None
    if order is None and ordering in {"sort", "both"}:
        order = _by_sort(call, default)
    if order is None:
        return default
    if order.field not in (*_ALWAYS, *fields.split()) and not str(order.field).startswith(NESTED):
        raise malformed(f"cannot sort by {order.field!r}")
    return order


def _by_sorting(call: Call) -> Order | None:
    sorting = call.json("sorting")
    if sorting is None:
        return None
    if not isinstance(sorting, dict) or not isinstance(sorting.get("field"), str):
        raise malformed('sorting must be a JSON object {"field", "direction"}')
    return Order(sorting["field"], _descending(sorting.get("direction", "asc"), "sorting.direction"))


def _by_sort(call: Call, default: Order) -> Order | None:
    sort, order = call.text("sort"), call.text("order")
    if sort is None and order is None:
        return None
    descending = _descending(order, "order") if order else (default.descending if sort == default.field else False)
    return Order(sort or default.field, descending)


def _descending(direction: object, name: str) -> bool:
    if direction not in {"asc", "desc"}:
        raise malformed(f"{name} must be asc or desc")
    return direction == "desc"


def sorted_ids(records: list[Record], order: Order, *, shuffle: random.Random | None = None) -> list[str]:
    """Return the ids of records, given in the order of ids, in the order asked for; `shuffle` mixes the ties."""
    if shuffle is not None:
        records = shuffle.sample(records, len(records))
    if order.field is not None:
        records = _by_field(records, order.field, descending=order.descending)
    if order.sticky:
        records = sorted(records, key=lambda record: not record.get("sticky"))
    return [record["id"] for record in records]


def _by_field(records: list[Record], field: str, *, descending: bool) -> list[Record]:
    if "." not in field and all(type(record.get(field)) is str for record in records):
        return sorted(records, key=lambda record: str(record[field]), reverse=descending)
    return sorted(records, key=lambda record: _rank(compared(value_at(record, field))), reverse=descending)


def _rank(value: object) -> tuple[int, float, str]:
    """Order values of any type: nothing, then numbers, then texts, then the rest."""
    if value is None:
        return (0, 0.0, "")
    if isinstance(value, int | float):
        return (1, float(value), "")
    return (2, 0.0, value) if isinstance(value, str) else (3, 0.0, str(value))

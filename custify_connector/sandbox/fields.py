"""How a value is found in a record by the name that the API gives it, and to which segments a record belongs.

Decided here: the names below `custom_attributes` and `metrics`, what counts as unknown, and membership of segments,
which the docs leave to the account's own conditions: here it follows from the record's id.
This file does not know filters or orders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .content import Content
    from .table import Record

ATTRIBUTE = "custom_attributes."
NESTED = (ATTRIBUTE, "metrics.")
_ONE_IN = 8


def value_at(record: Record, name: str) -> object:
    """Return the value that `name` (`plan`, `custom_attributes.seats`, `metrics.health_scores.ID`) has, or None."""
    if name.startswith(ATTRIBUTE):
        attributes = record.get("custom_attributes") or {}
        found: object = attributes.get(name[len(ATTRIBUTE) :])
        return found
    if "." not in name:
        return record.get(name)
    value: object = record
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def compared(value: object) -> object:
    """Return what stands for a value in orders and filters: of a health score its score, of a currency its amount."""
    return value.get("score", value.get("value", value)) if isinstance(value, dict) else value


def is_unknown(value: object) -> bool:
    """Say whether a value counts as unknown: absent, null, or empty."""
    return value is None or value in ("", [])


def segments_of(content: Content, kind: str, record: Record) -> list[Record]:
    """Return the segments that a record of `people` or `companies` belongs to, as {id, name}."""
    wanted = "people" if kind == "people" else "company"
    number = int(record["id"][-6:], 16)
    segments = [one for one in content.table("segments") if one["type"] == wanted]
    return [
        {"id": one["id"], "name": one["name"]} for place, one in enumerate(segments) if (number + place) % _ONE_IN == 0
    ]

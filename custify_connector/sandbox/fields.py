"""How a value is found in a record by the name that the API gives it.

Decided here: the names below `custom_attributes` and `metrics`, and what counts as unknown.
This file does not know filters or orders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .table import Record

ATTRIBUTE = "custom_attributes."
NESTED = (ATTRIBUTE, "metrics.")


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


def is_unknown(value: object) -> bool:
    """Say whether a value counts as unknown: absent, null, or empty."""
    return value is None or value in ("", [])

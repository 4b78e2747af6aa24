"""Values as JSON can carry them: what hosts hand over (dates, decimals, numpy scalars) becomes plain JSON.

Pure. Decides how a value is written; nothing is rounded, guessed or dropped.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime, timezone
from decimal import Decimal
from uuid import UUID

from custify_connector.wire import Json

MAXIMUM_DEPTH = 32


class NotJson(ValueError):
    """A value that JSON cannot carry: `place` is the dotted path of it, the text says why."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(reason)
        self.place = place


def plain(value: object, place: str = "") -> Json:
    """Return `value` as plain JSON; raises NotJson for what JSON has no form for (NaN, bytes, other objects)."""
    if value is None or isinstance(value, (bool, int, str)):
        return value if type(value) in _EXACT else _scalar(value)
    if place.count(".") + place.count("[") > MAXIMUM_DEPTH:
        raise NotJson(place, f"is nested deeper than {MAXIMUM_DEPTH} levels")
    if isinstance(value, Mapping):
        return {_name(name, place): plain(inner, f"{place}.{name}".lstrip(".")) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner, f"{place}[{index}]") for index, inner in enumerate(value)]
    return _other(value, place)


_EXACT = frozenset({type(None), bool, int, str})


def _scalar(value: str | int | None) -> Json:
    return str(value) if isinstance(value, str) else int(value or 0)


def _name(name: object, place: str) -> str:
    if not isinstance(name, str):
        raise NotJson(place, f"has a field name that is {type(name).__name__}, not text")
    return name


def _other(value: object, place: str) -> Json:
    if isinstance(value, float):
        return _finite(value, place)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else _finite(float(value), place)
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise NotJson(place, f"is {type(value).__name__}, which JSON has no form for")


def _finite(value: float, place: str) -> float:
    if not math.isfinite(value):
        raise NotJson(place, f"is {value}, which JSON has no form for")
    return float(value)


def timestamp(value: datetime) -> str:
    """Return a date as Custify writes them, in UTC with milliseconds; one without a zone is taken for UTC."""
    aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""Values as JSON can carry them: what hosts pass (dates, decimals, numpy scalars) becomes plain JSON.

Pure. Decides how a value is written, and a moment read; nothing is rounded, guessed or dropped.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timezone
from decimal import Decimal
from numbers import Integral
from uuid import UUID

import orjson

from custify_connector.checking.json_values import dumps
from custify_connector.checking.texts import Json
from custify_connector.contract.errors import ConfigurationError, Fault

MAXIMUM_DEPTH = 32
EXACT_INTEGERS = 2**53
"""Up to here every whole number is kept by a reader that has floats alone, as JavaScript."""


class NotJson(ValueError):
    """A value that JSON cannot carry: `place` is the dotted path of it, the text says why."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(reason)
        self.place = place


def dumped(value: object, *, sort: bool = True) -> bytes:
    """Return a value as JSON for our own files; what JSON has no form for is written as text, so that it can be kept.

    A number stays the number that it is. NaN and infinities, which are not JSON, are written as JavaScript names them:
    as null they would clear a field when they are sent again.
    """
    try:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS if sort else None, default=_kept)
        return text if b"null" not in text or is_finite(value) else json.dumps(value, default=str).encode()
    except TypeError:
        with suppress(TypeError):
            return dumps(value, sort=sort)
        return json.dumps(value, default=str).encode()


def _kept(value: object) -> str | orjson.Fragment:
    is_number = isinstance(value, Decimal) and value.is_finite()
    return orjson.Fragment(str(value)) if is_number else str(value)


def is_finite(value: object) -> bool:
    """Return whether a value holds no NaN and no infinity."""
    left = [value]  # not a recursion: a value may be nested as deeply as the parser goes
    while left:
        item = left.pop()
        if isinstance(item, float) and not math.isfinite(item):
            return False
        left += item.values() if isinstance(item, Mapping) else item if isinstance(item, (list, tuple)) else ()
    return True


def plain(value: object, place: str = "", depth: int = 0) -> Json:
    """Return `value` as plain JSON; raises NotJson for what JSON has no form for (NaN, bytes, other objects)."""
    if value is None or isinstance(value, (bool, int, str)):
        return _sound(value if type(value) in _EXACT else _scalar(value), place)
    if depth > MAXIMUM_DEPTH:
        raise NotJson(place, f"is nested deeper than {MAXIMUM_DEPTH} levels")
    if isinstance(value, Mapping):
        return {
            _name(name, place): plain(inner, f"{place}.{name}".lstrip("."), depth + 1) for name, inner in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [plain(inner, f"{place}[{index}]", depth + 1) for index, inner in enumerate(value)]
    return _other(value, place)


def plain_argument(value: object, place: str) -> Json:
    """Return an argument as plain JSON; raises ConfigurationError for what JSON has no form for."""
    try:
        return plain(value)
    except NotJson as error:
        raise ConfigurationError((Fault(f"{place}.{error.place}".rstrip("."), str(error)),)) from None


_EXACT = frozenset({type(None), bool, int, str})


def _scalar(value: str | int | None) -> Json:
    return str.__str__(value) if isinstance(value, str) else int(value or 0)


def _sound(value: Json, place: str) -> Json:
    """Return a text that UTF-8 can carry, or a number that its readers keep: 64 bits."""
    if isinstance(value, str) and not value.isascii() and not _is_utf8(value):
        raise NotJson(place, "contains half a character (a lone surrogate), which JSON cannot represent")
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        raise NotJson(place, "is an integer of more than 64 bits: write it as text")
    return value


def _name(name: object, place: str) -> str:
    if not isinstance(name, str):
        raise NotJson(place, f"has a field name that is {type(name).__name__}, not text")
    if not name.isascii() and not _is_utf8(name):
        raise NotJson(place, f"has a field name with half a character (a lone surrogate): {name!a}")
    return name


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _other(value: object, place: str) -> Json:
    if isinstance(value, float):
        return _finite(value, place)
    if isinstance(value, Decimal):
        return _decimal(value, place)
    if isinstance(value, datetime):
        return _moment(value, place)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, Integral):  # numpy's whole numbers
        return _sound(int(value), place)
    raise NotJson(place, f"is {type(value).__name__}, which JSON cannot represent")


def _decimal(value: Decimal, place: str) -> float | int:
    if not value.is_finite():
        raise NotJson(place, f"is {str(value).lower()}, which JSON cannot represent")
    if value.adjusted() < _MOST_DIGITS and value == value.to_integral_value():
        whole: int = _sound(int(value), place)
        return whole
    number = float(value)
    if Decimal(repr(number)) != value:
        raise NotJson(place, "has more digits than a JSON number keeps: round it, or write it as text")
    return number


_MOST_DIGITS = 20


def _moment(value: datetime, place: str) -> str:
    try:
        return timestamp(value, "auto" if value.microsecond % 1000 else "milliseconds")
    except OverflowError:
        raise NotJson(place, "is a date that does not exist in UTC") from None


def _finite(value: float, place: str) -> float:
    if not math.isfinite(value):
        raise NotJson(place, f"is {value}, which JSON cannot represent")
    return float(value)


_DAY = r"(\d{4}-\d\d-\d\d)"
_CLOCK = r"(\d\d:\d\d:\d\d)(?:\.(\d+))?"
_ZONE = r"(Z|[+-]\d\d:?\d\d(?::\d\d)?)"
_MOMENT = re.compile(f"{_DAY}(?:[T ]{_CLOCK}{_ZONE}?)?", re.ASCII)


def moment_of(text: str) -> datetime:
    """Return the moment that an ISO 8601 text names, to the microsecond; in UTC where it names no zone.

    Raises ValueError when it names none. Python's own reader takes some of these forms only from 3.11 on: a Z, a zone
    without a colon, parts of a second that are neither 3 nor 6 digits.
    """
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a date and time")
    day, clock, fraction, zone = found.groups(default="")
    offset = f"{zone[:3]}:{zone[3:].removeprefix(':')}" if zone not in {"", "Z"} else "+00:00"
    return datetime.fromisoformat(f"{day}T{clock or '00:00:00'}.{fraction[:6]:0<6}{offset}")


_CANONICAL = re.compile(rf"{_DAY}T\d\d:\d\d:\d\d[.]\d{{3}}Z", re.ASCII)
_CANONICALS = re.compile(rf"{_CANONICAL.pattern}(?:\n{_CANONICAL.pattern})*", re.ASCII)
_CANONICAL_LENGTH = len("2026-03-10T14:00:00.000Z\n")
_ZONED = re.compile(f"{_DAY}[T ]{_CLOCK}{_ZONE}", re.ASCII)


def sortable(value: Json) -> str | None:
    """Return a date as text that sorts by time, as Custify writes it; None where it names no moment for certain.

    A bare day, or a time without a zone, may be hours from where it seems to be.

    >>> sortable("2026-03-10T14:00:00+02:00"), sortable("2026-03-10"), sortable("1796032195")
    ('2026-03-10T12:00:00.000Z', None, None)
    """
    if not isinstance(value, str) or _CANONICAL.fullmatch(value):
        return value if isinstance(value, str) else None
    try:
        return timestamp(moment_of(value)) if _ZONED.fullmatch(value) else None
    except (ValueError, OverflowError):
        return None


def all_sortable(values: list[Json]) -> list[str | None]:
    """Return `sortable` of each value; a page of dates as Custify writes them costs one look."""
    try:
        text = "\n".join(values)
    except TypeError:
        text = ""
    if len(text) == len(values) * _CANONICAL_LENGTH - 1 and _CANONICALS.fullmatch(text):
        return values
    return [sortable(value) for value in values]


def timestamp(value: datetime, precision: str = "milliseconds") -> str:
    """Return a date as Custify writes them, in UTC with milliseconds; one without a zone is taken for UTC."""
    aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    return aware.astimezone(timezone.utc).isoformat(timespec=precision).replace("+00:00", "Z")

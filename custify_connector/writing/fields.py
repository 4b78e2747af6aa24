"""The fields of a record as the service keeps them: identifiers are text, whole numbers are integers, days exist.

Pure. What has one exact form is given it; what could be meant in two ways is a fault. This file does not know requests.
"""

from __future__ import annotations

import math
import re
import shlex
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from numbers import Integral
from typing import Any

from custify_connector.checking.texts import Json
from custify_connector.checking.values import EXACT_INTEGERS
from custify_connector.contract.errors import Fault

Fields = Callable[[Any, str, list[Fault]], Any]
"""Returns a value in the form of its schema; what has none is added to the faults, with its place."""


def compile_fields(schema: Mapping[str, Any], *, any_ids: bool = False) -> Fields:
    """Return the function that gives a record the forms of its schema; `any_ids` takes `NULL` for an identifier."""
    leaves = {**_LEAVES, "identifier": _name} if any_ids else _LEAVES
    return _fields(schema, leaves) or (lambda value, _place, _faults: value)


def _fields(schema: Mapping[str, Any], leaves: Mapping[str, Fields]) -> Fields | None:
    """Return the function for one schema; None where it asks for no form."""
    types = schema.get("type", ())
    types = [types] if isinstance(types, str) else types
    leaf = leaves.get(str(schema.get("format")))
    if leaf is None and "integer" in types and not {"number", "string"} & set(types):
        leaf = _integer
    inner = {name: form for name, each in schema.get("properties", {}).items() if (form := _fields(each, leaves))}
    item = _fields(schema["items"], leaves) if isinstance(schema.get("items"), Mapping) else None
    if not (leaf or inner or item):
        return None

    def fields(value: Any, place: str, faults: list[Fault]) -> Any:  # noqa: ANN401 - any value of a host
        if type(value) is str:
            return leaf(value, place, faults) if leaf else value
        if isinstance(value, Mapping):
            return _object(value, inner, place, faults) if inner else value
        if isinstance(value, (list, tuple)):
            return [item(each, f"{place}[{at}]", faults) for at, each in enumerate(value)] if item else value
        return leaf(value, place, faults) if leaf else value

    return fields


def _object(value: Mapping[str, Any], inner: Mapping[str, Fields], place: str, faults: list[Fault]) -> dict[str, Any]:
    before, found = f"{place}." if place else "", dict(value)
    for name in inner.keys() & found.keys():
        found[name] = inner[name](found[name], before + name, faults)
    return found


def _identifier(value: Any, place: str, faults: list[Fault]) -> Any:  # noqa: ANN401 - any value of a host
    if isinstance(value, str) and value in _MARKERS:
        reason = (
            f"is {value!r}, which stands for nothing in most files: leave it out (--null-marker {shlex.quote(value)})"
        )
        faults.append(Fault(place, f"{reason}, or send it all the same: settings.check_ids false, or --any-ids"))
        return value
    return _name(value, place, faults)


_WORDS = (
    "null",
    "(null)",
    "<null>",
    r"\n",
    "none",
    "nil",
    "nan",
    "n/a",
    "#n/a",
    "undefined",
    "-",
    "--",
    "#ref!",
    "#value!",
)
_MARKERS = frozenset(form for word in _WORDS for form in (word, word.upper(), word.title(), word.replace("nan", "NaN")))
"""What exports write for nothing: as an identifier it would make one record of all that have none."""


def _name(value: Any, place: str, faults: list[Fault]) -> Any:  # noqa: ANN401 - any value of a host
    if isinstance(value, str):
        if reason := white_space(value):
            faults.append(Fault(place, reason))
        return value
    return _digits(value, place, faults)


def _digits(value: Any, place: str, faults: list[Fault]) -> Any:  # noqa: ANN401 - any value of a host
    whole = _whole(value, place, faults)
    return str(whole) if isinstance(whole, int) and not isinstance(whole, bool) else whole


def _integer(value: Any, place: str, faults: list[Fault]) -> Any:  # noqa: ANN401 - any value of a host
    return _whole(value, place, faults) if isinstance(value, float) and value.is_integer() else value


def _whole(value: Any, place: str, faults: list[Fault]) -> Any:  # noqa: ANN401 - any value of a host
    """Return a number that is whole as an int; one that is not, or whose digits are not known, is a fault."""
    if isinstance(value, Integral) and value is not True and value is not False:
        return int(value)
    if not isinstance(value, (float, Decimal)) or not _is_finite(value):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) > EXACT_INTEGERS:
        faults.append(Fault(place, f"is {value!r}, a number that may have lost its last digits: give it as text"))
    elif not _is_whole(value):
        faults.append(Fault(place, f"is {value}, which is not an integer: give it as text"))
    else:
        return int(value)
    return str(value)


def _is_finite(value: float | Decimal) -> bool:
    return value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)


def _is_whole(value: float | Decimal) -> bool:
    """Return whether a number is whole, and no longer than a name can be."""
    if isinstance(value, float):
        return value.is_integer()
    return value.adjusted() < _MOST_DIGITS and value == value.to_integral_value()


_MOST_DIGITS = 255


def white_space(text: str) -> str | None:
    """Return what is wrong with a name that begins or ends with what no reader sees; None when nothing is."""
    if not text or (text.isascii() and text == text.strip()) or not (_is_unseen(text[0]) or _is_unseen(text[-1])):
        return None
    if all(map(_is_unseen, text)):
        return f"is {text[:40]!r}, which is only white space: leave it out, or trim it (--trim)"
    return f"is {text[:40]!r}, which starts or ends with white space: trim it (--trim)"


def _is_unseen(character: str) -> bool:
    return character.isspace() or (not character.isascii() and unicodedata.category(character) == "Cf")


def _day(value: Any, place: str, faults: list[Fault]) -> Any:  # noqa: ANN401 - any value of a host
    """Refuse a day that no calendar has, which a pattern cannot know."""
    if isinstance(value, str) and not _may_be_day(value[:10]):
        faults.append(Fault(place, f"is {value!r}: the calendar has no such day"))
    return value


@lru_cache(maxsize=1000)
def _may_be_day(text: str) -> bool:
    """Return whether the calendar has a day, or the text does not have the form of one, which its pattern rejects."""
    if not _DAY_FORM.fullmatch(text):
        return True
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


_DAY_FORM = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


_LEAVES: Mapping[str, Fields] = {
    "identifier": _identifier,
    "object-id": _digits,
    "phone": _digits,
    "custify-date": _day,
}


def rounded(value: Json) -> tuple[Fault, ...]:
    """Return the whole numbers that a service would round, which reads numbers as JavaScript does."""
    if isinstance(value, int):
        if -EXACT_INTEGERS <= value <= EXACT_INTEGERS:
            return ()
        reason = f"is {value}, which Custify would round: numbers are exact up to {EXACT_INTEGERS:,}; give it as text"
        return (Fault("", reason),)
    found: tuple[Fault, ...] = ()
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        if isinstance(each, (int, dict, list)) and (faults := rounded(each)):
            at = f"[{name}]" if isinstance(name, int) else name
            found += tuple(Fault(_joined(at, fault.place), fault.reason) for fault in faults)
    return found


def _joined(outer: str, inner: str) -> str:
    return outer + inner if inner[:1] in {"", "["} else f"{outer}.{inner}"

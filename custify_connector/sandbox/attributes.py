"""Custom attributes of people and companies, and the `$unset` of a body.

Decided here: which names and values are allowed, and how the first value fixes an attribute's type: date, number,
boolean, text are tried in this order, so a first "007" is stored as 7. Later values that can be read as that type are;
others are stored as sent; what may be removed, and that no field is set and unset at once.
Source: Custify's docs, Custom attributes, Removing fields. This file does not know people or companies.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .dates import normal_date
from .fields import ATTRIBUTE
from .refusals import malformed
from .rules import INT32

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from .content import Content
    from .quirks import Quirks
    from .table import Record

MOST = 250
_LONGEST_NAME, _LONGEST_TEXT = 190, 255
_EXACT_DIGITS = 15
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?", re.ASCII)


def merged_attributes(content: Content, quirks: Quirks, kind: str, body: Record, held: Record) -> Record:
    """Return the attributes of `held` after those that a body sets and removes; refuse what is not allowed (400).

    Under the quirk `type_lock`, a first value fixes its attribute's type, kept in `content.attribute_types`.
    """
    sent = body.get("custom_attributes", {})
    if not isinstance(sent, dict):
        raise malformed("custom_attributes must be an object")
    for name, value in sent.items():
        _judge_name(name)
        _judge_value(name, value, content.attribute_types.get((kind, name)))
    stored = {n: _stored(content, (kind, n), value) for n, value in sent.items()} if quirks.type_lock else sent
    removed = body.get("$unset", [])
    merged = {**(held.get("custom_attributes") or {}), **stored}
    merged = {name: value for name, value in merged.items() if f"{ATTRIBUTE}{name}" not in removed}
    if len(merged) > MOST:
        raise malformed(f"custom_attributes must have at most {MOST} fields")
    return merged


def removals(body: Record, allowed: Collection[str]) -> frozenset[str]:
    """Return the names that `$unset` lists; refuse what may not be removed or is set as well (400)."""
    names = body.get("$unset", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise malformed("$unset must be a list of names")
    for name in names:
        if name not in allowed and not name.startswith(ATTRIBUTE):
            raise malformed(f"$unset: {name} cannot be removed")
        attribute = name[len(ATTRIBUTE) :] if name.startswith(ATTRIBUTE) else None
        if name in body or attribute in (body.get("custom_attributes") or {}):
            raise malformed(f"$unset: {name} is set in the same request")
    return frozenset(names)


def _judge_name(name: str) -> None:
    where = f"custom_attributes.{name}"
    if not name or len(name) > _LONGEST_NAME:
        raise malformed(f"{where}: a name must have 1 to {_LONGEST_NAME} characters")
    if "." in name or "$" in name:
        raise malformed(f"{where}: a name must not hold . or $")
    if name.isdecimal():
        raise malformed(f"{where}: a name must not be digits only")


def _judge_value(name: str, value: object, fixed: str | None) -> None:
    where = f"custom_attributes.{name}"
    if isinstance(value, dict | list):
        if fixed != "currency" or not _is_currency(value):
            raise malformed(f"{where} must not be an object or a list")
    elif isinstance(value, str) and len(value) > _LONGEST_TEXT:
        raise malformed(f"{where} must have at most {_LONGEST_TEXT} characters")
    elif isinstance(value, int) and not isinstance(value, bool) and not -INT32 <= value < INT32:
        raise malformed(f"{where} must fit into 32 bits")


def _is_currency(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == {"value", "currency"}
        and isinstance(value["value"], int | float)
        and isinstance(value["currency"], str)
    )


def _stored(content: Content, key: tuple[str, str], value: object) -> object:
    if value is None:
        return None
    fixed = content.attribute_types.get(key)
    if fixed is None:
        fixed = content.attribute_types[key] = _guessed(key[1], value)
    reading = _READINGS.get(fixed)
    return reading(value) if reading and isinstance(value, str) else value


def _guessed(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    text = str(value)
    if name.endswith("_at") or normal_date(text):
        return "date"
    if _NUMBER.fullmatch(text):
        return "number"
    return "boolean" if text.lower() in {"true", "false"} else "string"


def _as_number(text: str) -> object:
    if not _NUMBER.fullmatch(text):
        return text
    # JSON numbers are doubles: beyond their exact range an integer is kept as one.
    return int(text) if "." not in text and len(text) <= _EXACT_DIGITS else float(text)


def _as_boolean(text: str) -> object:
    return {"true": True, "false": False}.get(text.lower(), text)


_READINGS: dict[str, Callable[[str], object]] = {
    "date": lambda text: normal_date(text) or text,
    "number": _as_number,
    "boolean": _as_boolean,
}

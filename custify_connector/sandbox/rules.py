"""Rules for the fields of a body.

Decided here: what text, integer, number, boolean, date and list mean, and how long or large they may be.
Source: Custify's docs, Limits. This file does not know which object has which fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .dates import normal_date
from .refusals import malformed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .table import Record

FieldKind = Literal["text", "integer", "number", "boolean", "date", "list", "object", "any"]
INT32 = 2**31


@dataclass(frozen=True)
class Rule:
    """What a field may hold: `longest` counts characters, `choices` closes the list of values."""

    kind: FieldKind = "text"
    longest: int | None = None
    nullable: bool = True
    required: bool = False
    choices: tuple[str, ...] = ()


def checked(body: Mapping[str, object], rules: Mapping[str, Rule], *, partial: bool = False) -> Record:
    """Return the known fields that were sent, dates in Custify's form; refuse the first that breaks its rule (400).

    Fields without a rule are left out. With `partial`, required fields may be absent.
    """
    kept: Record = {}
    for name, rule in rules.items():
        if name in body:
            kept[name] = _judged(name, body[name], rule)
        elif rule.required and not partial:
            raise malformed(f"{name} is required")
    return kept


def _judged(name: str, value: object, rule: Rule) -> object:
    if value is None:
        if rule.nullable and not rule.required:
            return None
        raise malformed(f"{name} must not be null")
    judged = _KINDS[rule.kind](name, value)
    if rule.longest is not None and isinstance(value, str) and len(value) > rule.longest:
        raise malformed(f"{name} must have at most {rule.longest} characters")
    if isinstance(value, str) and not value and (rule.required or not rule.nullable):
        raise malformed(f"{name} must not be empty")
    if rule.choices and value not in rule.choices:
        raise malformed(f"{name} must be one of {', '.join(rule.choices)}")
    return judged


def _text(name: str, value: object) -> object:
    if not isinstance(value, str):
        raise malformed(f"{name} must be a text")
    return value


def _integer(name: str, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int):
        raise malformed(f"{name} must be a whole number")
    if not -INT32 <= value < INT32:
        raise malformed(f"{name} must fit into 32 bits")
    return value


def _number(name: str, value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise malformed(f"{name} must be a number")
    return value


def _boolean(name: str, value: object) -> object:
    if not isinstance(value, bool):
        raise malformed(f"{name} must be true or false")
    return value


def _date(name: str, value: object) -> object:
    normal = normal_date(value) if isinstance(value, str) else None
    if normal is None:
        raise malformed(f"{name} must be an ISO 8601 date")
    return normal


def _list(name: str, value: object) -> object:
    if not isinstance(value, list):
        raise malformed(f"{name} must be a list")
    return value


def _object(name: str, value: object) -> object:
    if not isinstance(value, dict):
        raise malformed(f"{name} must be an object")
    return value


_KINDS: dict[FieldKind, Callable[[str, object], object]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "list": _list,
    "object": _object,
    "any": lambda _, value: value,
}

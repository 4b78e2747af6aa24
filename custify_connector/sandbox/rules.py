"""Rules for the fields of a body.

Decided here: what text, integer, number, boolean, date and list mean, and how long or large they may be.
Source: Custify's docs, Limits. This file does not know which object has which fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from .dates import normal_date
from .refusals import malformed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .table import Record

FieldKind = Literal["text", "identifier", "integer", "number", "boolean", "date", "list", "object"]
INT32 = 2**31


@dataclass(frozen=True)
class Rule:
    """What a field may hold: `longest` counts characters, `choices` closes the list of values."""

    kind: FieldKind = "text"
    longest: int | None = None
    nullable: bool = True
    required: bool = False
    choices: tuple[str, ...] = ()


def fields(text: str, *, longest: int | None = None, nullable: bool = True) -> dict[str, Rule]:
    """Return rules by name, written as `name total:number dueDate:date!`: text without a kind, `!` for required."""
    rules: dict[str, Rule] = {}
    for word in text.split():
        name, _, kind = word.rstrip("!").partition(":")
        rules[name] = Rule(cast("FieldKind", kind or "text"), longest, nullable, required=word.endswith("!"))
    return rules


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
    judged = _of_kind(name, value, rule.kind)
    if rule.longest is not None and isinstance(judged, str) and len(judged) > rule.longest:
        raise malformed(f"{name} must have at most {rule.longest} characters")
    if isinstance(value, str) and not value and (rule.required or not rule.nullable):
        raise malformed(f"{name} must not be empty")
    if rule.choices and value not in rule.choices:
        raise malformed(f"{name} must be one of {', '.join(rule.choices)}")
    return judged


def _of_kind(name: str, value: object, kind: FieldKind) -> object:
    types, described = _KINDS[kind]
    judged = _normal(value, kind)
    if judged is None or not isinstance(value, types) or (isinstance(value, bool) and kind != "boolean"):
        raise malformed(f"{name} must be {described}")
    if kind == "integer" and isinstance(value, int) and not -INT32 <= value < INT32:
        raise malformed(f"{name} must fit into 32 bits")
    return judged


def _normal(value: object, kind: FieldKind) -> object:
    """Return a date in Custify's form and a number for an identifier as text; anything else as it is."""
    if kind == "date" and isinstance(value, str):
        return normal_date(value)
    return str(value) if kind == "identifier" and isinstance(value, int) else value


_KINDS: dict[FieldKind, tuple[tuple[type, ...], str]] = {
    "text": ((str,), "a text"),
    "identifier": ((str, int), "a text"),
    "integer": ((int,), "an integer"),
    "number": ((int, float), "a number"),
    "boolean": ((bool,), "true or false"),
    "date": ((str,), "an ISO 8601 date"),
    "list": ((list,), "a list"),
    "object": ((dict,), "an object"),
}

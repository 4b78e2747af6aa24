"""What a column holds: one kind that fits all of its values, as narrow as it can be without losing any of them.

Pure. A kind starts from the schema and is widened by what comes: `join`. It does not know databases or files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from custify_connector.checking.typed_text import types_of

Kind = Literal["boolean", "integer", "long", "number", "moment", "text", "json"]
"""`integer` is exact as a floating-point number too, `long` is not; `json` is any value, as JSON text."""

_EXACT = 2**53
_LONG = 2**63
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?Z")
_WIDER: dict[frozenset[Kind], Kind] = {
    frozenset({"integer", "long"}): "long",
    frozenset({"integer", "number"}): "number",
    frozenset({"moment", "text"}): "text",
}
_DECLARED: dict[str, Kind] = {"boolean": "boolean", "integer": "integer", "number": "number", "string": "text"}


def join(one: Kind | None, other: Kind | None) -> Kind | None:
    """Return the kind that fits the values of both; None stands for a column without a value yet."""
    if one is None or one == other:
        return other
    return one if other is None else _WIDER.get(frozenset({one, other}), "json")


def kind_of(value: Any, declared: Kind | None = None) -> Kind | None:  # noqa: ANN401 - one answer for each type
    """Return the kind of one value, None for null; text is a moment only where the schema does not say otherwise."""
    match value:
        case None:
            return None
        case str():
            return "moment" if declared in {"moment", None} and is_moment(value) else "text"
        case bool():
            return "boolean"
        case int():
            return "integer" if -_EXACT <= value <= _EXACT else "long" if -_LONG <= value < _LONG else "json"
        case float():
            return "number"
        case _:
            return "json"


def is_moment(text: str) -> bool:
    """Return whether a text is a date and time in UTC, to the microsecond at most."""
    if not _MOMENT.fullmatch(text):
        return False
    try:
        return bool(datetime.fromisoformat(text[:19]))
    except ValueError:
        return False


def declared(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Kind | None]]:
    """Yield the columns that a record's schema promises, each with its kind, None where it may be anything.

    An object is not a column of its own: its properties are.
    """
    for name, field in schema.get("properties", {}).items():
        path = prefix + name.replace("\\", "\\\\").replace(".", "\\.")
        words = types_of(field)
        if "object" in words:
            yield from declared(field, path + ".")
        else:
            yield path, _declared_kind(words - {"null"}, field)


def descriptions(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the columns that a record's schema promises, each with its description, which may be empty."""
    for name, field in schema.get("properties", {}).items():
        path = prefix + name.replace("\\", "\\\\").replace(".", "\\.")
        if "object" in types_of(field):
            yield from descriptions(field, path + ".")
        else:
            yield path, field.get("description", "")


def _declared_kind(words: set[str], field: Mapping[str, Any]) -> Kind | None:
    if len(words) != 1:
        return None
    (word,) = words
    if word == "string" and field.get("format") == "date-time":
        return "moment"
    return _DECLARED.get(word, "json")

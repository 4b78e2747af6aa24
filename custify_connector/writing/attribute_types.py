"""Attributes whose type Custify guesses once, from the first value ever sent (Custify's docs, Types).

Pure. The text `"007"` as the first value makes an attribute a number for good. A person must decide whether that
matters, so nothing is changed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from custify_connector.checking.json_schema import Schema
from custify_connector.checking.texts import Json

_MARK = "x-first-value-fixes-type"
_NUMBER = re.compile(r"[+-]?[0-9]+([.][0-9]+)?")


def typed_fields(schema: Schema | None) -> tuple[str, ...]:
    """Return the fields that hold such attributes."""
    properties = (schema or {}).get("properties", {})
    return tuple(name for name, field in properties.items() if field.get(_MARK))


def attributes(record: Mapping[str, Json], fields: tuple[str, ...]) -> Iterator[tuple[str, Json]]:
    """Yield the dotted name and the value of each attribute that a record holds in these fields."""
    for field in fields:
        inner = record.get(field)
        if isinstance(inner, dict):
            yield from ((f"{field}.{name}", value) for name, value in inner.items())


def look_alikes(record: Mapping[str, Json], fields: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the dotted name of each text that looks like another type, and which type that is."""
    for name, value in attributes(record, fields):
        kind = _looks_like(value) if isinstance(value, str) else None
        if kind is not None:
            yield name, kind


def _looks_like(text: str) -> str | None:
    if _NUMBER.fullmatch(text):
        return "a number"
    return "true or false" if text.lower() in {"true", "false"} else None

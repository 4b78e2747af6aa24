"""Texts that Custify would take for another type, were they the first value of their attribute (Custify's docs, Types).

Pure. Custify guesses an attribute's type once, from the first value ever sent: `"007"` makes it a number for good. It
is for a person to know whether that matters, so it is told, and nothing is changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from custify_connector.checking.json_schema import Schema
from custify_connector.checking.texts import Json

_MARK = "x-first-value-fixes-type"
_NUMBER = re.compile(r"[+-]?[0-9]+([.][0-9]+)?")


def holders(schema: Schema | None) -> tuple[str, ...]:
    """Return the fields whose own fields get their type from their first value."""
    properties = (schema or {}).get("properties", {})
    return tuple(name for name, field in properties.items() if field.get(_MARK))


def suspicious(record: Mapping[str, Json], fields: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield the dotted name of each text that looks like another type, and which type that is."""
    for holder in fields:
        inner = record.get(holder)
        for name, value in inner.items() if isinstance(inner, dict) else ():
            kind = _looks_like(value) if isinstance(value, str) else None
            if kind is not None:
                yield f"{holder}.{name}", kind


def attributes(record: Mapping[str, Json], fields: tuple[str, ...]) -> Iterator[str]:
    """Yield a name for each field of these fields, not to be mistaken for a record's key."""
    for holder in fields:
        inner = record.get(holder)
        if isinstance(inner, dict):
            yield from (f"{_ATTRIBUTE}{holder}.{name}" for name, value in inner.items() if value is not None)


def is_attribute(name: str) -> bool:
    """Tell whether a name is one that `attributes` gave."""
    return name.startswith(_ATTRIBUTE)


_ATTRIBUTE = "attribute "


def _looks_like(text: str) -> str | None:
    if _NUMBER.fullmatch(text):
        return "a number"
    return "true or false" if text.lower() in {"true", "false"} else None

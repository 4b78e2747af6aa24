"""Attributes whose type Custify guesses once, from the first value ever sent (Custify's docs, Types).

Pure. The text `"007"` as the first value makes an attribute a number for good. A person must decide whether that
matters, so nothing is changed here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from custify_connector.checking.json_schema import Schema
from custify_connector.checking.texts import Json
from custify_connector.checking.values import moment_of

_MARK = "x-first-value-fixes-type"
_TO_THE_MINUTE = re.compile(r"[0-9-]{10} [0-9]{2}:[0-9]{2}")
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
    """Yield the dotted name of each text that is not of the type that its attribute would have, and a sentence."""
    for name, value in attributes(record, fields):
        if isinstance(value, str) and value and (sentence := _sentence(name, value)):
            yield name, sentence


def _sentence(name: str, text: str) -> str | None:
    if name.endswith("_at"):
        shown = f"{text[:40]!r}, which is no date, although its name ends in _at: Custify treats it as one"
        return None if _is_date(text) else f"{name} is {shown}"
    kind = _looks_like(text)
    return (
        f"{name} is text that looks like {kind}: as its first value ever, Custify would store {kind}" if kind else None
    )


def _is_date(text: str) -> bool:
    try:
        moment_of(f"{text}:00" if _TO_THE_MINUTE.fullmatch(text) else text)
    except ValueError:
        return text.isdecimal()
    return True


def _looks_like(text: str) -> str | None:
    if _NUMBER.fullmatch(text):
        return "a number"
    return "true or false" if text.lower() in {"true", "false"} else None

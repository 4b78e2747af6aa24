"""What the words `identity` and `repeat` of a described destination mean for one record.

Pure. A host and a connector read them alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from custify_connector.checking.texts import Json


def field_value(record: Mapping[str, Any], dotted: str) -> Json:
    """Return the value at a dotted path (`custom_attributes.plan`), None when it is absent."""
    if "." not in dotted:
        return record.get(dotted)  # the way of nearly all, in every row
    value: Json = record
    for name in dotted.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def field_values(records: Iterable[Mapping[str, Any]], dotted: str) -> list[Json]:
    """Return `field_value` of each record."""
    if "." not in dotted:
        return [record.get(dotted) for record in records]
    return [field_value(record, dotted) for record in records]


def key_of(record: Mapping[str, Any], alternatives: Iterable[Iterable[str]]) -> dict[str, Any] | None:
    """Return the fields that name a record, by the first alternative that it has whole; None when it has none."""
    for fields in alternatives:
        values: dict[str, Any] = {}
        for name in fields:
            value = field_value(record, name)
            if value is None or value == "":
                break
            values[name] = value
        else:
            return values
    return None


def may_repeat(repeat: str, record: Mapping[str, Json]) -> bool:
    """Return whether a record may be sent again when its fate is unclear: `always`, `never`, or if it has a field."""
    if repeat in {"always", "never"}:
        return repeat == "always"
    return record.get(repeat) not in (None, "")

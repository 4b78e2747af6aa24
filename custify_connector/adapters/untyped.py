"""Fields that have no type: declared as text to hosts that must give every field one.

Pure. Decides where such fields are, and how a value is written as text. It knows JSON Schema; it knows no host.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custify_connector.checking.json_schema import Schema
from custify_connector.checking.json_values import dumps
from custify_connector.checking.texts import Json

Places = Mapping[str, Any]
"""The fields below one, each with its own; `[]` are the items of a list. Empty: this field itself has no type."""

_ITEMS = "[]"


def places(schema: Schema) -> Places | None:
    """Return where a schema gives no type, None when it gives one everywhere."""
    if "type" not in schema:
        return {}
    below = {**schema.get("properties", {}), **({_ITEMS: schema["items"]} if "items" in schema else {})}
    found = {name: inner for name, field in below.items() if (inner := places(field)) is not None}
    return found or None


def typed(schema: Schema) -> dict[str, Any]:
    """Return a schema in which every field has a type."""
    if "type" not in schema:
        description = f"{schema.get('description', '')} A value that is not text is written as JSON.".strip()
        return {**schema, "type": ["string", "null"], "description": description}
    found = dict(schema)
    if "properties" in schema:
        found["properties"] = {name: typed(field) for name, field in schema["properties"].items()}
    if "items" in schema:
        found["items"] = typed(schema["items"])
    return found


def as_text(value: Json, where: Places) -> Json:
    """Return a value with what has no type as text: a text as it is, anything else as JSON, null as null."""
    if not where:
        return value if value is None or isinstance(value, str) else dumps(value).decode()
    if isinstance(value, Mapping):
        return {**value, **{name: as_text(value[name], below) for name, below in where.items() if name in value}}
    if isinstance(value, list) and _ITEMS in where:
        return [as_text(each, where[_ITEMS]) for each in value]
    return value

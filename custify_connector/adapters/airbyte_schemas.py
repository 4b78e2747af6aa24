"""The connector's own schemas as Airbyte takes them: one declaration, rendered as specification and catalog.

Decides which words of JSON Schema a host's forms and tables can show. Pure; it does not know messages or a network.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custify_connector.adapters import environment
from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import Fault
from custify_connector.manifest import resources

_DRAFT = "http://json-schema.org/draft-07/schema#"
_DOCUMENTATION = "https://docs.custify.com"
_KEPT = (
    "title", "description", "type", "format", "default", "enum", "examples", "pattern",
    "minimum", "maximum", "exclusiveMinimum", "minLength", "maxLength", "minItems",
)  # fmt: skip
"""Airbyte's forms refuse combinations (`allOf`, `not`, `if`), and closed objects."""


def credential_names() -> tuple[str, ...]:
    """Return the fields of a credential."""
    return tuple(resources.schema("credential")["properties"])


def form(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema of arguments as a form of Airbyte: fields in their order, secrets marked."""
    shown = {word: schema[word] for word in _KEPT if word in schema}
    if schema.get("writeOnly"):
        shown["airbyte_secret"] = True
    if "items" in schema:
        shown["items"] = form(schema["items"])
    if "properties" in schema:
        shown["properties"] = {
            name: {**form(field), "order": order} for order, (name, field) in enumerate(schema["properties"].items())
        }
    if "required" in schema:
        shown["required"] = list(schema["required"])
    return shown


def specification(title: str, more: Mapping[str, Any], **words: object) -> dict[str, Any]:
    """Return the specification of a connector: the credential's fields, then `more`, then the settings."""
    credential = resources.schema("credential")
    settings = {"title": "Settings", **resources.schema("source")["$defs"]["settings"]}
    properties = {**credential["properties"], **more, "settings": settings}
    connection = {
        "$schema": _DRAFT,
        **form({**credential, "title": title, "properties": properties}),
        "additionalProperties": True,
    }
    connection.pop("examples", None)
    return {"documentationUrl": _DOCUMENTATION, "connectionSpecification": connection, **words}


def divided(config: Mapping[str, Any], known: tuple[str, ...]) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Return the credential that a configuration holds, and the unknown fields.

    Airbyte adds fields of its own to a configuration, so an unknown one is reported, not refused.
    """
    credential = environment.completed({name: config[name] for name in credential_names() if name in config}, "airbyte")
    names = (*credential_names(), *known, "settings")
    unknown = [name for name in config if name not in names and not name.startswith("__")]
    return credential, tuple(Fault(f"config.{name}", f"is not known{suggestion(name, names)}") for name in unknown)


def table(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema of records as Airbyte's types: one type or null, open objects, moments with their zone."""
    shown: dict[str, Any] = {
        word: schema[word] for word in ("title", "description", "type", "format") if word in schema
    }
    if schema.get("format") == "date-time":
        shown["airbyte_type"] = "timestamp_with_timezone"
    if "properties" in schema:
        shown["properties"] = {name: table(field) for name, field in schema["properties"].items()}
    if isinstance(schema.get("items"), dict):
        shown["items"] = table(schema["items"])
    return shown


def catalog_stream(source: Mapping[str, Any], alternatives: int) -> dict[str, Any]:
    """Return the stream of a described source whose records are named in so many ways.

    Airbyte merges by one key that every record has. Where a record may be named another way, none is reported.
    """
    stream = {
        "name": source["name"],
        "json_schema": {"$schema": _DRAFT, **table(source["schema"]), "additionalProperties": True},
        "supported_sync_modes": ["full_refresh"],
        "source_defined_primary_key": [field.split(".") for field in source["key"] if alternatives == 1],
        "is_resumable": True,
    }
    if source["cursor"] is not None:
        stream["supported_sync_modes"] = ["full_refresh", "incremental"]
        stream.update(source_defined_cursor=True, default_cursor_field=source["cursor"].split("."))
    return stream

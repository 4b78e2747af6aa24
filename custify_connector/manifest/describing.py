"""The description that a host draws from: JSON-able, made from the manifest and the schemas alone.

Beside the keys that speak for themselves:

* `account`: the fields of a credential that say to which account it leads; without a value, it is the usual one.
* `reports_sending`: that the event `Sending` comes before each request that writes a record.
* `made_up_credential`: one of the right form that opens nothing. It is enough for a dry run, which sends nothing.
* of a source or destination, `undocumented`: whether it is used only with `settings.undocumented`.
* of a source, `attributes`: the source that lists the fields that an account defines for it, or None. Its records have
  a `name` (`custom_attributes.plan`), a `fieldType` and a `niceName`.
* of a destination, `repeat`: whether a record may be sent twice (`always`, `never`, or the field that makes it so);
  `identity`: the fields that name a record, alternatives with the first that it has; `comparable`: whether a record
  replaces the one that was sent before, so that an equal one need not be sent; `lookups`: how many requests at most
  read what the service holds of a record, 0 where it cannot be read.
"""

from __future__ import annotations

import orjson

from custify_connector.contract import (
    CONTRACT_VERSION,
    Description,
    DestinationDescription,
    Schema,
    SourceDescription,
)
from custify_connector.manifest import DestinationEndpoint, Manifest, Parameter, SourceEndpoint, resources


def describe(manifest: Manifest, version: str) -> Description:
    """Return the whole connector, as a value of the caller's own; see `ConnectorHooks.describe`."""
    description: Description = {
        "contract": CONTRACT_VERSION,
        "name": manifest.name,
        "title": manifest.title,
        "summary": manifest.summary,
        "version": version,
        "documentation": manifest.documentation,
        "rate_limit": {"requests": manifest.rate_limit.requests, "seconds": manifest.rate_limit.seconds},
        "account": ["base_url"],
        "reports_sending": True,
        "made_up_credential": {"name": "none", "api_key": "made-up-and-valid-nowhere"},
        "credential": resources.schema("credential"),
        "source": resources.schema("source"),
        "destination": resources.schema("destination"),
        "sources": {name: source_description(manifest, source) for name, source in manifest.sources.items()},
        "destinations": {
            name: destination_description(manifest, destination) for name, destination in manifest.destinations.items()
        },
    }
    copied: Description = orjson.loads(orjson.dumps(description, default=dict))
    return copied


def source_description(manifest: Manifest, source: SourceEndpoint) -> SourceDescription:
    """Return one source: what it reads, its parameters as a JSON Schema, its keys and modes, its records' schema."""
    return {
        "name": source.name,
        "title": source.title,
        "summary": source.summary,
        "parameters": _parameters_schema(source),
        "key": list(source.key[0]) if source.key else [],
        "keys": [list(fields) for fields in source.key],
        "keyless": source.keyless,
        "modes": ["full", "incremental"] if source.incremental else ["full"],
        "parents": [rule.source for rule in source.partitions if rule.source],
        "follows_parents": any(rule.follow for rule in source.partitions),
        "cursor": source.incremental.cursor if source.incremental else None,
        "page_size": source.page,
        "undocumented": source.undocumented,
        "attributes": source.attributes,
        "schema": manifest.record_schema(source),
    }


def destination_description(manifest: Manifest, destination: DestinationEndpoint) -> DestinationDescription:
    """Return one destination: what it does, how records are named, repeated and cleared, and their schema."""
    return {
        "name": destination.name,
        "title": destination.title,
        "summary": destination.summary,
        "identity": [list(fields) for fields in destination.identity],
        "repeat": destination.repeat,
        "clear": destination.clear,
        "after": list(destination.after),
        "comparable": destination.comparable,
        "destructive": destination.destructive,
        "undocumented": destination.undocumented,
        "deliveries": ["single", "batch"] if destination.batch else ["single"],
        "lookups": destination.held.most if destination.held else 0,
        "schema": manifest.write_schema(destination),
    }


def _parameters_schema(source: SourceEndpoint) -> Schema:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: _parameter_schema(parameter) for name, parameter in source.parameters.items()},
    }


def _parameter_schema(parameter: Parameter) -> Schema:
    schema: Schema = {"type": parameter.type, "description": parameter.help}
    if parameter.format is not None:
        schema["format"] = parameter.format
    if parameter.default is not None:
        schema["default"] = parameter.default
    if parameter.enum:
        schema["enum"] = list(parameter.enum)
    if parameter.example is not None:
        schema["examples"] = [parameter.example]
    return schema

"""A catalog and a state as `tap-custify` is given them, checked before singer-sdk looks into them.

Pure. Decides what each must have; every fault is reported at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError

from custify_connector.checking.json_schema import faults_of
from custify_connector.contract.errors import Fault, StateError, refuse

_NAME = {"type": "string", "minLength": 1}
_NAMES = {"type": ["array", "null"], "items": _NAME}
_SWITCH = {"type": ["boolean", "null"]}
_TEXT = {"type": ["string", "null"]}
_METADATA = {
    "type": "object",
    "required": ["breadcrumb", "metadata"],
    "properties": {
        "breadcrumb": {"type": "array", "items": {"type": "string"}},
        "metadata": {
            "type": "object",
            "properties": {
                "selected": _SWITCH,
                "selected-by-default": _SWITCH,
                "table-key-properties": _NAMES,
                "valid-replication-keys": _NAMES,
                "replication-key": _TEXT,
                "forced-replication-method": _TEXT,
                "schema-name": _TEXT,
                "inclusion": {"enum": ["available", "automatic", "unsupported", None]},
            },
        },
    },
}
_STREAM = {
    "type": "object",
    "required": ["tap_stream_id", "schema", "metadata"],
    "properties": {
        "tap_stream_id": _NAME,
        "stream": _TEXT,
        "schema": {
            "type": "object",
            "properties": {"properties": {"type": "object", "additionalProperties": {"type": "object"}}},
        },
        "key_properties": _NAMES,
        "replication_key": _TEXT,
        "replication_method": _TEXT,
        "stream_alias": _TEXT,
        "metadata": {"type": "array", "items": _METADATA},
    },
}
_CATALOG = {
    "type": "object",
    "required": ["streams"],
    "properties": {"streams": {"type": "array", "items": _STREAM}},
}
_STATE = {
    "type": "object",
    "properties": {
        "bookmarks": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "connector_state": {"type": "object"},
                    "version": {"type": "integer", "minimum": 0, "maximum": 2**31 - 2},
                    "is_unfinished": {"type": "boolean"},
                },
            },
        },
    },
}


def check_catalog(catalog: Any) -> None:  # noqa: ANN401 - any JSON value
    """Raise ConfigurationError for what is not a catalog."""
    refuse(faults_of(catalog, _CATALOG, "catalog", quick=False) or tuple(_schemas(catalog)))


def _schemas(catalog: dict[str, Any]) -> Iterator[Fault]:
    for entry in catalog["streams"]:
        if entry.get("stream") not in {None, entry["tap_stream_id"]}:
            yield Fault(f"catalog: stream {entry['tap_stream_id']}: stream", "must be the same as tap_stream_id")
        try:
            Draft7Validator.check_schema(entry["schema"])
        except (SchemaError, RecursionError) as error:
            reason = getattr(error, "message", "it is nested too deeply")
            yield Fault(f"catalog: stream {entry['tap_stream_id']}: schema", f"is not a JSON Schema: {reason}")


def check_state(state: Any) -> None:  # noqa: ANN401 - any JSON value
    """Raise StateError for what is not a state of a tap."""
    if faults := faults_of(state, _STATE, "state", quick=False):
        advice = Fault("state", "is damaged: restore it, or start without it")
        raise StateError((*faults, advice))

"""What is wrong with the shape of a description, each fault in a sentence that says what to write instead.

Pure. Here stands what every other check of a description relies on; what its words mean is looked at there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_TEXT = "a text"
_NAMES = "a list of texts"
_SCHEMA = "a JSON Schema, such as {'type': 'object', 'properties': {…}}"
_KINDS: Mapping[str, type | tuple[type, ...]] = {_TEXT: str, _NAMES: list, _SCHEMA: dict}

_CONNECTOR = {"name": _TEXT, "version": _TEXT, "credential": _SCHEMA}
_ENTRY = {"name": _TEXT, "schema": _SCHEMA}
_LISTS = {"sources": ("key", "keys", "modes", "parents"), "destinations": ("identity", "after", "deliveries")}


def shape_faults(description: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each part of a description that is missing, or is of the wrong kind."""
    yield from _missing(description, _CONNECTOR, "the description")
    for kind, lists in _LISTS.items():
        entries = description.get(kind, {})
        if not isinstance(entries, dict):
            yield f"{kind} must be a mapping of names to entries, not {_kind(entries)}"
            continue
        for name, one in entries.items():
            yield from _entry_faults(f"{kind}.{name}", one, lists)


def _entry_faults(place: str, one: Any, lists: Iterable[str]) -> Iterator[str]:  # noqa: ANN401 - whatever a connector describes
    if not isinstance(one, dict):
        yield f"{place} must be a mapping, not {_kind(one)}"
        return
    yield from _missing(one, _ENTRY, place)
    for word in lists:
        if not isinstance(one.get(word, []), list):
            yield f"{place}.{word} must be a list, not {_kind(one[word])}"


def _missing(value: Mapping[str, Any], needed: Mapping[str, str], place: str) -> Iterator[str]:
    for word, kind in needed.items():
        if word not in value:
            yield f"{place} lacks {word}: add {kind}"
        elif not isinstance(value[word], _KINDS[kind]):
            yield f"{place}.{word} must be {kind}, not {_kind(value[word])}"


def field_faults(place: str, source: Mapping[str, Any]) -> Iterator[str]:
    """Yield a sentence for each key or cursor of a source that is no plain field of its schema."""
    schema = source["schema"]
    keys = [("key", source.get("key", ())), *(("keys", key) for key in source.get("keys", ()))]
    used = dict.fromkeys((word, name) for word, names in keys for name in names)
    for word, name in [*used, *([("cursor", source["cursor"])] if source.get("cursor") else [])]:
        fault = _field_fault(schema, name)
        if fault:
            yield f"{place}: the {word} names {name!r}, which {fault}"


def _field_fault(schema: Mapping[str, Any], dotted: str) -> str:
    """Return what is wrong with a field that should hold one plain value; empty where nothing is."""
    declared: Any = schema
    for inner in dotted.split("."):
        known = declared.get("properties", {}) if isinstance(declared, dict) else {}
        if inner not in known:
            return f"is no field of the schema (it has: {', '.join(known) or 'none'})"
        declared = known[inner]
    kinds = declared.get("type", ()) if isinstance(declared, dict) else ()
    kinds = {kinds} if isinstance(kinds, str) else set(kinds)
    if not kinds - {"null"}:
        return "has no type in the schema: give it one"
    strange = sorted(kinds - SCALARS - {"null"})
    return f"is of type {', '.join(strange)}: name a field of plain values" if strange else ""


SCALARS = {"string", "integer", "number", "boolean"}


def _kind(value: object) -> str:
    return {"dict": "a mapping", "list": "a list", "str": "a text", "NoneType": "null"}.get(
        type(value).__name__, type(value).__name__
    )

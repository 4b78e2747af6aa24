"""The names that an endpoint takes from its schema and its parameters: each must stand there.

Decides which words of the grammar hold such names. A field that the schema leaves open (no `properties` at that level)
may have any name. Places are paths below the endpoint, as `Document.where` takes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from custify_connector.checking.texts import placeholders
from custify_connector.checking.wording import suggestion

Entry = Mapping[str, Any]
Place = tuple[str | int, ...]
Named = tuple[Place, str]
"""A place, and the name that is used there."""


def source_names(source: Entry, schema: Entry) -> Iterator[tuple[Place, str]]:
    """Yield what a source names that is neither among its parameters nor a field of its schema, in words."""
    yield from _unknown(_source_places(source), source.get("parameters", {}), "parameter")
    yield from _no_fields(_source_fields(source), schema)


def destination_names(destination: Entry, schema: Entry) -> Iterator[tuple[Place, str]]:
    """Yield what a destination names that is no field of its schema, in words."""
    yield from _no_fields([*_destination_places(destination), *_destination_fields(destination)], schema)


def _source_places(source: Entry) -> Iterator[Named]:
    """Yield what the paths of a source leave to fill in."""
    yield from _in_path(source, "path", "fallback_path")
    for name, parameter in source.get("parameters", {}).items():
        if isinstance(parameter, dict):
            for one in placeholders(parameter.get("path", "")):
                yield ("parameters", name, "path"), one


def _source_fields(source: Entry) -> Iterator[Named]:
    for word, inner in (("sort", "field"), ("incremental", "cursor")):
        if word in source:
            yield (word, inner), source[word][inner]
    yield from _alternatives(source, "key")


def _destination_places(destination: Entry) -> Iterator[Named]:
    yield from _in_path(destination, "path", "fallback_path")
    for index, route in enumerate(destination.get("routes", ())):
        yield ("routes", index, "with"), route["with"]
        for name in placeholders(route["path"]):
            yield ("routes", index, "path"), name


def _destination_fields(destination: Entry) -> Iterator[Named]:
    yield from _alternatives(destination, "identity")
    for index, name in enumerate(destination.get("query", ())):
        yield ("query", index), name
    for name in destination.get("max_characters", {}):
        yield ("max_characters", name), name
    for word, inner in (("repeat", "with"), ("gather", "list"), ("find_first", "by")):
        if isinstance(destination.get(word), dict):
            yield (word, inner), destination[word][inner]
    for word in ("list", "upload"):
        if word in destination:
            yield (word,), destination[word]


def _in_path(entry: Entry, *words: str) -> Iterator[Named]:
    for word in words:
        for name in placeholders(entry.get(word, "")):
            yield (word,), name


def _alternatives(entry: Entry, word: str) -> Iterator[Named]:
    for number, names in enumerate(entry.get(word, ())):
        for index, name in enumerate(names):
            yield (word, number, index), name


def _unknown(named: Iterable[Named], known: Iterable[str], kind: str) -> Iterator[tuple[Place, str]]:
    for place, name in named:
        if name not in known:
            yield place, f"there is no {kind} {name!r}{suggestion(name, known)}"


def _no_fields(named: Iterable[Named], schema: Entry) -> Iterator[tuple[Place, str]]:
    for place, dotted in named:
        level: Any = schema
        for name in dotted.split("."):
            known = level.get("properties") if isinstance(level, dict) else None
            if known is None:
                break
            if name not in known:
                yield place, f"the schema has no field {dotted!r}{suggestion(name, known)}"
                break
            level = known[name]

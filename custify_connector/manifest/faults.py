"""What is wrong with a manifest: against its grammar, and what a grammar cannot say.

Decides that every name that is used stands somewhere, and names the line and column where one does not. This file does
not know what a manifest becomes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from custify_connector.checking.json_schema import compile_record_check, faults_of
from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import Fault
from custify_connector.manifest.names import destination_names, source_names

if TYPE_CHECKING:  # it imports yaml, which a use of the schemas alone does not need
    from custify_connector.checking.strict_yaml import Document, Place

SchemaTrial = Callable[[Path], Mapping[str, Any]]
"""Returns a schema; raises FileNotFoundError for one that is not there, ValueError for one that is none."""

_ANY: Mapping[str, Any] = {}


def is_there(file: Path) -> Mapping[str, Any]:
    """Try a schema as far as a start needs: see that its file is there. What stands in it is left open."""
    if not file.is_file():
        raise FileNotFoundError
    return _ANY


def compiles(file: Path) -> Mapping[str, Any]:
    """Try a schema whole, and return it."""
    schema: dict[str, Any] = orjson.loads(file.read_bytes())
    compile_record_check(schema)
    return schema


NameFaults = Callable[[Mapping[str, Any], Mapping[str, Any]], Iterator[tuple[tuple[str | int, ...], str]]]
"""Given an endpoint and its schema: yields places below the endpoint, and what is wrong there."""


def grammar_faults(document: Document, grammar: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield what the grammar, a JSON Schema, has against a manifest."""
    for fault in faults_of(document.value, grammar, ""):
        yield Fault(document.where(_place(fault.place)), f"{fault.place or 'the manifest'} {fault.reason}")


def _place(dotted: str) -> Place:
    parts = dotted.replace("[", ".").replace("]", "").split(".")
    return tuple(int(part) if part.isdigit() else part for part in parts if part)


def meaning_faults(document: Document, schemas: Path, trial: SchemaTrial) -> Iterator[Fault]:
    """Yield what the grammar cannot say: names that stand nowhere, and schemas that are not there."""
    for name, source in document.value["sources"].items():
        file = schemas / "records" / f"{source['schema']}.json"
        yield from _schema_faults(document, ("sources", name), file, trial, source_names)
        yield from _partition_faults(document, name, source)
        yield from _attributes_fault(document, name, source)
        yield from _parameter_faults(document, name, source)
    for name, destination in document.value["destinations"].items():
        yield from _order_faults(document, name, destination)
        yield from _held_faults(document, name, destination)
        file = schemas / "writes" / f"{destination['schema']}.json"
        yield from _schema_faults(document, ("destinations", name), file, trial, destination_names)


def _schema_faults(
    document: Document, place: tuple[str, str], file: Path, trial: SchemaTrial, names: NameFaults
) -> Iterator[Fault]:
    """Yield what is wrong with the schema of an endpoint, and with what the endpoint takes from it."""
    shown, schema = f"schemas/{file.parent.name}/{file.name}", _ANY
    try:
        schema = trial(file)
    except FileNotFoundError:
        yield Fault(document.where((*place, "schema")), f"there is no {shown}: every endpoint needs its schema")
    except ValueError as error:
        reason = f"{shown} is not a valid JSON Schema: {str(error).splitlines()[0]}"
        yield Fault(document.where((*place, "schema")), reason)
    kind, name = place
    for inner, fault in names(document.value[kind][name], schema):
        yield Fault(document.where((*place, *inner)), fault)


def _partition_faults(document: Document, name: str, source: Mapping[str, Any]) -> Iterator[Fault]:
    sources, parameters = document.value["sources"], source.get("parameters", {})
    for index, rule in enumerate(source.get("partitions", ())):
        where = document.where(("sources", name, "partitions", index))
        parent = rule.get("source")
        if parent is not None and parent not in sources:
            yield Fault(where, f"there is no source {parent!r}{suggestion(parent, sources)}")
        for parameter in (*rule.get("set", ()), *rule.get("take", ())):
            if parameter not in parameters:
                yield Fault(where, f"{name} has no parameter {parameter!r}{suggestion(parameter, parameters)}")


def _attributes_fault(document: Document, name: str, source: Mapping[str, Any]) -> Iterator[Fault]:
    attributes, sources = source.get("attributes"), document.value["sources"]
    if attributes is not None and attributes not in sources:
        where = document.where(("sources", name, "attributes"))
        yield Fault(where, f"there is no source {attributes!r}{suggestion(attributes, sources)}")


def _parameter_faults(document: Document, name: str, source: Mapping[str, Any]) -> Iterator[Fault]:
    shared = document.value.get("parameters", {})
    for parameter, meaning in source.get("parameters", {}).items():
        if isinstance(meaning, str) and meaning not in shared:
            where = document.where(("sources", name, "parameters", parameter))
            yield Fault(where, f"no shared parameter is named {meaning!r}{suggestion(meaning, shared)}")


def _order_faults(document: Document, name: str, destination: Mapping[str, Any]) -> Iterator[Fault]:
    destinations = document.value["destinations"]
    for index, earlier in enumerate(destination.get("after", ())):
        if earlier not in destinations:
            where = document.where(("destinations", name, "after", index))
            yield Fault(where, f"there is no destination {earlier!r}{suggestion(earlier, destinations)}")


def _held_faults(document: Document, name: str, destination: Mapping[str, Any]) -> Iterator[Fault]:
    held, sources = destination.get("held"), document.value["sources"]
    if held is None:
        return
    where = document.where(("destinations", name, "held"))
    missing = [source for source in (held["source"], *held.get("links", {}).values()) if source not in sources]
    for source in missing:
        yield Fault(where, f"there is no source {source!r}{suggestion(source, sources)}")
    if missing:
        return
    parameters = sources[held["source"]].get("parameters", {})
    for field in dict.fromkeys(field for fields in held["by"] for field in fields):
        if field not in parameters:
            yield Fault(where, f"{held['source']} has no parameter {field!r}{suggestion(field, parameters)}")

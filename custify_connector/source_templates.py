"""A source as a host gives it, expanded: an endpoint and its parameters become exactly what the manual form accepts.

Checks the source against its schema and its endpoint, all faults at once. This file does not know how it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from custify_connector import resources
from custify_connector.errors import Fault, refuse
from custify_connector.manifest import Dialect, Envelope, Manifest, Parameter, PartitionRule, SourceEndpoint, find
from custify_connector.validation import faults_of, suggestion, type_name
from custify_connector.values import plain_argument
from custify_connector.wire import Json, fill, placeholders, query_text

_KEPT = ("mode", "fields", "limit", "slice", "settings")


def expand_source(source: object, manifest: Manifest) -> dict[str, Any]:
    """Return the manual form of a source; a manual one comes back as it is.

    Raises ConfigurationError with every fault of it: unknown keys, endpoints and parameters get a suggestion.
    """
    source = plain_argument(source, "source")
    refuse(faults_of(source, resources.schema("source"), "source"))
    assert isinstance(source, Mapping)  # noqa: S101 - the schema has just said so
    if "request" in source:
        refuse((*_placeholder_faults(source, "source"), *_cursor_faults(source)))
        return dict(source)
    endpoint = find(manifest.sources, source["endpoint"], "source.endpoint")
    given = source.get("params", {})
    refuse(tuple(_faults(endpoint, given, source)))
    chosen = _choose(endpoint, given)
    partitions = _partitions(endpoint, chosen, manifest)
    refuse(tuple(_unfilled(endpoint, chosen, partitions)))
    return _expanded(endpoint, chosen, partitions, source)


def _cursor_faults(source: Mapping[str, Any]) -> Iterator[Fault]:
    if source.get("mode") == "incremental" and not source.get("incremental"):
        yield Fault("source.incremental", "is required in the mode incremental: name the cursor there")


@dataclass(frozen=True)
class _Choice:
    """What the parameters choose: the path, its envelope, whether it has pages, and the values given."""

    path: str
    envelope: Envelope
    paged: bool
    lookup: str | None
    values: Mapping[str, Json]


def _choose(endpoint: SourceEndpoint, given: Mapping[str, Json]) -> _Choice:
    defaults = {name: known.default for name, known in endpoint.parameters.items() if known.default is not None}
    values = {**defaults, **given}
    name = next((name for name in values if endpoint.parameters[name].path), None)
    parameter = endpoint.parameters[name] if name else None
    if parameter is None or parameter.path is None:
        return _Choice(endpoint.path, endpoint.envelope, endpoint.page is not None, None, values)
    paged = parameter.paged and endpoint.page is not None
    return _Choice(parameter.path, parameter.envelope or endpoint.envelope, paged, name, values)


def _expanded(
    endpoint: SourceEndpoint, chosen: _Choice, partitions: list[dict[str, Any]], source: Mapping[str, Any]
) -> dict[str, Any]:
    in_partitions = {name for part in partitions for name in (*part.get("values", ()), *part.get("take", ()))}
    texts = {name: query_text(value) for name, value in chosen.values.items() if name not in in_partitions}
    query = {
        parameter.query: texts[name] if name in texts else "{" + name + "}"
        for name, parameter in endpoint.parameters.items()
        if parameter.query and (name in texts or name in in_partitions)
    }
    manual: dict[str, Any] = {
        "stream": endpoint.name,
        "request": {"method": "GET", "path": fill(chosen.path, texts), "query": {**endpoint.query, **query}},
        "records": [endpoint.records] if endpoint.records and chosen.envelope not in {"record", "list"} else [],
        "envelope": chosen.envelope,
        "page": _paging(endpoint) if chosen.paged else None,
        "key": [list(fields) for fields in endpoint.key],
        **_order(endpoint, chosen, source.get("mode", "full")),
    }
    if chosen.paged and any(endpoint.parameters[name].type == "string" for name in chosen.values):
        manual["may_be_missing"] = True
    if endpoint.fallback_path and chosen.lookup is None:
        manual["fallback_path"] = endpoint.fallback_path
    if endpoint.flatten:
        manual["flatten"] = list(endpoint.flatten)
    if partitions:
        manual.update(partitions=partitions, add=dict(endpoint.add))
    return {**manual, **{name: source[name] for name in _KEPT if name in source}}


def _paging(endpoint: SourceEndpoint) -> dict[str, Any]:
    return {"parameter": "page", "start": 1, "size_parameter": "itemsPerPage", "size": endpoint.page}


def _order(endpoint: SourceEndpoint, chosen: _Choice, mode: str) -> dict[str, Any]:
    """Return how the pages are ordered: by what the user asks for, else newest first by a date that never changes."""
    words: dict[str, Any] = {}
    if not chosen.paged or endpoint.sort is None or "sorting" in chosen.values:
        return words
    sort = endpoint.sort
    words["order"] = {"field": sort.field, "direction": "desc", "query": sorting_query(sort.dialect, sort.field)}
    if mode == "incremental" and endpoint.incremental:
        cursor = endpoint.incremental.cursor
        words["incremental"] = {"cursor": cursor, "query": sorting_query(sort.dialect, cursor)}
        if endpoint.incremental.narrow:
            words["incremental"]["narrow"] = endpoint.incremental.narrow
    return words


def sorting_query(dialect: Dialect, field: str) -> dict[str, str]:
    """Return the query that asks for newest first, in Custify's ways to say so (Custify's docs, Sorting)."""
    return _DIALECTS[dialect](field)


_DIALECTS: dict[str, Callable[[str], dict[str, str]]] = {
    "sorting": lambda field: {"sorting": query_text({"field": field, "direction": "desc"})},
    "sort_order": lambda field: {"sort": field, "order": "desc"},
    "fixed": lambda _field: {},
}


def _partitions(endpoint: SourceEndpoint, chosen: _Choice, manifest: Manifest) -> list[dict[str, Any]]:
    """Return the partitions that the parameters leave: all parents, or the one that is named."""
    if chosen.lookup is not None or _answers_alone(endpoint, chosen):
        return []
    fitting = (rule for rule in endpoint.partitions if _fits(rule, chosen.values))
    return [_partition(rule, chosen.values, manifest) for rule in fitting]


def _answers_alone(endpoint: SourceEndpoint, chosen: _Choice) -> bool:
    """Tell whether a parameter outside the partitions already says which parent's records are meant."""
    return any(endpoint.parameters[name].instead_of_parent for name in chosen.values)


def _fits(rule: PartitionRule, values: Mapping[str, Json]) -> bool:
    return all(values.get(name, value) == value for name, value in rule.set.items())


def _partition(rule: PartitionRule, values: Mapping[str, Json], manifest: Manifest) -> dict[str, Any]:
    named = {name: query_text(values[name]) for name in rule.take if name in values}
    partition: dict[str, Any] = {"values": {**rule.set, **named}}
    if rule.source is not None and len(named) < len(rule.take):
        parents = expand_source({"endpoint": rule.source}, manifest)
        partition.update(parents=parents, take=dict(rule.take))
    return partition


def _faults(endpoint: SourceEndpoint, given: Mapping[str, Json], source: Mapping[str, Any]) -> Iterator[Fault]:
    for name, value in given.items():
        yield from _parameter_faults(endpoint, name, value)
    known = {name: endpoint.parameters[name] for name in given if name in endpoint.parameters}
    lookups = [name for name, parameter in known.items() if parameter.path]
    if len(lookups) > 1:
        yield Fault("source.params", f"has {' and '.join(lookups)}: only one can choose the records")
    if len(endpoint.partitions) > 1:
        yield from _ambiguous_parents(endpoint, given)
    if source.get("mode") == "incremental":
        yield from _incremental_faults(endpoint, known, lookups)
    if endpoint.undocumented and not source.get("settings", {}).get("undocumented"):
        reason = f"{endpoint.name} is not in Custify's documentation and may change: set this to true to read it"
        yield Fault("source.settings.undocumented", reason)


def _parameter_faults(endpoint: SourceEndpoint, name: str, value: Json) -> Iterator[Fault]:
    place = f"source.params.{name}"
    parameter = endpoint.parameters.get(name)
    if parameter is None:
        yield Fault(place, f"{endpoint.name} has no such parameter{suggestion(name, endpoint.parameters)}")
    elif not _TYPES[parameter.type](value):
        yield Fault(place, f"must be {parameter.type}, not {type_name(value)}")
    elif value in ("", ".", ".."):
        yield Fault(place, "must not be empty, nor a dot: it may become part of an address")
    elif parameter.enum and value not in parameter.enum:
        yield Fault(place, f"must be one of {', '.join(map(str, parameter.enum))}")


_TYPES: dict[str, Callable[[object], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def _ambiguous_parents(endpoint: SourceEndpoint, given: Mapping[str, Json]) -> Iterator[Fault]:
    """Yield a fault for a parent's id that does not say of which kind the parent is."""
    taken = {name for rule in endpoint.partitions for name in rule.take if name in given}
    kinds = {name for rule in endpoint.partitions for name in rule.set}
    if taken and not kinds & given.keys():
        yield Fault(f"source.params.{min(kinds)}", f"is required beside {min(taken)}: it says what the parent is")


def _incremental_faults(
    endpoint: SourceEndpoint, known: Mapping[str, Parameter], lookups: list[str]
) -> Iterator[Fault]:
    if endpoint.incremental is None:
        yield Fault("source.mode", f"{endpoint.name} can only be read in full: Custify gives it no cursor")
    if lookups and not known[lookups[0]].paged:
        yield Fault("source.mode", f"a look-up by {lookups[0]} can only be read in full")
    if "sorting" in known:
        yield Fault("source.params.sorting", "an incremental read needs an order of its own: leave it out")


def _unfilled(endpoint: SourceEndpoint, chosen: _Choice, partitions: list[dict[str, Any]]) -> Iterator[Fault]:
    """Yield the parameters that the path needs, and that neither the user nor a parent gives."""
    filled = {*chosen.values, *(name for part in partitions for name in (*part["values"], *part.get("take", ())))}
    for name in placeholders(chosen.path):
        if name not in filled:
            yield Fault(f"source.params.{name}", f"is required to read {endpoint.name} this way")


def _placeholder_faults(manual: Mapping[str, Any], place: str) -> Iterator[Fault]:
    """Yield what a manual request leaves to fill in, and that its partitions do not fill."""
    parts = manual.get("partitions", ())
    needed = placeholders(manual["request"]["path"])
    for name in needed:
        if not parts or any(name not in part.get("values", {}) and name not in part.get("take", {}) for part in parts):
            reason = f"{{{name}}} is never filled in: write the value, or name it in every partition"
            yield Fault(f"{place}.request.path", reason)
    for index, part in enumerate(parts):
        if "parents" in part:
            yield from _placeholder_faults(part["parents"], f"{place}.partitions[{index}].parents")

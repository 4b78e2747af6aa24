"""A template is a stored manual configuration: expanding an endpoint gives exactly what the manual form accepts.

Checks sources and destinations as a host gives them. This file does not know how the result is carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from custify_connector import resources
from custify_connector.errors import ConfigurationError, Fault
from custify_connector.manifest import DestinationEndpoint, Dialect, Manifest, Parameter, SourceEndpoint
from custify_connector.plans import query_text
from custify_connector.validation import faults_of, suggestion, type_name
from custify_connector.wire import Json, fill

_ALWAYS_KEPT = ("mode", "fields", "limit", "settings")
_WRITE_KEPT = ("delivery", "dry_run", "on_reject", "max_rejects", "capture_responses", "settings", "params")


def sorting_query(dialect: Dialect, field: str, direction: str) -> dict[str, str]:
    """Return the query that asks for an order, in one of Custify's two ways (Custify's docs, Pagination)."""
    return _DIALECTS[dialect](field, direction)


_DIALECTS: dict[str, Callable[[str, str], dict[str, str]]] = {
    "sorting": lambda field, direction: {"sorting": query_text({"field": field, "direction": direction})},
    "sort_order": lambda field, direction: {"sort": field, "order": direction},
}


def expand_source(source: object, manifest: Manifest) -> dict[str, Any]:
    """Return the manual form of a source; a manual one comes back as it is.

    Raises ConfigurationError with every fault of it: unknown keys, endpoint and parameters get a suggestion.
    """
    _refuse(faults_of(source, resources.schema("source"), "source"))
    assert isinstance(source, Mapping)  # noqa: S101 - the schema has just said so
    if "request" in source:
        return dict(source)
    endpoint = _known(manifest.sources, source["endpoint"], "source.endpoint")
    parameters = _parameters(endpoint, source.get("params", {}))
    _refuse(tuple(_mode_faults(endpoint, source, parameters)))
    return _expand(endpoint, source, parameters)


def _expand(
    endpoint: SourceEndpoint, source: Mapping[str, Any], parameters: Mapping[str, tuple[Parameter, Any]]
) -> dict[str, Any]:
    lookup = next((parameter for parameter, _ in parameters.values() if parameter.path), None)
    path = lookup.path if lookup and lookup.path else endpoint.path
    paged = endpoint.page is not None and (lookup is None or lookup.paged)
    envelope = lookup.envelope if lookup and lookup.envelope else endpoint.envelope
    manual: dict[str, Any] = {
        "stream": endpoint.name,
        "request": {
            "method": "GET",
            "path": fill(path, {name: str(value) for name, (_, value) in parameters.items()}),
            "query": {**endpoint.query, **_query(parameters)},
        },
        "records": [endpoint.records] if endpoint.records and envelope != "record" else [],
        "envelope": envelope,
        "page": _paging(endpoint) if paged else None,
        "key": [list(fields) for fields in endpoint.key],
    }
    if paged and endpoint.sort and "sorting" not in parameters:
        query = sorting_query(endpoint.sort.dialect, endpoint.sort.field, "desc")
        manual["order"] = {"field": endpoint.sort.field, "direction": "desc", "query": query}
    if paged and source.get("mode") == "incremental":
        manual["incremental"] = _incremental(endpoint)
    manual.update({name: source[name] for name in _ALWAYS_KEPT if name in source})
    return manual


def _paging(endpoint: SourceEndpoint) -> dict[str, Any]:
    return {"parameter": "page", "start": 1, "size_parameter": "itemsPerPage", "size": endpoint.page}


def _incremental(endpoint: SourceEndpoint) -> dict[str, Any]:
    assert endpoint.incremental  # noqa: S101 - checked with the mode
    assert endpoint.sort  # noqa: S101 - the same
    words: dict[str, Any] = {
        "cursor": endpoint.incremental.cursor,
        "query": sorting_query(endpoint.sort.dialect, endpoint.incremental.cursor, "desc"),
    }
    return {**words, "narrow": endpoint.incremental.narrow} if endpoint.incremental.narrow else words


def _query(parameters: Mapping[str, tuple[Parameter, Any]]) -> dict[str, str]:
    return {parameter.query: query_text(value) for parameter, value in parameters.values() if parameter.query}


def _parameters(endpoint: SourceEndpoint, given: Mapping[str, Any]) -> dict[str, tuple[Parameter, Any]]:
    faults = [fault for name, value in given.items() for fault in _parameter_faults(endpoint, name, value)]
    lookups = [name for name in given if name in endpoint.parameters and endpoint.parameters[name].path]
    if len(lookups) > 1:
        faults.append(Fault("source.params", f"has {' and '.join(lookups)}: only one can choose the records"))
    _refuse(tuple(faults))
    defaults = {name: known.default for name, known in endpoint.parameters.items() if known.default is not None}
    return {name: (endpoint.parameters[name], value) for name, value in {**defaults, **given}.items()}


def _parameter_faults(endpoint: SourceEndpoint, name: str, value: object) -> Iterator[Fault]:
    place = f"source.params.{name}"
    parameter = endpoint.parameters.get(name)
    if parameter is None:
        yield Fault(place, f"{endpoint.name} has no such parameter{suggestion(name, endpoint.parameters)}")
    elif not _TYPES[parameter.type](value):
        yield Fault(place, f"must be {parameter.type}, not {type_name(value)}")
    elif parameter.path and value == "":
        yield Fault(place, "must not be empty")
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


def _mode_faults(
    endpoint: SourceEndpoint, source: Mapping[str, Any], parameters: Mapping[str, tuple[Parameter, Any]]
) -> Iterator[Fault]:
    if source.get("mode", "full") != "incremental":
        return
    if endpoint.incremental is None:
        yield Fault("source.mode", f"{endpoint.name} can only be read in full: Custify gives it no cursor")
    chosen = [name for name, (parameter, _) in parameters.items() if parameter.path]
    if chosen:
        yield Fault("source.mode", f"a look-up by {chosen[0]} can only be read in full")
    if "sorting" in parameters:
        yield Fault("source.params.sorting", "an incremental read needs an order of its own: leave it out")


def expand_destination(destination: object, manifest: Manifest) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the manual form of a destination, and the schema of its records (None for one configured by hand).

    Raises ConfigurationError with every fault of it.
    """
    _refuse(faults_of(destination, resources.schema("destination"), "destination"))
    assert isinstance(destination, Mapping)  # noqa: S101 - the schema has just said so
    if "request" in destination:
        return dict(destination), None
    endpoint = _known(manifest.destinations, destination["endpoint"], "destination.endpoint")
    schema = manifest.write_schema(endpoint)
    _refuse(tuple(_destination_faults(endpoint, destination, schema)))
    kept = {name: destination[name] for name in _WRITE_KEPT if name in destination}
    return {**_stored(endpoint), **kept}, schema


def _stored(endpoint: DestinationEndpoint) -> dict[str, Any]:
    manual: dict[str, Any] = {
        "destination": endpoint.name,
        "request": {"method": endpoint.method, "path": endpoint.path, "query": list(endpoint.query)},
        "identity": [list(fields) for fields in endpoint.identity],
        "repeat": endpoint.repeat,
        "clear": endpoint.clear,
        "max_characters": dict(endpoint.max_characters),
    }
    return {**manual, "batch": endpoint.batch} if endpoint.batch else manual


def _destination_faults(
    endpoint: DestinationEndpoint, destination: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[Fault]:
    known = schema.get("properties", {})
    for name in destination.get("params", {}):
        if name not in known:
            yield Fault(f"destination.params.{name}", f"{endpoint.name} has no such field{suggestion(name, known)}")
    if destination.get("delivery") == "batch" and endpoint.batch is None:
        yield Fault("destination.delivery", f"{endpoint.name} cannot be sent in batches: use single")


def _known(endpoints: Mapping[str, Any], name: str, place: str) -> Json:
    if name not in endpoints:
        raise ConfigurationError((Fault(place, f"there is no {name!r}{suggestion(name, endpoints)}"),))
    return endpoints[name]


def _refuse(faults: tuple[Fault, ...]) -> None:
    if faults:
        raise ConfigurationError(faults)

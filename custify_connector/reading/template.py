"""A source as a host gives it, expanded: an endpoint and its parameters become exactly what the manual form accepts.

Decides which path, order and parts the parameters choose. This file does not know how a source is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from custify_connector.checking.json_schema import faults_of
from custify_connector.checking.texts import Json, fill, placeholders, query_text
from custify_connector.checking.values import plain_argument
from custify_connector.contract.errors import Fault, refuse
from custify_connector.manifest import Dialect, Envelope, Manifest, PartitionRule, SourceEndpoint, find, resources
from custify_connector.reading.template_faults import endpoint_faults, manual_faults

_KEPT = ("mode", "fields", "limit", "slice", "settings")


def expand_source(source: object, manifest: Manifest) -> dict[str, Any]:
    """Return the manual form of a source; a manual one comes back as it is.

    Raises ConfigurationError with every fault of it: unknown keys, endpoints and parameters get a suggestion.
    """
    source = plain_argument(source, "source")
    refuse(faults_of(source, resources.schema("source"), "source"))
    assert isinstance(source, Mapping)  # noqa: S101 - the schema has just said so
    if "request" in source:
        refuse(tuple(manual_faults(source)))
        return dict(source)
    endpoint = find(manifest.sources, source["endpoint"], "source.endpoint")
    given = source.get("params", {})
    refuse(tuple(endpoint_faults(endpoint, given, source)))
    chosen = _choose(endpoint, given)
    partitions = _partitions(endpoint, chosen, manifest, source)
    refuse(tuple(_unfilled(endpoint, chosen, partitions)))
    return _expanded(endpoint, chosen, partitions, source)


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


def _partitions(
    endpoint: SourceEndpoint, chosen: _Choice, manifest: Manifest, source: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Return the partitions that the parameters leave: all parents, or the one that is named."""
    if chosen.lookup is not None or _answers_alone(endpoint, chosen):
        return []
    fitting = (rule for rule in endpoint.partitions if _fits(rule, chosen.values))
    return [_partition(rule, chosen.values, manifest, source) for rule in fitting]


def _answers_alone(endpoint: SourceEndpoint, chosen: _Choice) -> bool:
    """Return whether a parameter outside the partitions already says which parent's records are meant."""
    return any(endpoint.parameters[name].instead_of_parent for name in chosen.values)


def _fits(rule: PartitionRule, values: Mapping[str, Json]) -> bool:
    return all(values.get(name, value) == value for name, value in rule.set.items())


def _partition(
    rule: PartitionRule, values: Mapping[str, Json], manifest: Manifest, source: Mapping[str, Any]
) -> dict[str, Any]:
    named = {name: query_text(values[name]) for name in rule.take if name in values}
    partition: dict[str, Any] = {"values": {**rule.set, **named}}
    if rule.source is not None and len(named) < len(rule.take):
        trusts = source.get("settings", {}).get("trust_parents", False)
        mode = source.get("mode", "full") if trusts and rule.follow else "full"
        parents = expand_source({"endpoint": rule.source, "mode": mode}, manifest)
        partition.update(parents=parents, take=dict(rule.take))
        if trusts and rule.count:
            partition["count"] = rule.count
    return partition


def _unfilled(endpoint: SourceEndpoint, chosen: _Choice, partitions: list[dict[str, Any]]) -> Iterator[Fault]:
    """Yield the parameters that the path needs, and that neither the user nor a parent gives."""
    filled = {*chosen.values, *(name for part in partitions for name in (*part["values"], *part.get("take", ())))}
    for name in placeholders(chosen.path):
        if name not in filled:
            yield Fault(f"source.params.{name}", f"is required to read {endpoint.name} this way")

"""A destination as a host gives it, expanded: an endpoint becomes exactly what the manual form accepts.

Checks the destination against its schema and its endpoint, all faults at once; deletes and uploads need to be allowed
by name. This file does not know how a record is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from custify_connector.checking.json_schema import faults_of
from custify_connector.checking.texts import placeholders
from custify_connector.checking.values import plain_argument
from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import Fault, refuse
from custify_connector.manifest import DestinationEndpoint, Held, Manifest, SourceEndpoint, Touch, find, resources

_KEPT = ("delivery", "dry_run", "compare", "on_reject", "max_rejects", "capture_responses", "settings")


def expand_destination(destination: object, manifest: Manifest) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the manual form of a destination, and the schema of its records (None for one configured by hand).

    Raises ConfigurationError with every fault of it.
    """
    destination = plain_argument(destination, "destination")
    refuse(faults_of(destination, resources.schema("destination"), "destination"))
    assert isinstance(destination, Mapping)  # noqa: S101 - the schema has just said so
    refuse(tuple(_compare_fault(destination)))
    if "request" in destination:
        refuse(tuple(_manual_faults(destination)))
        return dict(destination), None
    endpoint = find(manifest.destinations, destination["endpoint"], "destination.endpoint")
    schema = manifest.write_schema(endpoint)
    refuse(tuple(_faults(endpoint, destination, schema)))
    return {**stored(endpoint, manifest), **_of_this_run(endpoint, destination)}, schema


def stored(endpoint: DestinationEndpoint, manifest: Manifest) -> dict[str, Any]:
    """Return the manual configuration that an endpoint stands for."""
    manual: dict[str, Any] = {
        "destination": endpoint.name,
        "request": {
            "method": endpoint.method,
            "path": endpoint.path,
            "query": list(endpoint.query),
            "routes": [{"with": route.present, "path": route.path} for route in endpoint.routes],
        },
        "identity": [list(fields) for fields in endpoint.identity],
        "repeat": endpoint.repeat,
        "clear": endpoint.clear,
        "max_characters": dict(endpoint.max_characters),
        "copy": dict(endpoint.copy),
    }
    words = {name: getattr(endpoint, name) for name in ("fallback_path", "list", "upload")}
    manual.update({name: value for name, value in words.items() if value is not None})
    if endpoint.touches is not None:
        manual["touches"] = [_touch(each) for each in endpoint.touches]
    if endpoint.gather:
        manual["gather"] = asdict(endpoint.gather)
    if endpoint.batch and manifest.batch:
        manual["batch"] = {"type": endpoint.batch, **asdict(manifest.batch)}
    found = endpoint.find_first
    if found:
        lookup = {"by": found.by, "path": found.path, "records": [found.records], "update": found.update}
        manual["find_first"] = {**lookup, "copy": dict(found.copy)}
    if endpoint.held:
        manual["held"] = _held(endpoint.held, manifest.sources)
    return manual


def _held(held: Held, sources: Mapping[str, SourceEndpoint]) -> dict[str, Any]:
    links = {name: sources[leads] for name, leads in held.links.items()}
    return {
        "lookups": [_held_lookup(fields, sources[held.source]) for fields in held.by],
        "fallthrough": list(held.fallthrough),
        "also": dict(held.also),
        "links": {name: [_held_lookup((key,), source) for key in _own_keys(source)] for name, source in links.items()},
        "unreadable": list(held.unreadable),
    }


def _own_keys(source: SourceEndpoint) -> list[str]:
    """Return the parameters that find one record by a key of the account's own, so not in the path."""
    return [name for name, each in source.parameters.items() if each.query == name and each.path]


def _held_lookup(fields: tuple[str, ...], source: SourceEndpoint) -> dict[str, Any]:
    parameters = [source.parameters[name] for name in fields]
    path = next((each.path for each in parameters if each.path), source.path)
    envelope = next((each.envelope for each in parameters if each.envelope), source.envelope)
    return {
        "by": list(fields),
        "path": path,
        "query": [each.name for each in parameters if each.name not in placeholders(path)],
        "envelope": envelope,
        "records": [source.records] if source.records and envelope not in {"record", "list"} else [],
    }


def _touch(touch: Touch) -> dict[str, Any]:
    refers = {"refers": True} if touch.refers else {}
    return {"kind": touch.kind, "by": [list(fields) for fields in touch.by], **refers}


def _of_this_run(endpoint: DestinationEndpoint, destination: Mapping[str, Any]) -> dict[str, Any]:
    """Return what this run adds: its settings, and those params that are not fields of the record."""
    own = _run_params(endpoint)
    params = destination.get("params", {})
    kept = {name: destination[name] for name in _KEPT if name in destination}
    kept.update({name: value for name, value in params.items() if name in own})
    return {**kept, "params": {name: value for name, value in params.items() if name not in own}}


def _run_params(endpoint: DestinationEndpoint) -> tuple[str, ...]:
    return ("max_deletes",) * endpoint.destructive + ("directory",) * (endpoint.upload is not None)


def _faults(
    endpoint: DestinationEndpoint, destination: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[Fault]:
    params = destination.get("params", {})
    known = {*schema.get("properties", {}), *_run_params(endpoint)}
    for name in params:
        if name not in known:
            yield Fault(f"destination.params.{name}", f"{endpoint.name} has no such field{suggestion(name, known)}")
    if destination.get("delivery") == "batch" and endpoint.batch is None:
        yield Fault("destination.delivery", f"{endpoint.name} cannot be sent in batches: use single")
    if endpoint.destructive:
        yield from _guard_faults(params.get("max_deletes"), "destination.params.max_deletes")
    if endpoint.upload and not isinstance(params.get("directory"), str):
        reason = "is required: the directory under which the files must lie"
        yield Fault("destination.params.directory", reason)
    if endpoint.undocumented and not destination.get("settings", {}).get("undocumented"):
        reason = f"{endpoint.name} is not in Custify's documentation and may change: set this to true to use it"
        yield Fault("destination.settings.undocumented", reason)


def _compare_fault(destination: Mapping[str, Any]) -> Iterator[Fault]:
    if destination.get("compare") and not destination.get("dry_run"):
        yield Fault("destination.compare", "needs dry_run: it compares records in place of sending them")


def _manual_faults(destination: Mapping[str, Any]) -> Iterator[Fault]:
    if destination.get("delivery") == "batch" and "batch" not in destination:
        yield Fault("destination.batch", "is required to send in batches: the type of the jobs, and where they go")
    if "upload" in destination and "directory" not in destination:
        yield Fault("destination.directory", "is required: the directory under which the files must lie")
    if destination["request"]["method"] != "DELETE":
        return
    if not destination.get("identity"):
        yield Fault("destination.identity", "is required for a DELETE: it must never be sent without a selector")
    yield from _guard_faults(destination.get("max_deletes"), "destination.max_deletes")


def _guard_faults(value: object, place: str) -> Iterator[Fault]:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        yield Fault(place, "deletes are permanent: give the number of records that may be deleted at most")

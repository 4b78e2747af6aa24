"""What is wrong with a source beyond its schema: all of it at once, each named by its place.

Decides which parameters an endpoint takes, and which of them go together. This file does not know what they become.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from custify_connector.checking.texts import Json, object_id_fault, placeholders
from custify_connector.checking.wording import suggestion, type_name
from custify_connector.contract.errors import Fault
from custify_connector.manifest import Parameter, SourceEndpoint


def manual_faults(source: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the faults of a source that is configured by hand."""
    yield from _placeholder_faults(source, "source")
    yield from _cursor_faults(source)


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


def _cursor_faults(source: Mapping[str, Any]) -> Iterator[Fault]:
    parents = [part.get("parents", {}) for part in source.get("partitions", ())]
    follows = any(parent.get("mode") == "incremental" for parent in parents)
    if source.get("mode") == "incremental" and not source.get("incremental") and not follows:
        yield Fault("source.incremental", "is required in the mode incremental: name the cursor there")


def endpoint_faults(endpoint: SourceEndpoint, given: Mapping[str, Json], source: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the faults of a source that names an endpoint, and of the parameters that are given for it."""
    settings = source.get("settings", {})
    for name, value in given.items():
        yield from _parameter_faults(endpoint, name, value, check_ids=settings.get("check_ids", True))
    known = {name: endpoint.parameters[name] for name in given if name in endpoint.parameters}
    lookups = [name for name, parameter in known.items() if parameter.path]
    if len(lookups) > 1:
        yield Fault("source.params", f"has {' and '.join(lookups)}: only one can choose the records")
    if len(endpoint.partitions) > 1:
        yield from _ambiguous_parents(endpoint, given)
    if source.get("mode") == "incremental":
        trusts = settings.get("trust_parents", False)
        if endpoint.incremental is None and not (trusts and _follows(endpoint, given)):
            reason = f"{endpoint.name} can only be read in full: Custify gives it no cursor"
            remedy = "; settings.trust_parents reads it for the parents that changed"
            yield Fault("source.mode", reason + (remedy if _follows(endpoint, given) and not trusts else ""))
        yield from _incremental_faults(known, lookups)
    if endpoint.undocumented and not settings.get("undocumented"):
        reason = f"{endpoint.name} is not in Custify's documentation and may change: set this to true to read it"
        yield Fault("source.settings.undocumented", reason)


def _parameter_faults(endpoint: SourceEndpoint, name: str, value: Json, *, check_ids: bool) -> Iterator[Fault]:
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
    elif check_ids and parameter.format == "object-id" and (reason := object_id_fault(value)):
        yield Fault(place, f"{reason} (to ask anyway: settings.check_ids false, or --any-ids of custify read)")


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


def _follows(endpoint: SourceEndpoint, given: Mapping[str, Json]) -> bool:
    """Return whether the parents can say what changed: they can where none is named."""
    return any(rule.follow and not rule.take.keys() & given.keys() for rule in endpoint.partitions)


def _incremental_faults(known: Mapping[str, Parameter], lookups: list[str]) -> Iterator[Fault]:
    if lookups and not known[lookups[0]].paged:
        yield Fault("source.mode", f"a look-up by {lookups[0]} can only be read in full")
    if "sorting" in known:
        yield Fault("source.params.sorting", "an incremental read needs an order of its own: leave it out")

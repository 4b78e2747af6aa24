"""How one record is written, as frozen values, made from a *manual configuration* alone.

A template of the manifest is nothing but a stored one, so this file knows neither the manifest nor how fast a run goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from custify_connector.manifest import Alternatives, Envelope, Gather, Touch, touches_of


@dataclass(frozen=True)
class BatchRule:
    """How records are sent as jobs of a batch: the jobs' type, where to post and to ask, how many at most."""

    type: str
    path: str
    outcome: str
    jobs: int
    synchronous: int


@dataclass(frozen=True)
class Lookup:
    """How a record is looked up before it is created: `by` names it, `update` is where the one found is updated."""

    by: str
    path: str
    records: tuple[str, ...]
    update: str
    copy: Mapping[str, str]


@dataclass(frozen=True)
class HeldLookup:
    """One way in which what the service holds of a record is found: by these fields, in the path or in the query."""

    by: tuple[str, ...]
    path: str
    query: tuple[str, ...]
    envelope: Envelope
    records: tuple[str, ...]


@dataclass(frozen=True)
class HeldRule:
    """How what the service holds of a record is read; see the manifest's word `held`."""

    lookups: tuple[HeldLookup, ...]
    fallthrough: tuple[str, ...]
    also: Mapping[str, str]
    links: Mapping[str, tuple[HeldLookup, ...]]
    unreadable: tuple[str, ...]


@dataclass(frozen=True)
class WritePlan:
    """How one record is written. `repeat` is `always`, `never`, or the field that makes a repeat safe.

    `touches` says what a record acts on, and so which others it must not overtake; `gather` which records one call may
    take together. `routes` are (field, path) for records that have the field; `copy` maps fields of the body to fields
    of the record that travel elsewhere; `list` is a field that is the whole body; `upload` one that names a file.
    """

    destination: str
    method: str
    path: str
    query: tuple[str, ...]
    identity: Alternatives
    repeat: str
    clear: Literal["unset", "null"]
    batch: BatchRule | None
    max_characters: Mapping[str, int]
    schema: Mapping[str, Any] | None
    constants: Mapping[str, Any]
    dry_run: bool = False
    on_reject: Literal["continue", "stop"] = "continue"
    max_rejects: int | str | None = None
    capture_responses: bool = False
    delivery: Literal["single", "batch"] = "single"
    touches: tuple[Touch, ...] = ()
    gather: Gather | None = None
    routes: tuple[tuple[str, str], ...] = ()
    fallback_path: str | None = None
    copy: Mapping[str, str] = field(default_factory=dict)
    list: str | None = None
    find_first: Lookup | None = None
    max_deletes: int | None = None
    upload: str | None = None
    directory: str | None = None
    check_ids: bool = True
    compare: bool = False
    held: HeldRule | None = None


def write_plan(manual: Mapping[str, Any], schema: Mapping[str, Any] | None) -> WritePlan:
    """Turn a checked manual destination into its plan; `schema` is that of its records, if one is known."""
    request = manual["request"]
    identity: Alternatives = tuple(tuple(fields) for fields in manual.get("identity", ()))
    return WritePlan(
        destination=manual.get("destination", f"{request['method']} {request['path']}"),
        method=request["method"],
        path=request["path"],
        query=tuple(request.get("query", ())),
        identity=identity,
        touches=touches_of(manual["touches"]) if "touches" in manual else (Touch("", identity),),
        gather=Gather(**manual["gather"]) if "gather" in manual else None,
        repeat=manual.get("repeat", "never"),
        clear=manual.get("clear", "null"),
        batch=BatchRule(**manual["batch"]) if "batch" in manual else None,
        max_characters=manual.get("max_characters", {}),
        schema=schema,
        constants=manual.get("params", {}),
        routes=tuple((route["with"], route["path"]) for route in request.get("routes", ())),
        find_first=_lookup(manual.get("find_first")),
        held=_held(manual["held"]) if "held" in manual else None,
        check_ids=manual.get("settings", {}).get("check_ids", True),
        **{name: manual[name] for name in _RUN_WORDS if name in manual},
    )


_RUN_WORDS = (
    "dry_run",
    "compare",
    "on_reject",
    "max_rejects",
    "capture_responses",
    "delivery",
    "fallback_path",
    "copy",
    "list",
    "max_deletes",
    "upload",
    "directory",
)


def _lookup(words: Mapping[str, Any] | None) -> Lookup | None:
    if words is None:
        return None
    return Lookup(words["by"], words["path"], tuple(words["records"]), words["update"], words.get("copy", {}))


def _held(words: Mapping[str, Any]) -> HeldRule:
    links = {name: tuple(map(_held_lookup, each)) for name, each in words.get("links", {}).items()}
    unreadable, fallthrough = tuple(words.get("unreadable", ())), tuple(words.get("fallthrough", ()))
    return HeldRule(tuple(map(_held_lookup, words["lookups"])), fallthrough, words.get("also", {}), links, unreadable)


def _held_lookup(words: Mapping[str, Any]) -> HeldLookup:
    envelope, query, records = words.get("envelope", "page"), words.get("query", ()), words.get("records", ())
    return HeldLookup(tuple(words["by"]), words["path"], tuple(query), envelope, tuple(records))

"""How one stream is read, as frozen values, made from a *manual configuration* alone.

A template of the manifest is nothing but a stored one, so this file knows neither the manifest nor how fast a run goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from custify_connector.checking.texts import Json, fill, query_text
from custify_connector.checking.values import sortable
from custify_connector.manifest import Alternatives, Envelope


@dataclass(frozen=True)
class Paging:
    """How a page is asked for: the query parameters of its number and size, the first number, the largest size."""

    parameter: str
    size: int
    start: int = 1
    size_parameter: str | None = None


@dataclass(frozen=True)
class Order:
    """The order in which records are asked for: an unchanging date field, and the query that asks for it."""

    field: str
    query: Mapping[str, str]
    descending: bool = True


@dataclass(frozen=True)
class Since:
    """How an incremental read is narrowed: the cursor field, and the query that sorts by it, newest first."""

    cursor: str
    query: Mapping[str, str]
    narrow: Literal["entity_filter"] | None = None


@dataclass(frozen=True)
class Slice:
    """A part of a stream by the date of its order: `start` <= date < `end`, None for no bound.

    `page` is where it begins at the earliest guess, `pages` how many it is expected to have.
    """

    start: str | None
    end: str | None
    page: int
    pages: int


@dataclass(frozen=True)
class Partition:
    """A part of a stream that has requests of its own: fixed `values`, and those to `take` from each parent record.

    A parent whose field `count` is 0 has none.
    """

    values: Mapping[str, str]
    parents: ReadPlan | None = None
    take: Mapping[str, str] = field(default_factory=dict)
    count: str | None = None

    @property
    def follows(self) -> bool:
        """Whether only those parents are asked for that changed since the cursor."""
        return self.parents is not None and self.parents.since is not None


@dataclass(frozen=True)
class ReadPlan:
    """How one stream is read. `fingerprint` names what is read, so that a state is used for nothing else.

    `partitions` fill the `{name}` of path and query, one after another; `add` puts their values into each record
    (field to name), and `bound` holds the values once they are filled. `flatten` lifts the content of fields up. With
    `allow_incomplete`, records that never came are warned of, and the read is a finished one.
    """

    stream: str
    method: str
    path: str
    query: Mapping[str, str]
    body: Json
    records: tuple[str, ...]
    envelope: Envelope
    page: Paging | None
    key: Alternatives
    order: Order | None
    since: Since | None
    fields: tuple[str, ...]
    limit: int | None
    fingerprint: str
    may_be_missing: bool
    fallback_path: str | None
    flatten: tuple[str, ...]
    partitions: tuple[Partition, ...]
    add: Mapping[str, str]
    slice: Slice | None
    allow_incomplete: bool = False
    bound: Mapping[str, str] | None = None


def read_plan(manual: Mapping[str, Any]) -> ReadPlan:
    """Turn a checked manual source into its plan."""
    request = manual["request"]
    page = manual.get("page")
    order = manual.get("order")
    since = manual.get("incremental") if manual.get("mode") == "incremental" else None
    return ReadPlan(
        stream=manual.get("stream", request["path"].strip("/").replace("/", "_")),
        method=request.get("method", "GET"),
        path=request["path"],
        query={name: query_text(value) for name, value in request.get("query", {}).items()},
        body=request.get("body"),
        records=tuple(manual.get("records", ())),
        envelope=manual.get("envelope", "page" if manual.get("records") else "list"),
        page=Paging(**page) if page else None,
        key=tuple(tuple(fields) for fields in manual.get("key", ())),
        order=Order(order["field"], order.get("query", {}), order.get("direction") != "asc") if order else None,
        since=Since(since["cursor"], since.get("query", {}), since.get("narrow")) if since else None,
        fields=tuple(manual.get("fields", ())),
        limit=manual.get("limit"),
        fingerprint=_fingerprint(manual),
        may_be_missing=manual.get("may_be_missing", False),
        fallback_path=manual.get("fallback_path"),
        flatten=tuple(manual.get("flatten", ())),
        partitions=tuple(_partition(partition) for partition in manual.get("partitions", ())),
        add=manual.get("add", {}),
        slice=_slice(manual["slice"]) if "slice" in manual else None,
        allow_incomplete=manual.get("settings", {}).get("allow_incomplete", False),
    )


def _slice(words: Mapping[str, Any]) -> Slice:
    bounds = {name: sortable(words[name]) or words[name] for name in ("start", "end")}
    return Slice(**{**words, **bounds})


def _partition(words: Mapping[str, Any]) -> Partition:
    parents = read_plan(words["parents"]) if "parents" in words else None
    return Partition(words.get("values", {}), parents, words.get("take", {}), words.get("count"))


def bind(plan: ReadPlan, values: Mapping[str, str]) -> ReadPlan:
    """Return the plan of one partition: its values filled into path and query."""
    query = {name: values.get(text[1:-1], text) if text[:1] == "{" else text for name, text in plan.query.items()}
    fallback = fill(plan.fallback_path, values) if plan.fallback_path else None
    path = fill(plan.path, values)
    return replace(plan, path=path, fallback_path=fallback, query=query, partitions=(), bound=dict(values))


def _fingerprint(manual: Mapping[str, Any]) -> str:
    """Name what is read, not how: a state outlives a change of order, page size or pace."""
    what: list[Any] = [manual["request"].get(word) for word in ("method", "path", "query", "body")]
    parts = [
        [part.get("values"), _fingerprint({**part["parents"], "mode": "full"}) if "parents" in part else None]
        for part in manual.get("partitions", ())
    ]
    text = orjson.dumps([*what, manual.get("mode", "full"), parts, manual.get("slice")], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[:16]

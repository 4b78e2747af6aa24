"""What a run will do, as frozen values: how one stream is read, how one record is written, and at which pace.

The plans are made from a *manual configuration* alone; a template of the manifest is nothing but a stored one, so
this file does not know the manifest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import orjson

from custify_connector.manifest import Alternatives, Envelope, RateLimit
from custify_connector.wire import Json


@dataclass(frozen=True)
class Settings:
    """How fast and how patiently: `rate_limit` None means no limit; times are in seconds."""

    rate_limit: RateLimit | None
    max_in_flight: int = 8
    timeout_seconds: float = 30.0


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
class ReadPlan:
    """How one stream is read. `fingerprint` names what is read, so that a state is used for nothing else."""

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


@dataclass(frozen=True)
class WritePlan:
    """How one record is written. `repeat` is `always`, `never`, or the field that makes a repeat safe."""

    destination: str
    method: str
    path: str
    query: tuple[str, ...]
    identity: Alternatives
    repeat: str
    clear: Literal["unset", "null"]
    batch: str | None
    max_characters: Mapping[str, int]
    schema: Mapping[str, Any] | None
    constants: Mapping[str, Any]
    dry_run: bool = False
    on_reject: Literal["continue", "stop"] = "continue"
    max_rejects: int | None = None
    capture_responses: bool = False
    delivery: Literal["single", "batch"] = field(default="single")


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
    )


def write_plan(manual: Mapping[str, Any], schema: Mapping[str, Any] | None) -> WritePlan:
    """Turn a checked manual destination into its plan; `schema` is that of its records, if one is known."""
    request = manual["request"]
    return WritePlan(
        destination=manual.get("destination", f"{request['method']} {request['path']}"),
        method=request["method"],
        path=request["path"],
        query=tuple(request.get("query", ())),
        identity=tuple(tuple(fields) for fields in manual.get("identity", ())),
        repeat=manual.get("repeat", "never"),
        clear=manual.get("clear", "null"),
        batch=manual.get("batch"),
        max_characters=manual.get("max_characters", {}),
        schema=schema,
        constants=manual.get("params", {}),
        **{name: manual[name] for name in _RUN_WORDS if name in manual},
    )


_RUN_WORDS = ("dry_run", "on_reject", "max_rejects", "capture_responses", "delivery")


def settings(given: Mapping[str, Any], default_limit: RateLimit) -> Settings:
    """Turn checked `settings` into a value; a `rate_limit` of null means that the account has none."""
    words = dict(given)
    limit = words.pop("rate_limit", default_limit)
    return Settings(rate_limit=RateLimit(**limit) if isinstance(limit, Mapping) else limit, **words)


def query_text(value: Json) -> str:
    """Return a value as it travels in a query: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _fingerprint(manual: Mapping[str, Any]) -> str:
    """Name what is read, not how: a state outlives a change of order, page size or pace."""
    what = [manual["request"].get(word) for word in ("method", "path", "query", "body")]
    text = orjson.dumps([*what, manual.get("mode", "full")], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(text).hexdigest()[:16]

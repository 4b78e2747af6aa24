"""`connector.yaml`, read once into frozen values; these dataclasses and `schemas/manifest.json` are its grammar.

Everything that depends on one endpoint is decided here, by data. This file does not know how a request is sent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

import orjson

from custify_connector.checking.json_schema import compile_record_check
from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import ConfigurationError, Fault, ManifestError
from custify_connector.manifest import resources
from custify_connector.manifest.faults import SchemaTrial, compiles, grammar_faults, is_there, meaning_faults

Envelope = Literal["page", "record", "list", "page_or_record", "by_type"]
Dialect = Literal["sorting", "sort_order", "fixed"]
Alternatives = tuple[tuple[str, ...], ...]

PREPARED = "connector.json"
"""The manifest as a wheel carries it besides: checked, as JSON, and with the digest of the text that it was made of."""

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Parameter:
    """A value that a user of a source may give: its type, help, and where it travels."""

    name: str
    type: str
    help: str
    query: str | None = None
    path: str | None = None
    envelope: Envelope | None = None
    paged: bool = False
    instead_of_parent: bool = False
    default: Any = None
    enum: tuple[Any, ...] = ()
    example: Any = None


@dataclass(frozen=True)
class Sort:
    """How to ask for an order (`dialect`), and a date that never changes to order by (`field`)."""

    dialect: Dialect
    field: str


@dataclass(frozen=True)
class Incremental:
    """The date that moves when a record changes, and how the service can be asked for newer records only."""

    cursor: str
    narrow: Literal["entity_filter"] | None = None


@dataclass(frozen=True)
class PartitionRule:
    """A part of a source: parameters that are `set`, and those to `take` from each record of a parent `source`."""

    set: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    source: str | None = None
    take: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True)
class SourceEndpoint:
    """One entry under `sources`."""

    name: str
    title: str
    summary: str
    schema: str
    path: str
    records: str | None = None
    envelope: Envelope = "page"
    page: int | None = None
    key: Alternatives = ()
    query: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    sort: Sort | None = None
    incremental: Incremental | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: _NOTHING)
    fallback_path: str | None = None
    flatten: tuple[str, ...] = ()
    partitions: tuple[PartitionRule, ...] = ()
    add: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    undocumented: bool = False
    attributes: str | None = None
    keyless: str | None = None


@dataclass(frozen=True)
class Route:
    """Another path, for records that have the field `present`."""

    present: str
    path: str


@dataclass(frozen=True)
class FindFirst:
    """How a record is looked up before it is created, and where the one that is found is updated."""

    by: str
    path: str
    records: str
    update: str
    copy: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True)
class DestinationEndpoint:
    """One entry under `destinations`. `repeat` is `always`, `never`, or the field that makes a repeat safe."""

    name: str
    title: str
    summary: str
    schema: str
    method: str
    path: str
    identity: Alternatives
    repeat: str
    query: tuple[str, ...] = ()
    clear: Literal["unset", "null"] = "null"
    batch: str | None = None
    max_characters: Mapping[str, int] = field(default_factory=lambda: _NOTHING)
    routes: tuple[Route, ...] = ()
    fallback_path: str | None = None
    copy: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    list: str | None = None
    find_first: FindFirst | None = None
    after: tuple[str, ...] = ()
    comparable: bool = False
    destructive: bool = False
    upload: str | None = None
    undocumented: bool = False


@dataclass(frozen=True)
class CredentialTest:
    """The cheapest read that shows whether a key is accepted, and the key that its reply must hold."""

    path: str
    records: str
    query: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True)
class BatchEndpoint:
    """Where batches are posted and looked at, and how many jobs one may have, also when synchronous."""

    path: str
    outcome: str
    jobs: int
    synchronous: int


@dataclass(frozen=True)
class RateLimit:
    """At most `requests` in any `seconds`."""

    requests: int
    seconds: float


@dataclass(frozen=True)
class Manifest:
    """The whole of `connector.yaml`."""

    name: str
    title: str
    summary: str
    documentation: str
    base_url: str
    hosts: tuple[str, ...]
    rate_limit: RateLimit
    credential_test: CredentialTest
    batch: BatchEndpoint | None
    schemas: Path
    sources: Mapping[str, SourceEndpoint]
    destinations: Mapping[str, DestinationEndpoint]

    def record_schema(self, source: SourceEndpoint) -> dict[str, Any]:
        """Return the JSON Schema of a source's records."""
        return resources.load(self.schemas / "records" / f"{source.schema}.json")

    def write_schema(self, destination: DestinationEndpoint) -> dict[str, Any]:
        """Return the JSON Schema of what a destination takes."""
        return resources.load(self.schemas / "writes" / f"{destination.schema}.json")


Endpoint = TypeVar("Endpoint", SourceEndpoint, DestinationEndpoint)


def find(endpoints: Mapping[str, Endpoint], name: str, place: str) -> Endpoint:
    """Return an endpoint by its name; raises ConfigurationError, with a suggestion when a name is close."""
    if name not in endpoints:
        hint = suggestion(name, endpoints) or ": custify describe lists them"
        raise ConfigurationError((Fault(place, f"there is no {name!r}{hint}"),))
    return endpoints[name]


@lru_cache(maxsize=1)
def load() -> Manifest:
    """Return the connector's own manifest, read once; its schemas are tried where they are used, and by the tests."""
    folder = resources.root()
    text = (folder / "connector.yaml").read_bytes()
    prepared = _prepared(folder / PREPARED, text)
    if prepared is not None:
        return _build(prepared, folder / "schemas")
    return read(text.decode("utf-8"), "connector.yaml", folder / "schemas", own=True)


def prepare(text: bytes) -> bytes:
    """Return what a wheel carries as `PREPARED`: what this text means; raises ManifestError as `read` does."""
    value = _checked(text.decode("utf-8"), "connector.yaml", resources.root() / "schemas", compiles)
    return orjson.dumps({"of": _digest(text), "manifest": value})


def _prepared(file: Path, text: bytes) -> Mapping[str, Any] | None:
    """Return what was made of just this text, and None where there is nothing: that way a changed text is read anew."""
    if not file.is_file():
        return None
    made: dict[str, Any] = orjson.loads(file.read_bytes())
    return made["manifest"] if made["of"] == _digest(text) else None


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def read(text: str, file: str, schemas: Path, *, own: bool = False) -> Manifest:
    """Read a manifest; raises ManifestError with every fault, each with its file, line and column.

    Every schema that it names is compiled, unless it is our `own`: that costs a start 8 ms, and teaches nothing new.
    """
    return _build(_checked(text, file, schemas, is_there if own else compiles), schemas)


def _checked(text: str, file: str, schemas: Path, trial: SchemaTrial) -> dict[str, Any]:
    from custify_connector.checking import strict_yaml  # noqa: PLC0415 - 20 ms that a prepared manifest does not cost

    document = strict_yaml.parse(text, file)
    grammar = resources.schema("manifest")
    if not compile_record_check(grammar)(document.value):
        raise ManifestError(tuple(grammar_faults(document, grammar)))
    faults = tuple(meaning_faults(document, schemas, trial))
    if faults:
        raise ManifestError(faults)
    return document.value


def _build(value: Mapping[str, Any], schemas: Path) -> Manifest:
    connector = value["connector"]
    shared = value.get("parameters", {})
    return Manifest(
        **{name: connector[name] for name in ("name", "title", "summary", "documentation", "base_url")},
        hosts=tuple(connector["hosts"]),
        rate_limit=RateLimit(**connector["rate_limit"]),
        credential_test=CredentialTest(**_frozen(connector["credential_test"], dict)),
        batch=BatchEndpoint(**connector["batch"]) if "batch" in connector else None,
        schemas=schemas,
        sources=_frozen({name: _source(name, entry, shared) for name, entry in value["sources"].items()}),
        destinations=_frozen({name: _destination(name, entry) for name, entry in value["destinations"].items()}),
    )


def _source(name: str, entry: Mapping[str, Any], shared: Mapping[str, Any]) -> SourceEndpoint:
    words: dict[str, Any] = _frozen(entry, dict)
    parameters = {
        parameter: _parameter(parameter, shared[meaning] if isinstance(meaning, str) else meaning)
        for parameter, meaning in words.pop("parameters", {}).items()
    }
    words["key"] = _alternatives(words.get("key", ()))
    words["sort"] = Sort(**words["sort"]) if "sort" in words else None
    words["incremental"] = Incremental(**words["incremental"]) if "incremental" in words else None
    words["flatten"] = tuple(words.get("flatten", ()))
    words["partitions"] = tuple(PartitionRule(**rule) for rule in words.get("partitions", ()))
    return SourceEndpoint(name=name, parameters=_frozen(parameters), **words)


def _parameter(name: str, entry: Mapping[str, Any]) -> Parameter:
    return Parameter(name=name, **_frozen(entry, dict))


def _destination(name: str, entry: Mapping[str, Any]) -> DestinationEndpoint:
    words: dict[str, Any] = _frozen(entry, dict)
    words["identity"] = _alternatives(words["identity"])
    words["repeat"] = words["repeat"] if isinstance(words["repeat"], str) else words["repeat"]["with"]
    words["query"] = tuple(words.get("query", ()))
    words["after"] = tuple(words.get("after", ()))
    words["routes"] = tuple(Route(rule["with"], rule["path"]) for rule in words.get("routes", ()))
    words["find_first"] = FindFirst(**words["find_first"]) if "find_first" in words else None
    return DestinationEndpoint(name=name, **words)


def _alternatives(value: Any) -> Alternatives:  # noqa: ANN401 - lists from YAML, checked by the grammar
    return tuple(tuple(fields) for fields in value)


def _frozen(value: Any, whole: Callable[[dict[str, Any]], Any] = MappingProxyType) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value in which no object and no list can be changed; `whole` is what the outermost object becomes."""
    if isinstance(value, Mapping):
        return whole({name: _frozen(inner) for name, inner in value.items()})
    return tuple(_frozen(inner) for inner in value) if isinstance(value, list) else value

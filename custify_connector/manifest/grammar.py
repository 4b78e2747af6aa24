"""The grammar of `connector.yaml` as frozen values: one class for each kind of entry, one field for each word.

`schemas/manifest.json` says the same to a validator. Everything that depends on one endpoint is decided here, by data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, TypeVar

from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.manifest import resources

Envelope = Literal["page", "record", "list", "page_or_record", "by_type"]
Dialect = Literal["sorting", "sort_order", "fixed"]
Alternatives = tuple[tuple[str, ...], ...]

_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Parameter:
    """A value that a user of a source may give: its type, help, and where it travels.

    `format` says that it is an id of the service's making, whose form is checked before anything is asked.
    """

    name: str
    type: str
    help: str
    format: Literal["object-id"] | None = None
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
    """A part of a source: parameters that are `set`, and those to `take` from each record of a parent `source`.

    `count` is the field of the parent's record that counts what belongs to it; `follow` says that its date of change is
    taken to move with what belongs to it. Both are used with the setting `trust_parents` alone.
    """

    set: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    source: str | None = None
    take: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    count: str | None = None
    follow: bool = False


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
class Touch:
    """A kind of thing that a record acts on, and the alternatives that name one; `x[]` stands for each item of x.

    `refers` says that the record only needs the thing to be there, and leaves it as it is.
    """

    kind: str
    by: Alternatives
    refers: bool = False


def touches_of(rules: Iterable[Mapping[str, Any]]) -> tuple[Touch, ...]:
    """Return what a list under `touches` says, in the manifest or in a manual configuration."""
    return tuple(
        Touch(rule["kind"], tuple(tuple(fields) for fields in rule["by"]), rule.get("refers", False)) for rule in rules
    )


@dataclass(frozen=True)
class Gather:
    """Records that differ in one item of the field `list` alone can be sent in one call of at most `most` items."""

    list: str
    most: int


@dataclass(frozen=True)
class Held:
    """Where what the service holds of a record is read: the parameters of a `source` that find it, named as its fields.

    `by` are alternatives, of which the service takes the first that a record has; after a field of `fallthrough` that
    finds nothing, it goes on to the next. `also` maps a field to another in which its value is read, too, `links` a
    list of links to the source of what they lead to, and `unreadable` are the fields that are not read as they are
    written.
    """

    source: str
    by: Alternatives
    fallthrough: tuple[str, ...] = ()
    also: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    links: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    unreadable: tuple[str, ...] = ()

    @property
    def most(self) -> int:
        """How many requests read what is held of a record, at most."""
        return 1 + len(self.fallthrough) + len(self.links)


@dataclass(frozen=True)
class DestinationEndpoint:
    """One entry under `destinations`. `repeat` is `always`, `never`, or the field that makes a repeat safe.

    `touches` is None where a record acts on nothing but what its identity names.
    """

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
    touches: tuple[Touch, ...] | None = None
    gather: Gather | None = None
    after: tuple[str, ...] = ()
    comparable: bool = False
    destructive: bool = False
    upload: str | None = None
    undocumented: bool = False
    held: Held | None = None


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

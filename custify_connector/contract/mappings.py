"""The mappings that cross a hook, as types: a mistyped word or value is an error of the type checker.

Each has the words of a schema in `schemas/`, and requires those that the schema requires. What a credential and a state
hold is each connector's own: `Credential` is that of this connector, and a state is never looked into.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, TypedDict

Schema: TypeAlias = dict[str, Any]
"""A JSON Schema, draft 2020-12."""

Mode = Literal["full", "incremental"]
Delivery = Literal["single", "batch"]


class _CredentialNeeds(TypedDict):
    name: str
    api_key: str


class Credential(_CredentialNeeds, total=False):
    """What this connector needs to reach one account. Another connector describes other fields under `credential`."""

    description: str
    base_url: str
    allow_host: str


class RateLimitSetting(TypedDict):
    """At most `requests` in any window of `seconds`."""

    requests: int
    seconds: float


class _AnySettings(TypedDict, total=False):
    # check_ids refuses a parameter, or rejects a record, with an id that has not the service's form.
    rate_limit: RateLimitSetting | None
    max_in_flight: int
    timeout_seconds: float
    budget: str
    check_ids: bool
    undocumented: bool


class Settings(_AnySettings, total=False):
    """How a source is read. `rate_limit` is None for an account without a limit."""

    allow_incomplete: bool
    trust_parents: bool


class DestinationSettings(_AnySettings, total=False):
    """How a destination is written."""


class Slice(TypedDict):
    """A part of a stream, as `plan_source` makes it."""

    start: str | None
    end: str | None
    page: int
    pages: int


class _AnySource(TypedDict, total=False):
    mode: Mode
    fields: list[str]
    limit: int
    slice: Slice
    settings: Settings


class _TemplateSourceNeeds(TypedDict):
    endpoint: str


class TemplateSource(_TemplateSourceNeeds, _AnySource, total=False):
    """A source that names an endpoint of the connector."""

    params: Mapping[str, Any]


class _ReadRequestNeeds(TypedDict):
    path: str


class ReadRequest(_ReadRequestNeeds, total=False):
    """The request of a source that is configured by hand."""

    method: Literal["GET", "POST"]
    query: Mapping[str, Any]
    body: Any


class _PagesNeeds(TypedDict):
    parameter: str
    size: int


class Pages(_PagesNeeds, total=False):
    """How pages are asked for."""

    start: int
    size_parameter: str


class Partition(TypedDict, total=False):
    """A part of a source: fixed `values`, or values to `take` from each record of a source `parents`."""

    values: Mapping[str, str]
    parents: ManualSource
    take: Mapping[str, str]
    count: str


class _OrderNeeds(TypedDict):
    field: str


class Order(_OrderNeeds, total=False):
    """An unchanging date by which the records are asked for."""

    direction: Literal["asc", "desc"]
    query: Mapping[str, str]


class _IncrementalNeeds(TypedDict):
    cursor: str


class Incremental(_IncrementalNeeds, total=False):
    """The date that moves when a record changes."""

    query: Mapping[str, str]
    narrow: Literal["entity_filter"]


class _ManualSourceNeeds(TypedDict):
    request: ReadRequest


class ManualSource(_ManualSourceNeeds, _AnySource, total=False):
    """A source that is configured by hand."""

    stream: str
    records: list[str]
    envelope: Literal["page", "record", "list", "page_or_record", "by_type"]
    page: Pages | None
    fallback_path: str
    may_be_missing: bool
    flatten: list[str]
    partitions: list[Partition]
    add: Mapping[str, str]
    key: list[list[str]]
    order: Order
    incremental: Incremental


Source: TypeAlias = TemplateSource | ManualSource


class _AnyDestination(TypedDict, total=False):
    params: Mapping[str, Any]
    delivery: Delivery
    dry_run: bool
    compare: bool
    on_reject: Literal["continue", "stop"]
    max_rejects: int | str
    capture_responses: bool
    settings: DestinationSettings


class _TemplateDestinationNeeds(TypedDict):
    endpoint: str


class TemplateDestination(_TemplateDestinationNeeds, _AnyDestination, total=False):
    """A destination that names an endpoint of the connector."""


WriteRoute = TypedDict("WriteRoute", {"with": str, "path": str})
"""Another path, for records that have the field `with`."""


class _WriteRequestNeeds(TypedDict):
    method: Literal["POST", "PUT", "PATCH", "DELETE"]
    path: str


class WriteRequest(_WriteRequestNeeds, total=False):
    """The request of a destination that is configured by hand."""

    query: list[str]
    routes: list[WriteRoute]


class BatchJobs(TypedDict):
    """How records are sent as jobs of a batch."""

    type: str
    path: str
    outcome: str
    jobs: int
    synchronous: int


class _FindFirstNeeds(TypedDict):
    by: str
    path: str
    records: list[str]
    update: str


class FindFirst(_FindFirstNeeds, total=False):
    """How a record is looked up before it is created."""

    copy: Mapping[str, str]


class _TouchNeeds(TypedDict):
    kind: str
    by: list[list[str]]


class TouchedThing(_TouchNeeds, total=False):
    """What a record acts on: a kind of thing, and alternatives that name one; records of one thing keep their order."""

    refers: bool


class Gathering(TypedDict):
    """Which records one call may take: those that differ in the one item of `list` alone, `most` at a time."""

    list: str
    most: int


class _HeldLookupNeeds(TypedDict):
    by: list[str]
    path: str


class HeldLookup(_HeldLookupNeeds, total=False):
    """One way in which a record is found."""

    query: list[str]
    envelope: Literal["page", "record", "list", "page_or_record", "by_type"]
    records: list[str]


class _HeldRecordNeeds(TypedDict):
    lookups: list[HeldLookup]


class HeldRecord(_HeldRecordNeeds, total=False):
    """Where what the service holds of a record is read."""

    fallthrough: list[str]
    also: Mapping[str, str]
    links: Mapping[str, list[HeldLookup]]
    unreadable: list[str]


class _ManualDestinationNeeds(TypedDict):
    request: WriteRequest


class ManualDestination(_ManualDestinationNeeds, _AnyDestination, total=False):
    """A destination that is configured by hand."""

    destination: str
    identity: list[list[str]]
    touches: list[TouchedThing]
    repeat: str
    clear: Literal["unset", "null"]
    max_characters: Mapping[str, int]
    batch: BatchJobs
    fallback_path: str
    copy: Mapping[str, str]
    list: str
    find_first: FindFirst
    held: HeldRecord
    gather: Gathering
    max_deletes: int
    upload: str
    directory: str


Destination: TypeAlias = TemplateDestination | ManualDestination


class _EndpointNeeds(TypedDict):
    schema: Schema


class AccountFields(TypedDict, total=False):
    """Whether the fields that an account defines itself are known: their `count`, or the `reason` why not."""

    known: bool
    count: int
    reason: str


class SourceDescription(_EndpointNeeds, total=False):
    """One source, as `describe` answers it."""

    name: str
    title: str
    summary: str
    parameters: Schema
    key: list[str]
    keys: list[list[str]]
    keyless: str | None
    modes: list[Mode]
    parents: list[str]
    follows_parents: bool
    cursor: str | None
    page_size: int | None
    undocumented: bool
    attributes: str | None
    account_fields: AccountFields


class DestinationDescription(_EndpointNeeds, total=False):
    """One destination, as `describe` answers it."""

    name: str
    title: str
    summary: str
    identity: list[list[str]]
    repeat: str
    clear: Literal["unset", "null"]
    after: list[str]
    comparable: bool
    destructive: bool
    undocumented: bool
    deliveries: list[Delivery]
    lookups: int


class _DescriptionNeeds(TypedDict):
    name: str
    version: str
    credential: Schema


class Description(_DescriptionNeeds, total=False):
    """A connector, as `describe` answers it."""

    contract: str
    title: str
    summary: str
    documentation: str
    rate_limit: RateLimitSetting
    account: list[str]
    reports_sending: bool
    made_up_credential: dict[str, Any]
    source: Schema
    destination: Schema
    sources: dict[str, SourceDescription]
    destinations: dict[str, DestinationDescription]

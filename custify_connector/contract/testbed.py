"""The testbed that a connector may bring: an emulated service with known content, for a certification.

Host-neutral, like `contract`: the values that cross between a judge and a testbed, and the surface of a running
service. What a testbed cannot do it says with `NotOffered`; a check that needs it is then skipped, never passed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal

Record = dict[str, Any]

Quirk = Literal[
    "bare_object",  # a list of one is answered as the one record itself
    "missing_past_end",  # a page past the end is answered 404
    "no_total",  # no answer says how many records there are
    "low_total",  # every answer says that there are fewer records than there are
    "high_total",  # every answer says that there are more
    "unordered",  # lists come in no particular order
    "unstable_ties",  # records with equal values change places between two lists
    "forgotten_batch",  # the outcome of a batch is known no longer when it is asked for
]
FaultKind = Literal[
    "status",
    "reset",
    "timeout",
    "drip",
    "truncated",
    "not_json",
    "empty",
    "no_records",
    "error_as_success",
    "html",
    "redirect",
    "revoke",
]
Scope = Literal["any", "reads", "writes"]
Operation = Literal["upsert", "create", "update", "delete", "link"]


class NotOffered(Exception):
    """This testbed cannot do what was asked; the text says what, and why if there is a reason."""


@dataclass(frozen=True)
class RateLimit:
    """At most `requests` in any window of `seconds`."""

    requests: int
    seconds: float


@dataclass(frozen=True)
class Drift:
    """Change what is being read, before every `every`-th request for a list: so many records of each sort."""

    creates: int = 0
    updates: int = 0
    deletes: int = 0
    every: int = 1


@dataclass(frozen=True)
class Setup:
    """How a service is to be started; the defaults are a well-behaved one, at once and without a limit.

    `sizes` is how many records a stream is to hold; the others hold what the testbed finds good: several pages in at
    least one stream. `page_cap` is the most records that a page ever has, whatever is asked for.
    """

    sizes: Mapping[str, int] = field(default_factory=dict)
    page_cap: int | None = None
    quirks: frozenset[Quirk] = frozenset()
    drift: Drift | None = None
    rate_limit: RateLimit | None = None
    latency_seconds: float = 0.0


@dataclass(frozen=True)
class InjectedFault:
    """One fault to order. The first `after` requests of its scope pass; then it strikes `times` of them (None: all).

    `status` and `retry_after` (the header's text; None for no header) belong to the kind `status`. With `applied`, a
    write is carried out and only its answer is lost. With `about`, it strikes only requests that hold this text in
    their path, query or body. `timeout` answers after `seconds`, and `drip` byte by byte over so long. `no_records`
    answers a page with its count alone, `error_as_success` an error with the status of a success. `redirect` sends to
    another host, `revoke` refuses the good credential from that request on.
    """

    kind: FaultKind
    status: int = 500
    retry_after: str | None = None
    scope: Scope = "any"
    after: int = 0
    times: int | None = 1
    applied: bool = False
    seconds: float = 1.0
    about: str | None = None


@dataclass(frozen=True)
class Exchange:
    """One request that the service saw. `at` is in seconds of a clock that only goes forward.

    `status` is None where nothing was answered. `authorised` says that a key came with it that the service accepts;
    `write` that it asked for a change, `applied` that it made one; `counted` that it took a place in the rate limit.
    """

    at: float
    method: str
    path: str
    status: int | None
    authorised: bool = True
    write: bool = False
    applied: bool = False
    counted: bool = True
    query: Mapping[str, list[str]] = field(default_factory=dict)
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path} -> {'no answer' if self.status is None else self.status}"


@dataclass(frozen=True)
class Credentials:
    """The credentials to try: one that is accepted, one that is not, and one that may do nothing here, if there is.

    `unanswered` holds credentials by the code of the report that each must give (`unreachable`, `tls_error`). `secrets`
    are the texts in all of them that may be shown nowhere. `address` names the fields that lead to this testbed,
    whether or not the connector needs them for the real service.
    """

    good: Mapping[str, Any]
    bad: Mapping[str, Any]
    secrets: tuple[str, ...]
    forbidden: Mapping[str, Any] | None = None
    unanswered: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    address: frozenset[str] = frozenset()


@dataclass(frozen=True)
class WriteCase:
    """A destination that can be judged, and records to judge it by.

    `destination` is the argument of `write_destination`; a check may add words of the contract to it. `make(n)` returns
    the n-th valid record: another n, another key. `key` names the fields of the key; `changed` is an optional text
    field that every made record has, and `nested` the same for one inside an object (dotted). `invalid` is a record
    with a key that breaks the schema, `nameless` one that has no key at all. `repeatable` says that sending a record
    twice leaves what sending it once leaves. An `update` or `delete` works on records that were made before, by the
    case named in `of`, with the same `make(n)`.

    `opened` is the dotted path of an object whose fields may have any name and any single value. `adds` are the fields
    that the service gives a new record by itself, each with the value it gives; an empty tuple stands for any value.
    `refused` is a record that fits the schema and that the service refuses. `guard(n)` are words for the destination by
    which at most n records may be deleted. `found_by(record)` is the argument of `read_source` that reads it alone.
    `also_key` is another field that names a record. `turns(n)` are records that act on the n-th thing one after
    another, so that another order leaves another state; a `link`, which makes no record of its own, is judged by them.
    """

    name: str
    destination: Mapping[str, Any]
    make: Callable[[int], Record]
    key: tuple[str, ...]
    invalid: Record
    nameless: Record
    operation: Operation = "upsert"
    repeatable: bool = True
    changed: str | None = None
    nested: str | None = None
    of: str | None = None
    opened: str | None = None
    adds: Mapping[str, Any] = field(default_factory=dict)
    refused: Record | None = None
    guard: Callable[[int], Mapping[str, Any]] | None = None
    found_by: Callable[[Record], Record] | None = None
    also_key: str | None = None
    turns: Callable[[int], list[Record]] | None = None

    def records(self, count: int) -> list[Record]:
        """Return the first `count` valid records."""
        return [self.make(number) for number in range(count)]


@dataclass(frozen=True)
class Release:
    """What the last release published and this one must still take: description, credentials, and states by stream."""

    description: Mapping[str, Any]
    credentials: tuple[Mapping[str, Any], ...] = ()
    states: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Service:
    """A running emulated service. A testbed's own is a subclass; what it does not override, it does not offer."""

    streams: tuple[str, ...] = ()
    """The streams whose true content is known."""
    write_cases: tuple[WriteCase, ...] = ()
    """The destinations whose effect can be seen."""

    @property
    def credentials(self) -> Credentials:
        """The credentials to try."""
        raise NotOffered("the testbed provides no credentials")

    def source(self, stream: str) -> Record:
        """Return the argument of `read_source` that reads a stream, with the settings it needs here."""
        return {"endpoint": stream}

    def truth(self, stream: str) -> list[Record]:
        """Return what the service holds of a stream at this moment, as the connector must deliver it."""
        raise NotOffered(f"the testbed does not report the true content of {stream}")

    def held(self, case: WriteCase) -> list[Record]:
        """Return what the service holds of a destination's records, under the names that a written record has."""
        raise NotOffered(f"the testbed does not report the outcome of {case.name}")

    def journal(self) -> list[Exchange]:
        """Return every request seen so far, oldest first."""
        raise NotOffered("the testbed keeps no journal")

    def strays(self) -> list[Exchange]:
        """Return the requests that reached another host, to which `redirect` sent; `authorised` says with the key."""
        raise NotOffered("the testbed has no other host to redirect to")

    def inject(self, fault: InjectedFault) -> None:
        """Order a fault, behind those already ordered."""
        raise NotOffered(f"the testbed cannot produce a fault of kind {fault.kind}")

    def change(
        self,
        stream: str,
        *,
        creates: int = 0,
        updates: int = 0,
        deletes: int = 0,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        """Change so many records of a stream now; its truth changes with it.

        Every record that is created or updated has `fields` afterwards, its cursor among them if it is named.
        """
        raise NotOffered(f"the testbed cannot change {stream} ({creates}, {updates}, {deletes}, {fields})")

    def account_fields(self, stream: str) -> frozenset[str]:
        """Return the fields of a stream that this account defines itself, as dotted paths."""
        raise NotOffered(f"the testbed does not report which fields of {stream} are the account's own")

    def released(self) -> Release:
        """Return what the last release published."""
        raise NotOffered("no earlier release is stored to compare with")

    def recordings(self) -> str:
        """Return the path of the folder of recorded replies, as `certification.replaying` reads them."""
        raise NotOffered("no recorded replies are kept")

    def selection(self, stream: str, fields: tuple[str, ...]) -> Record | None:  # noqa: ARG002 - for those that override it
        """Return the argument of `read_source` that reads these fields alone; None: the connector selects none."""
        return None

    def revoke(self) -> None:
        """Refuse the good credential from now on."""
        raise NotOffered("the testbed cannot revoke a credential")

    def never_seen(self, _stream: str) -> Mapping[str, str]:
        """Return the declared fields of a stream that this service never sends, each with the reason."""
        return {}

    def settings(
        self, *, in_flight: int | None = None, timeout_seconds: float | None = None, shared_budget: str | None = None
    ) -> Record:
        """Return the `settings` of a source or destination that ask for this.

        So many requests under way at most; an answer that takes longer given up; one rate limit for all processes
        that name the same file.
        """
        raise NotOffered(f"the connector has no settings for {in_flight}, {timeout_seconds} and {shared_budget}")


Testbed = Callable[[Setup], AbstractContextManager[Service]]
"""What the hook `testbed` answers: a function that starts a service, its own each time, for the length of a `with`."""

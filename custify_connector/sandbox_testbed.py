"""The testbed of this connector: the emulated Custify, in the words of `testbed`.

Decided here: which sandbox a setup asks for, and what its content is in the connector's words. It knows the sandbox and
the values of `testbed`, and nothing of how the connector works.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from custify_connector.sandbox import Drift as SandboxDrift
from custify_connector.sandbox import Entry, Fault, Permissions, Quirks, Sandbox
from custify_connector.testbed import (
    Credentials,
    Exchange,
    InjectedFault,
    NotOffered,
    Quirk,
    Record,
    Service,
    Setup,
    WriteCase,
)

_PEOPLE, _COMPANIES, _PAGE_CAP = 60, 8, 20
_SIZED = ("people", "companies")
_CHANGEABLE = ("people", "companies")
_STREAMS = (
    *("people", "companies", "subscriptions", "deals", "invoices", "tasks", "notes", "tickets", "comments", "tags"),
    *("custom_data", "files", "surveys", "meetings", "time_tracks", "objectives", "calculated_metrics"),
    *("health_scores", "lifecycles", "playbooks", "segments"),
)
_CUSTOM_DATA = ("data_type", "data_id", "data", "entity", "entityModel")
_WHEN = "2026-01-01T00:00:00.000Z"
_NOBODY = "http://127.0.0.1:9"

_QUIRKS: Mapping[Quirk, Mapping[str, Any]] = {
    "bare_object": {"people_envelope": "object", "single_bare": "page"},
    "missing_past_end": {"past_end": "missing"},
    "no_total": {"total": "missing"},
    "low_total": {"total": "low"},
    "high_total": {"total": "high"},
    "unordered": {"ignore_sorting": True},
    "unstable_ties": {"unstable_ties": True},
}


@contextmanager
def open_service(setup: Setup) -> Iterator[Service]:
    """Start a sandbox as the setup asks; NotOffered where there is no such sandbox."""
    rate = setup.rate_limit
    with Sandbox(
        **_sizes(setup.sizes),
        api_key=f"testbed-{secrets.token_hex(16)}",
        rate_limit=(rate.requests, rate.seconds) if rate else None,
        latency=setup.latency_seconds,
        quirks=_quirks(setup),
    ) as sandbox:
        yield EmulatedCustify(sandbox, setup)


def _sizes(sizes: Mapping[str, int]) -> dict[str, int]:
    others = sizes.keys() - set(_SIZED)
    if others:
        raise NotOffered(f"the sandbox sets the number of {' and '.join(_SIZED)} alone, not of {', '.join(others)}")
    return {"people": sizes.get("people", _PEOPLE), "companies": sizes.get("companies", _COMPANIES)}


def _quirks(setup: Setup) -> Quirks:
    drift = setup.drift
    words: dict[str, Any] = {"page_cap": setup.page_cap or _PAGE_CAP}
    for quirk in sorted(setup.quirks):
        words |= _QUIRKS[quirk]
    if drift:
        words["drift"] = SandboxDrift(drift.creates, drift.deletes, drift.updates, drift.every)
    return Quirks(**words)


class EmulatedCustify(Service):
    """A sandbox with three keys: one may do everything, one is unknown, one may do nothing."""

    streams = _STREAMS

    def __init__(self, sandbox: Sandbox, setup: Setup) -> None:
        self._sandbox = sandbox
        rate = setup.rate_limit
        self._settings = {"rate_limit": {"requests": rate.requests, "seconds": rate.seconds} if rate else None}
        self._keys = [sandbox.api_key, *(f"testbed-{secrets.token_hex(16)}" for _ in range(2))]
        sandbox.keys[self._keys[2]] = Permissions(write=False, paths_denied=("/",))
        self.write_cases = _write_cases(sandbox, self._settings)

    @property
    def credentials(self) -> Credentials:
        """See `Service.credentials`."""
        good, bad, forbidden = (self._credential(key, self._sandbox.base_url) for key in self._keys)
        unanswered = {"unreachable": self._credential(self._keys[0], _NOBODY)}
        return Credentials(good, bad, tuple(self._keys), forbidden, unanswered)

    def _credential(self, key: str, base_url: str) -> dict[str, str]:
        return {"name": "testbed", "api_key": key, "base_url": base_url}

    def source(self, stream: str) -> Record:
        """See `Service.source`."""
        return {"endpoint": stream, "settings": self._settings}

    def truth(self, stream: str) -> list[Record]:
        """See `Service.truth`."""
        records = self._sandbox.content.records(stream)
        if stream == "custom_data":
            return [{name: record[name] for name in _CUSTOM_DATA} for record in records]
        return records

    def held(self, case: WriteCase) -> list[Record]:
        """See `Service.held`."""
        records = self._sandbox.content.records(_KIND_OF_CASE[case.name])
        return [_with_user_id(record, self._sandbox) for record in records] if case.name == "create_event" else records

    def journal(self) -> list[Exchange]:
        """See `Service.journal`."""
        return [_exchange(entry) for entry in self._sandbox.journal.entries]

    def inject(self, fault: InjectedFault) -> None:
        """See `Service.inject`."""
        self._sandbox.faults.add(*_faults(fault))

    def change(self, stream: str, *, creates: int = 0, updates: int = 0, deletes: int = 0) -> None:
        """See `Service.change`."""
        content = self._sandbox.content
        if stream not in _CHANGEABLE or deletes:
            raise NotOffered(f"the sandbox cannot change {stream} by {creates}, {updates} and {deletes} records")
        with content.lock:
            for record in list(content.table(stream))[:updates]:
                content.update(stream, record, {"name": f"{record.get('name')} *"})
            for number in range(creates):
                content.create(stream, _newcomer(stream, number))

    def revoke(self) -> None:
        """See `Service.revoke`."""
        self._sandbox.revoke()


def _newcomer(stream: str, number: int) -> Record:
    own = f"changed-{number}"
    shared: Record = {"name": f"Newcomer {number}", "tags": [], "custom_attributes": {}}
    return {"user_id": own, "email": None, **shared, "companies": []} if stream == "people" else {
        "company_id": own,
        **shared,
        "parent_companies": [],
    }  # fmt: skip


def _exchange(entry: Entry) -> Exchange:
    return Exchange(
        at=entry.at,
        method=entry.method,
        path=entry.path,
        status=entry.status,
        authorised=entry.key_ok,
        write=entry.method != "GET",
        applied=entry.applied,
        counted=entry.accepted,
    )


_METHODS: Mapping[str, tuple[str | None, ...]] = {
    "any": (None,),
    "reads": ("GET",),
    "writes": ("POST", "PUT", "DELETE"),
}


@dataclass(frozen=True)
class _Kind:
    name: Any
    value: object = None


def _faults(fault: InjectedFault) -> list[Fault]:
    """Return the sandbox's words for a fault: one for each method, since a fault of the sandbox knows only one."""
    methods = _METHODS[fault.scope]
    if len(methods) > 1 and (fault.after or fault.times not in (None, 1)):
        raise NotOffered("the sandbox cannot count faults over several methods of writing")
    kind = _kind(fault)
    words: dict[str, Any] = {"times": fault.times, "after": fault.after, "before": not fault.applied}
    return [Fault(kind.name, method=method, value=kind.value, **words) for method in methods]


def _kind(fault: InjectedFault) -> _Kind:
    if fault.kind == "redirect":
        raise NotOffered("the testbed has no other host to redirect to")
    if fault.kind == "status" and fault.status == 429:  # noqa: PLR2004 - the one status with a header of its own
        return _Kind("rate_limited", fault.retry_after)
    named = {"timeout": "slow", "truncated": "cut"}
    return _Kind(named.get(fault.kind, fault.kind), fault.status if fault.kind == "status" else None)


def _with_user_id(event: Record, sandbox: Sandbox) -> Record:
    known = {person["id"]: person.get("user_id") for person in sandbox.content.people}
    return {**event, "user_id": known.get(event.get("people", ""))}


_KIND_OF_CASE = {"upsert_person": "people", "upsert_company": "companies", "create_event": "events"}


def _write_cases(sandbox: Sandbox, settings: Mapping[str, Any]) -> tuple[WriteCase, ...]:
    user_id = next((one["user_id"] for one in sandbox.content.people if one.get("user_id")), "nobody")

    def case(name: str, **words: Any) -> WriteCase:  # noqa: ANN401 - the fields of a WriteCase
        return WriteCase(name, {"endpoint": name, "settings": settings}, **words)

    return (
        case(
            "upsert_person",
            make=lambda n: {
                "user_id": f"made-{n}",
                "email": f"made{n}@example.com",
                "name": f"Person {n}",
                "session_count": n,
                "unsubscribed_from_emails": False,
                "custom_attributes": {"seat": f"seat {n}"},
            },
            key=("user_id",),
            invalid={"user_id": "invalid", "session_count": "many"},
            nameless={"name": "Nobody"},
            changed="name",
            nested="custom_attributes.seat",
        ),
        case(
            "upsert_company",
            make=lambda n: {
                "company_id": f"made-{n}",
                "name": f"Company {n}",
                "size": n,
                "churned": False,
                "custom_attributes": {"tier": f"tier {n}"},
            },
            key=("company_id",),
            invalid={"company_id": "invalid", "size": "large"},
            nameless={"name": "Nobody"},
            changed="name",
            nested="custom_attributes.tier",
        ),
        case(
            "create_event",
            make=lambda n: {"user_id": user_id, "name": f"event {n}", "created_at": _WHEN, "metadata": {"n": n}},
            key=("user_id", "name", "created_at"),
            invalid={"user_id": user_id, "name": "invalid", "created_at": "yesterday, perhaps"},
            nameless={"name": "nobody's", "created_at": _WHEN},
            operation="create",
            repeatable=False,
        ),
    )

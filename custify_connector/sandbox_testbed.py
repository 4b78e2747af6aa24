"""The testbed of this connector: the emulated Custify, in the words of `testbed`.

Decided here: which sandbox a setup asks for, and what its content is in the connector's words. It knows the sandbox and
the values of `testbed`, and nothing of how the connector works.
"""

from __future__ import annotations

import json
import secrets
import socketserver
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from custify_connector.sandbox import Drift as SandboxDrift
from custify_connector.sandbox import Entry, Fault, Permissions, Quirks, Sandbox
from custify_connector.sandbox.companies import delete_company
from custify_connector.sandbox.content import Content
from custify_connector.sandbox.faults import Kind
from custify_connector.sandbox.people import delete_people
from custify_connector.testbed import (
    Credentials,
    Exchange,
    FaultKind,
    InjectedFault,
    NotOffered,
    Quirk,
    Record,
    Release,
    Scope,
    Service,
    Setup,
    WriteCase,
)

_PEOPLE, _COMPANIES, _PAGE_CAP = 60, 8, 20
_SIZED = ("people", "companies")
_STREAMS = (
    *("people", "companies", "subscriptions", "deals", "invoices", "tasks", "notes", "tickets", "comments", "tags"),
    *("custom_data", "files", "surveys", "meetings", "time_tracks", "objectives", "calculated_metrics"),
    *("health_scores", "lifecycles", "playbooks", "segments"),
)
_CUSTOM_DATA = ("data_type", "data_id", "data", "entity", "entityModel")
_WHEN = "2026-01-01T00:00:00.000Z"
_NOBODY = "http://127.0.0.1:9"
_RELEASED = Path("schemas") / "released.json"
_RECORDED = Path("schemas") / "recorded"
_HERE = Path(__file__).resolve().parent

_QUIRKS: Mapping[Quirk, Mapping[str, Any]] = {
    "bare_object": {"people_envelope": "object", "single_bare": "page"},
    "missing_past_end": {"past_end": "missing"},
    "no_total": {"total": "missing"},
    "low_total": {"total": "low"},
    "high_total": {"total": "high"},
    "unordered": {"ignore_sorting": True},
    "unstable_ties": {"unstable_ties": True},
    "forgotten_batch": {"batch_expiry": 0.0},
}


@contextmanager
def open_service(setup: Setup) -> Iterator[Service]:
    """Start a sandbox as the setup asks; NotOffered where there is no such sandbox."""
    rate = setup.rate_limit
    key = f"testbed-{secrets.token_hex(16)}"
    other = Sandbox(people=0, companies=0, api_key=key, rate_limit=None)
    asked = Sandbox(
        **_sizes(setup.sizes),
        api_key=key,
        rate_limit=(rate.requests, rate.seconds) if rate else None,
        latency=setup.latency_seconds,
        quirks=_quirks(setup),
    )
    with other, asked, _without_tls() as address:
        yield EmulatedCustify(asked, other, setup, address)


class _Plain(socketserver.BaseRequestHandler):
    """Answers whoever begins TLS in plain text, so that no secure connection comes about; no certificate is needed."""

    def handle(self) -> None:
        self.request.recv(1024)
        self.request.sendall(b"no secure connection here\n")


@contextmanager
def _without_tls() -> Iterator[str]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Plain) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


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
    """A sandbox with three keys: one may do everything, one is unknown, one may do nothing.

    `elsewhere` is another host, that would accept the first key if it ever came there.
    """

    streams = _STREAMS

    def __init__(self, sandbox: Sandbox, elsewhere: Sandbox, setup: Setup, without_tls: str) -> None:
        self._without_tls = without_tls
        self._sandbox, self._elsewhere = sandbox, elsewhere
        self._newcomers = 0
        rate = setup.rate_limit
        self._settings = {"rate_limit": {"requests": rate.requests, "seconds": rate.seconds} if rate else None}
        self._keys = [sandbox.api_key, *(f"testbed-{secrets.token_hex(16)}" for _ in range(2))]
        sandbox.keys[self._keys[2]] = Permissions(write=False, paths_denied=("/",))
        self.write_cases = _write_cases(sandbox, self._settings)

    @property
    def credentials(self) -> Credentials:
        """See `Service.credentials`."""
        good, bad, forbidden = (self._credential(key, self._sandbox.base_url) for key in self._keys)
        unanswered = {
            "unreachable": self._credential(self._keys[0], _NOBODY),
            "tls_error": self._credential(self._keys[0], self._without_tls),
        }
        return Credentials(good, bad, tuple(self._keys), forbidden, unanswered, frozenset({"base_url"}))

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
        self._sandbox.faults.add(_fault(fault, self._elsewhere))

    def strays(self) -> list[Exchange]:
        """See `Service.strays`."""
        return [_exchange(entry) for entry in self._elsewhere.journal.entries]

    def change(
        self,
        stream: str,
        *,
        creates: int = 0,
        updates: int = 0,
        deletes: int = 0,
        fields: Mapping[str, Any] | None = None,
    ) -> None:
        """See `Service.change`."""
        if stream not in _SIZED:
            raise NotOffered(f"the sandbox changes {' and '.join(_SIZED)} alone, not {stream}")
        content = self._sandbox.content
        with content.lock:
            known = list(content.table(stream))
            changed = [content.update(stream, one, {"name": f"{one.get('name')} *"}) for one in known[:updates]]
            changed += [content.create(stream, self._newcomer(stream)) for _ in range(creates)]
            for record in changed if fields else ():
                content.table(stream).put({**record, **(fields or {})})
            if deletes:
                _delete(content, stream, known[-deletes:])

    def account_fields(self, stream: str) -> frozenset[str]:
        """See `Service.account_fields`."""
        named = self._sandbox.content.attribute_types
        return frozenset(f"custom_attributes.{name}" for kind, name in named if kind == stream)

    def _newcomer(self, stream: str) -> Record:
        self._newcomers += 1
        name = f"newcomer-{self._newcomers}"
        shared: Record = {"name": name, "tags": [], "custom_attributes": {}}
        if stream == "people":
            return {"user_id": name, "email": f"{name}@example.com", **shared, "companies": []}
        return {"company_id": name, **shared, "parent_companies": []}

    def released(self) -> Release:
        """See `Service.released`; the file is in the package when installed, and beside it in a checkout."""
        stored = next((one / _RELEASED for one in (_HERE, _HERE.parent) if (one / _RELEASED).is_file()), None)
        if stored is None:
            raise NotOffered("no earlier release is stored to compare with")
        return Release(**json.loads(stored.read_bytes()))

    def recordings(self) -> str:
        """See `Service.recordings`; the folder is found as the last release is."""
        found = next((one / _RECORDED for one in (_HERE, _HERE.parent) if (one / _RECORDED).is_dir()), None)
        if found is None:
            raise NotOffered("no recorded replies are kept")
        return str(found)

    def selection(self, stream: str, fields: tuple[str, ...]) -> Record:
        """See `Service.selection`."""
        return {**self.source(stream), "fields": list(fields)}

    def revoke(self) -> None:
        """See `Service.revoke`."""
        self._sandbox.revoke()

    def never_seen(self, stream: str) -> Mapping[str, str]:
        """See `Service.never_seen`."""
        return {name: _ASKED_FOR.get(name, _NO_CONTENT) for name in _NEVER_SEEN.get(stream, "").split()}

    def settings(
        self, *, in_flight: int | None = None, timeout_seconds: float | None = None, shared_budget: str | None = None
    ) -> Record:
        """See `Service.settings`."""
        asked = {"max_in_flight": in_flight, "timeout_seconds": timeout_seconds, "budget": shared_budget}
        return {name: value for name, value in asked.items() if value is not None}


_NEVER_SEEN: Mapping[str, str] = {
    "people": "companyNames first_seen_at metrics segments tagNames",
    "companies": "segments",
    "subscriptions": "canceledAt created_at dueInvoicesSince id lastTransactionStatus people updated_at",
    "deals": "created_at id people updated_at",
    "invoices": "created_at id people updated_at",
    "tasks": (
        "account assignedToModel collaboratorsDetailed completedAt completedBy completedByName "
        "label people snoozedUntilDate user_id"
    ),
    "notes": "externalId externalProvider status",
    "tickets": "rating ratingAt",
    "meetings": "description direction externalId location",
    "lifecycles": "created_by created_by_name updated_by updated_by_name",
}
"""Stream, and the fields that Custify documents, and that no record of the sandbox has."""

_ASKED_FOR = {"segments": "comes when it is asked for with includeSegments"}
_NO_CONTENT = "is documented, and the seeded content has no record with it"


def _delete(content: Content, stream: str, records: list[Record]) -> None:
    if stream == "people":
        delete_people(content, records)
    else:
        for record in records:
            delete_company(content, record)


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
        query=entry.query,
        body=entry.body,
    )


_METHODS: Mapping[Scope, str | None] = {"any": None, "reads": "GET", "writes": "POST"}
"""The method by which the sandbox tells a scope; every case that writes anew posts."""


def _fault(fault: InjectedFault, elsewhere: Sandbox) -> Fault:
    """Return the sandbox's words for a fault."""
    kind, value = _KINDS[fault.kind](fault, elsewhere)
    method = _METHODS[fault.scope]
    return Fault(kind, method, times=fault.times, after=fault.after, before=not fault.applied, value=value)


def _status(fault: InjectedFault, _elsewhere: Sandbox) -> tuple[Kind, object]:
    limited = fault.status == 429  # noqa: PLR2004 - Too Many Requests, the one with a header of its own
    return ("rate_limited", fault.retry_after) if limited else ("status", fault.status)


_KINDS: Mapping[FaultKind, Callable[[InjectedFault, Sandbox], tuple[Kind, object]]] = {
    "status": _status,
    "reset": lambda *_: ("reset", None),
    "timeout": lambda fault, _: ("slow", fault.seconds),
    "truncated": lambda *_: ("cut", None),
    "not_json": lambda *_: ("not_json", None),
    "empty": lambda *_: ("empty", None),
    "html": lambda *_: ("html", None),
    "redirect": lambda _, elsewhere: ("redirect", f"{elsewhere.base_url}/people/all"),
    "revoke": lambda *_: ("revoke", None),
}


def _with_user_id(event: Record, sandbox: Sandbox) -> Record:
    known = {person["id"]: person.get("user_id") for person in sandbox.content.people}
    return {**event, "user_id": known.get(event.get("people", ""))}


_KIND_OF_CASE = {
    "upsert_person": "people",
    "upsert_company": "companies",
    "create_event": "events",
    "delete_person": "people",
    "create_ticket": "tickets",
    "update_ticket": "tickets",
}

_STAMPED: Mapping[str, Any] = {"id": (), "created_at": (), "updated_at": ()}
_TOLD: Mapping[str, Any] = {"custom_attributes": {}, "tags": []}
_NEW: Mapping[str, Mapping[str, Any]] = {
    "people": {
        **_STAMPED,
        **_TOLD,
        "companies": [],
        "unsubscribed_from_emails": False,
        "unsubscribed_from_calls": False,
    },
    "companies": {
        **_STAMPED,
        **_TOLD,
        "churned": False,
        "parent_companies": [],
        "status": "active",
        "metrics": {"people_count": 0, "health_scores": {}, "calculated_metrics": {}},
    },
    "events": {"id": (), "people": (), "company": None},
    "tickets": {
        **_STAMPED,
        **{name: [] for name in ("company", "companyNames", "people", "peopleNames", "tags")},
        "provider": "api",
    },
}
"""What Custify gives a new record by itself; an empty tuple stands for any value."""


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
            opened="custom_attributes",
            adds=_NEW["people"],
            found_by=lambda record: {"endpoint": "people", "params": {"user_id": record["user_id"]}},
            refused={"user_id": "refused", "companies": [{"company_id": "nobody's"}]},
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
            opened="custom_attributes",
            adds=_NEW["companies"],
            refused={"company_id": "refused", "owners_csm": "nobody@example.com"},
        ),
        case(
            "create_event",
            make=lambda n: {"user_id": user_id, "name": f"event {n}", "created_at": _WHEN, "metadata": {"n": n}},
            key=("user_id", "name", "created_at"),
            invalid={"user_id": user_id, "name": "invalid", "created_at": "yesterday, perhaps"},
            nameless={"name": "nobody's", "created_at": _WHEN},
            operation="create",
            repeatable=False,
            opened="metadata",
            adds=_NEW["events"],
            refused={"user_id": "nobody", "name": "refused", "created_at": _WHEN},
        ),
        WriteCase(
            "delete_person",
            {"endpoint": "delete_person", "params": {"max_deletes": 100}, "settings": settings},
            make=lambda n: {"user_id": f"made-{n}"},
            key=("user_id",),
            invalid={"user_id": ["invalid"]},
            nameless={},
            operation="delete",
            of="upsert_person",
            guard=lambda most: {"params": {"max_deletes": most}},
        ),
        case(
            "create_ticket",
            make=lambda n: {"externalId": f"made-{n}", "title": f"Ticket {n}"},
            key=("externalId",),
            invalid={"externalId": "invalid", "title": 7},
            nameless={"description": "nobody's"},
            changed="title",
            adds=_NEW["tickets"],
            refused={"externalId": "refused", "company": "nobody's"},
        ),
        case(
            "update_ticket",
            make=lambda n: {"externalId": f"made-{n}", "title": f"Ticket {n}"},
            key=("externalId",),
            invalid={"externalId": "invalid", "title": 7},
            nameless={"title": "nobody's"},
            operation="update",
            changed="title",
            of="create_ticket",
        ),
    )

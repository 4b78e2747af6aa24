"""A running sandbox as a service of the testbed: its truth, its journal, and what can be ordered of it.

It knows the sandbox's content; it does not decide how a sandbox is started.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from custify_connector.contract.testbed import (
    Credentials,
    Exchange,
    InjectedFault,
    NotOffered,
    Record,
    Release,
    Service,
    Setup,
    WriteCase,
)
from custify_connector.sandbox import Entry, Permissions, Sandbox
from custify_connector.sandbox.content import Content
from custify_connector.sandbox.endpoints.companies import delete_company
from custify_connector.sandbox.endpoints.people import delete_people
from custify_connector.sandbox_testbed.faults import sandbox_fault
from custify_connector.sandbox_testbed.never_seen import never_seen
from custify_connector.sandbox_testbed.write_cases import STREAM_OF, write_cases

SIZED = ("people", "companies")
"""The streams whose number of records a setup can choose."""

_STREAMS = (
    *("people", "companies", "subscriptions", "deals", "invoices", "tasks", "notes", "tickets", "comments", "tags"),
    *("custom_data", "files", "surveys", "meetings", "time_tracks", "objectives", "calculated_metrics"),
    *("health_scores", "lifecycles", "playbooks", "segments"),
)
_CUSTOM_DATA = ("data_type", "data_id", "data", "entity", "entityModel")
_CLOSED_PORT = "http://127.0.0.1:9"
_RELEASED = Path("schemas") / "released.json"
_RECORDED = Path("schemas") / "recorded"
_PACKAGE = Path(__file__).resolve().parents[1]


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
        self.write_cases = write_cases(sandbox, self._settings)

    @property
    def credentials(self) -> Credentials:
        """See `Service.credentials`."""
        good, bad, forbidden = (self._credential(key, self._sandbox.base_url) for key in self._keys)
        unanswered = {
            "unreachable": self._credential(self._keys[0], _CLOSED_PORT),
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
        records = self._sandbox.content.records(STREAM_OF[case.name])
        if case.operation == "link":
            return [_tagging(record, tag) for record in records for tag in record.get("tags", ())]
        return [_with_user_id(record, self._sandbox) for record in records] if case.name == "create_event" else records

    def journal(self) -> list[Exchange]:
        """See `Service.journal`."""
        return [_exchange(entry) for entry in self._sandbox.journal.entries]

    def inject(self, fault: InjectedFault) -> None:
        """See `Service.inject`."""
        self._sandbox.faults.add(sandbox_fault(fault, self._elsewhere))

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
        if stream not in SIZED:
            raise NotOffered(f"the sandbox changes {' and '.join(SIZED)} alone, not {stream}")
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
        stored = next((one / _RELEASED for one in (_PACKAGE, _PACKAGE.parent) if (one / _RELEASED).is_file()), None)
        if stored is None:
            raise NotOffered("no earlier release is stored to compare with")
        return Release(**json.loads(stored.read_bytes()))

    def recordings(self) -> str:
        """See `Service.recordings`; the folder is found as the last release is."""
        found = next((one / _RECORDED for one in (_PACKAGE, _PACKAGE.parent) if (one / _RECORDED).is_dir()), None)
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
        return never_seen(stream)

    def settings(
        self, *, in_flight: int | None = None, timeout_seconds: float | None = None, shared_budget: str | None = None
    ) -> Record:
        """See `Service.settings`."""
        asked = {"max_in_flight": in_flight, "timeout_seconds": timeout_seconds, "budget": shared_budget}
        return {name: value for name, value in asked.items() if value is not None}


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


def _with_user_id(event: Record, sandbox: Sandbox) -> Record:
    known = {person["id"]: person.get("user_id") for person in sandbox.content.people}
    return {**event, "user_id": known.get(event.get("people", ""))}


def _tagging(company: Record, tag: str) -> Record:
    return {"ids": [company["id"]], "category": "company", "tag": tag}

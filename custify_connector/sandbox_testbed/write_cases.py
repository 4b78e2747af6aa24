"""The destinations that the sandbox can show the effect of, and the records to judge each of them by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custify_connector.contract.testbed import Record, WriteCase
from custify_connector.sandbox import Sandbox

_WHEN = "2026-01-01T00:00:00.000Z"
_NO_ID = 24 * "0"

STREAM_OF = {
    "upsert_person": "people",
    "upsert_company": "companies",
    "create_event": "events",
    "delete_person": "people",
    "create_ticket": "tickets",
    "update_ticket": "tickets",
    "tag_entities": "companies",
}
"""The stream of the sandbox that a case writes to."""

_STAMPED: Mapping[str, Any] = {"id": (), "created_at": (), "updated_at": ()}
_EMPTY_AT_FIRST: Mapping[str, Any] = {"custom_attributes": {}, "tags": []}
_NEW: Mapping[str, Mapping[str, Any]] = {
    "people": {
        **_STAMPED,
        **_EMPTY_AT_FIRST,
        "companies": [],
        "unsubscribed_from_emails": False,
        "unsubscribed_from_calls": False,
    },
    "companies": {
        **_STAMPED,
        **_EMPTY_AT_FIRST,
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


def write_cases(sandbox: Sandbox, settings: Mapping[str, Any]) -> tuple[WriteCase, ...]:
    """Return the cases, each with these settings."""
    user_id = next((one["user_id"] for one in sandbox.content.people if one.get("user_id")), "nobody")
    return (
        _upsert_person(settings),
        _upsert_company(settings),
        _create_event(settings, user_id),
        _delete_person(settings),
        _create_ticket(settings),
        _update_ticket(settings),
        _tag_entities(settings, sandbox),
    )


def _case(name: str, settings: Mapping[str, Any], **words: Any) -> WriteCase:  # noqa: ANN401 - the fields of a WriteCase
    return WriteCase(name, {"endpoint": name, "settings": settings}, **words)


def _upsert(name: str, settings: Mapping[str, Any], **words: Any) -> WriteCase:  # noqa: ANN401 - as above
    """Return the case of a person or company: a name, and attributes of the account."""
    return _case(
        name,
        settings,
        nameless={"name": "Nobody"},
        changed="name",
        opened="custom_attributes",
        adds=_NEW[STREAM_OF[name]],
        **words,
    )


def _upsert_person(settings: Mapping[str, Any]) -> WriteCase:
    return _upsert(
        "upsert_person",
        settings,
        make=_person,
        key=("user_id",),
        invalid={"user_id": "invalid", "session_count": "many"},
        nested="custom_attributes.seat",
        found_by=lambda record: {"endpoint": "people", "params": {"user_id": record["user_id"]}},
        refused={"user_id": "refused", "companies": [{"company_id": "nobody's"}]},
        also_key="email",
    )


def _person(number: int) -> Record:
    return {
        "user_id": f"made-{number}",
        "email": f"made{number}@example.com",
        "name": f"Person {number}",
        "session_count": number,
        "unsubscribed_from_emails": False,
        "custom_attributes": {"seat": f"seat {number}"},
    }


def _upsert_company(settings: Mapping[str, Any]) -> WriteCase:
    return _upsert(
        "upsert_company",
        settings,
        make=_company,
        key=("company_id",),
        invalid={"company_id": "invalid", "size": "large"},
        nested="custom_attributes.tier",
        refused={"company_id": "refused", "owners_csm": "nobody@example.com"},
    )


def _company(number: int) -> Record:
    return {
        "company_id": f"made-{number}",
        "name": f"Company {number}",
        "size": number,
        "churned": False,
        "custom_attributes": {"tier": f"tier {number}"},
    }


def _create_event(settings: Mapping[str, Any], user_id: str) -> WriteCase:
    return _case(
        "create_event",
        settings,
        make=lambda n: {"user_id": user_id, "name": f"event {n}", "created_at": _WHEN, "metadata": {"n": n}},
        key=("user_id", "name", "created_at"),
        invalid={"user_id": user_id, "name": "invalid", "created_at": "yesterday, perhaps"},
        nameless={"name": "nobody's", "created_at": _WHEN},
        operation="create",
        repeatable=False,
        opened="metadata",
        adds=_NEW["events"],
        refused={"user_id": "nobody", "name": "refused", "created_at": _WHEN},
    )


def _delete_person(settings: Mapping[str, Any]) -> WriteCase:
    return WriteCase(
        "delete_person",
        {"endpoint": "delete_person", "params": {"max_deletes": 100}, "settings": settings},
        make=lambda n: {"user_id": f"made-{n}"},
        key=("user_id",),
        invalid={"user_id": ["invalid"]},
        nameless={},
        operation="delete",
        of="upsert_person",
        guard=lambda most: {"params": {"max_deletes": most}},
    )


def _ticket_case(name: str, settings: Mapping[str, Any], **words: Any) -> WriteCase:  # noqa: ANN401 - the fields of a WriteCase
    return _case(
        name,
        settings,
        make=lambda n: {"externalId": f"made-{n}", "title": f"Ticket {n}"},
        key=("externalId",),
        invalid={"externalId": "invalid", "title": 7},
        changed="title",
        **words,
    )


def _create_ticket(settings: Mapping[str, Any]) -> WriteCase:
    return _ticket_case(
        "create_ticket",
        settings,
        nameless={"description": "nobody's"},
        adds=_NEW["tickets"],
        refused={"externalId": "refused", "company": "nobody's"},
    )


def _update_ticket(settings: Mapping[str, Any]) -> WriteCase:
    return _ticket_case(
        "update_ticket", settings, nameless={"title": "nobody's"}, operation="update", of="create_ticket"
    )


def _tag_entities(settings: Mapping[str, Any], sandbox: Sandbox) -> WriteCase:
    companies = [company["id"] for company in sandbox.content.records("companies")] or [_NO_ID]
    tags = (one["id"] for one in sandbox.content.records("tags") if one["category"] == "company")
    tag = next(tags, _NO_ID)

    def tagging(number: int, does: str = "add") -> Record:
        return {"ids": [companies[number % len(companies)]], "type": does, "category": "company", "tag": tag}

    return _case(
        "tag_entities",
        settings,
        make=tagging,
        key=("ids", "category", "tag"),
        invalid={**tagging(0), "ids": 7},
        nameless={"type": "add"},
        operation="link",
        turns=lambda n: [tagging(n, does) for does in ("add", "remove", "add", "remove", "add")],
    )

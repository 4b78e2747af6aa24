"""Operations that only the vendor's own client uses; no documentation of them exists.

Decided here: a plausible answer to each. A connector should not depend on them.
"""

from __future__ import annotations

from hashlib import sha256
from statistics import median
from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.fields import segments_of
from custify_connector.sandbox.pages import Found, enveloped, page_of
from custify_connector.sandbox.refusals import malformed, missing

from .operations import known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

    from .operations import Operation, Resource

_CAP = 100
_STANDARD = {
    "companies": ("name", "website", "industry", "size", "plan", "monthly_revenue", "signed_up_at", "churned"),
    "people": ("name", "email", "phone", "session_count", "signed_up_at", "unsubscribed_from_emails"),
}
_FIELD_TYPES = {"size": "Number", "monthly_revenue": "Number", "session_count": "Number", "signed_up_at": "Date"}
_BOOLEANS = {"churned", "unsubscribed_from_emails"}


def list_attributes(kind: str) -> Operation:
    """Return the operation that answers the attributes of people or companies, as a bare list."""

    def answer(_: Resource, call: Call) -> Reply:
        standard = [
            _attribute(name, _FIELD_TYPES.get(name, "Boolean" if name in _BOOLEANS else "String"))
            for name in _STANDARD[kind]
        ]
        fixed = [(name, kept) for (of, name), kept in call.content.attribute_types.items() if of == kind]
        return json_reply([*standard, *[_attribute(f"custom_attributes.{name}", kept.title()) for name, kept in fixed]])

    return answer


def _attribute(name: str, field_type: str) -> Record:
    return {"name": name, "niceName": name.rpartition(".")[2].replace("_", " ").capitalize(), "fieldType": field_type}


def company_segments(resource: Resource, call: Call) -> Reply:
    """Answer the segments a company belongs to."""
    return _paged(call, "segments", segments_of(call.content, "companies", known(resource, call)))


def company_usage(resource: Resource, call: Call) -> Reply:
    """Answer how often each event of a company occurred, as a bare list."""
    first, last = (call.text("startDate") or "")[:10], (call.text("endDate") or "9999")[:10]
    named = call.text("eventName")
    times: dict[str, list[str]] = {}
    for event in call.content.table("events").find("company", known(resource, call)["id"]):
        if named in (None, event["name"]) and first <= event["created_at"][:10] <= last:
            times.setdefault(event["name"], []).append(event["created_at"])
    return json_reply([_usage(name, sorted(times[name])) for name in sorted(times)])


def _usage(name: str, times: list[str]) -> Record:
    return {"event_name": name, "count": len(times), "frequency": len(times), "last_occurrence": times[-1], "data": []}


def simple_scores(_: Resource, call: Call) -> Reply:
    """Answer the definitions of health scores, as a bare list."""
    scores = call.content.table("health_scores")
    return json_reply(
        [
            {
                "id": one["id"],
                "name": one["name"],
                "description": one["description"],
                "type": one["kpiType"],
                "weight": 1,
                "ranges": [],
            }
            for one in scores
        ]
    )


def score_values(_: Resource, call: Call) -> Reply:
    """Answer the values of a health score, of one company or of all."""
    key, wanted = call.arguments["id"], call.text("companyId")
    values = [
        _score_value(key, one["id"], score["score"], one["updated_at"])
        for one in call.content.table("companies")
        if wanted in (None, one["id"]) and (score := one["metrics"]["health_scores"].get(key))
    ]
    amounts = [value["value"] for value in values]
    page = page_of(call, _CAP, len(values))
    summary = (
        {"average": sum(amounts) / len(amounts), "min": min(amounts), "max": max(amounts), "median": median(amounts)}
        if amounts
        else {}
    )
    return json_reply({"values": values[page.start : page.stop], "total": len(values), **summary})


def _score_value(score: str, company: str, value: int, at: str) -> Record:
    label, color = ("bad", "red") if value < 40 else ("average", "yellow") if value < 70 else ("good", "green")  # noqa: PLR2004 - bands
    links = {"id": _derived(score, company), "health_score_id": score, "company_id": company}
    return {**links, "value": value, "label": label, "color": color, "date": at, "created_at": at}


def _derived(*parts: str) -> str:
    """Return an id for what follows from other records and is not stored: always the same one."""
    return sha256("/".join(parts).encode()).hexdigest()[:24]


def run_playbook(_: Resource, call: Call) -> Reply:
    """Start a playbook for a company."""
    body, playbook = call.body(), call.content.table("playbooks").get(call.arguments["id"])
    if playbook is None or call.content.table("companies").get(body.get("entityId")) is None:
        raise missing("playbook or entity")
    if body.get("type") != "companies":
        raise malformed("type must be companies")
    return json_reply(call.content.create("playbook_runs", {"playbook": playbook["id"], "company": body["entityId"]}))


def list_signals(call: Call) -> Reply:
    """Answer a signal for every third company: of one when it is named, and those that every filter chooses."""
    wanted = call.text("customerId")
    companies = [one for one in list(call.content.table("companies"))[1::3] if wanted in (None, one["id"])]
    signals = [_signal(number, company) for number, company in enumerate(companies)]
    for one in _filters(call):
        signals = [signal for signal in signals if signal.get(one["field"]) == one.get("value")]
    return _paged(call, "signals", signals)


def _filters(call: Call) -> list[Record]:
    filters = call.json("filters") or []
    if not isinstance(filters, list) or not all(isinstance(one, dict) and "field" in one for one in filters):
        raise malformed("filters must be a list of {field, operator, value}")
    return filters


def _signal(number: int, company: Record) -> Record:
    acknowledged = int(company["id"][-6:], 16) % 2 == 1
    at = company["updated_at"]
    return {
        "id": _derived("signal", company["id"]),
        "type": "health_score",
        "title": "Usage dropped",
        "description": f"The score of {company.get('name')} fell.",
        "status": "acknowledged" if acknowledged else "open",
        "severity": ("low", "high")[number % 2],
        "entity": company["id"],
        "entity_model": "Company",
        "entity_name": company.get("name"),
        "signal_id": _derived("definition"),
        "acknowledged": acknowledged,
        "acknowledged_at": at if acknowledged else None,
        "acknowledged_by": None,
        "created_at": company["created_at"],
        "updated_at": at,
    }


def _paged(call: Call, key: str, records: Sequence[Record]) -> Reply:
    page = page_of(call, _CAP, len(records))
    found = Found(list(records[page.start : page.stop]), len(records), page)
    return enveloped("object", key, found, call.quirks)

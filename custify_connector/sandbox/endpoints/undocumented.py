"""Operations that only the vendor's own client uses; no documentation of them exists.

Decided here: a plausible answer to each. A connector should not depend on them.
"""

from __future__ import annotations

from collections import Counter
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
    """Answer how often each event of a company occurred."""
    events = call.content.table("events").find("company", known(resource, call)["id"])
    named = call.text("eventName")
    counts = Counter(event["name"] for event in events if named in (None, event["name"]))
    return json_reply({"type": call.text("type") or "eventCount", "events": dict(sorted(counts.items()))})


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
        {"company_id": one["id"], "value": score["score"], "date": one["updated_at"]}
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


def run_playbook(_: Resource, call: Call) -> Reply:
    """Start a playbook for a company."""
    body, playbook = call.body(), call.content.table("playbooks").get(call.arguments["id"])
    if playbook is None or call.content.table("companies").get(body.get("entityId")) is None:
        raise missing("playbook or entity")
    if body.get("type") != "companies":
        raise malformed("type must be companies")
    return json_reply(call.content.create("playbook_runs", {"playbook": playbook["id"], "company": body["entityId"]}))


def list_signals(call: Call) -> Reply:
    """Answer no signals at all."""
    return _paged(call, "signals", [])


def _paged(call: Call, key: str, records: Sequence[Record]) -> Reply:
    page = page_of(call, _CAP, len(records))
    found = Found(list(records[page.start : page.stop]), len(records), page)
    return enveloped("object", key, found, call.quirks)

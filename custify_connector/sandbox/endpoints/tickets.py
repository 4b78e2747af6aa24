"""What is special about tickets: what one and its replies hold.

Decided here: that writing names companies and people by your ids while reading shows Custify's; that a second POST with
the same externalId makes a second ticket; that replies in a PUT replace all. Source: Custify's docs, Tickets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.fields import segments_of
from custify_connector.sandbox.item_filters import TICKET_CHOICES
from custify_connector.sandbox.links import find_company, find_person
from custify_connector.sandbox.listing import Scope
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.rules import Rule, checked, fields

from .selecting import holding

if TYPE_CHECKING:
    from collections.abc import Callable

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

    from .operations import Resource

_RULES = {
    "externalId": Rule(nullable=False),
    **fields("title description ticketStatus priority assignedToName openedAt:date lastModifiedAt:date"),
}
_REPLY = {"type": Rule(choices=("note", "incoming", "outgoing")), **fields("from body submittedAt:date")}
_ENDED = {"solved", "closed", "resolved"}
_LISTS = ("company", "companyNames", "people", "peopleNames", "tags")
_BLANK: Record = {
    "externalId": None,
    "provider": "api",
    **{name: [] for name in ("company", "companyNames", "people", "peopleNames", "tags")},
}


def _ticket_fields(content: Content, body: Record) -> Record:
    """Return the fields to store for a body; refuse a company or person there is not (400)."""
    held = checked(body, _RULES)
    if "ticketStatus" in held:
        held["status"] = "inactive" if held["ticketStatus"] in _ENDED else "active"
    if body.get("company"):
        company = find_company(content, None, body["company"])
        if company is None:
            raise malformed(f"company {body['company']!r} does not exist")
        held |= {"company": [company["id"]], "companyNames": [{"id": company["id"], "name": company.get("name")}]}
    if body.get("people"):
        person = find_person(content, None, body["people"], body["people"])
        if person is None:
            raise malformed(f"people {body['people']!r} does not exist")
        held |= {"people": [{"id": person["id"]}], "peopleNames": [person.get("name")]}
    return held


def _judged_replies(sent: object) -> list[Record]:
    """Return the replies of a body; refuse what is not a list of replies (400)."""
    if not isinstance(sent, list) or not all(isinstance(reply, dict) for reply in sent):
        raise malformed("replies must be a list of objects")
    return [checked(reply, _REPLY) for reply in sent]


def _add_replies(content: Content, ticket: Record, replies: list[Record]) -> None:
    """Store replies of a ticket, in their order."""
    for reply in replies:
        content.create("ticket_replies", {"ticket": ticket["id"], "externalId": ticket["externalId"], **reply})


def _remove_replies(content: Content, ticket: Record) -> None:
    """Remove every reply of a ticket."""
    for reply in content.table("ticket_replies").find("ticket", ticket["id"]):
        content.table("ticket_replies").remove(reply["id"])


def choices(content: Content) -> dict[str, Callable[[Record, str], bool]]:
    """Return what tickets can be filtered by; csm and segments are those of the ticket's companies."""
    companies = content.table("companies")

    def csm(ticket: Record, value: str) -> bool:
        return any((companies.get(key) or {}).get("owners_csm") == value for key in ticket["company"])

    def segments(ticket: Record, value: str) -> bool:
        found = [company for key in ticket["company"] if (company := companies.get(key))]
        return any(one["id"] == value for company in found for one in segments_of(content, "companies", company))

    return {**TICKET_CHOICES, "csm": csm, "segments": segments}


def of_entity(_: Resource, call: Call) -> Scope:
    """Choose the tickets of the company or person in the path."""
    key, content = call.arguments["id"], call.content
    if content.table("companies").get(key):
        return holding("tickets", "company", key)
    if content.table("people").get(key) is None:
        raise missing("entity")
    return Scope(key, lambda _: [one for one in content.table("tickets") if {"id": key} in one["people"]])


def create_ticket(_: Resource, call: Call) -> Reply:
    """Create a ticket with its replies."""
    body = call.body()
    replies = _judged_replies(body.get("replies", []))
    ticket = call.content.create("tickets", {**_BLANK, **_ticket_fields(call.content, body)})
    _add_replies(call.content, ticket, replies)
    return json_reply(ticket)


def update_ticket(_: Resource, call: Call) -> Reply:
    """Update the fields of a ticket that are sent; replies replace all."""
    body, ticket = call.body(), _known(call)[0]
    replies = _judged_replies(body["replies"]) if "replies" in body else None
    ticket = call.content.update("tickets", ticket, _ticket_fields(call.content, body))
    if replies is not None:
        _remove_replies(call.content, ticket)
        _add_replies(call.content, ticket, replies)
    return json_reply(ticket)


def delete_ticket(_: Resource, call: Call) -> Reply:
    """Delete every ticket with this externalId."""
    tickets = _known(call)
    for ticket in tickets:
        _remove_replies(call.content, ticket)
        call.content.table("tickets").remove(ticket["id"])
    return json_reply({"deleted": len(tickets)})


def add_reply(_: Resource, call: Call) -> Reply:
    """Add a reply, or a list of them."""
    ticket, payload = _known(call)[0], call.payload()
    _add_replies(call.content, ticket, _judged_replies(payload if isinstance(payload, list) else [payload]))
    return json_reply(call.content.update("tickets", ticket, {}))


def _known(call: Call) -> list[Record]:
    found = call.content.table("tickets").find("externalId", call.arguments["externalId"])
    if not found:
        raise missing("ticket")
    return found

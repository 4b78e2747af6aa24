"""What a ticket and its replies hold.

Decided here: their fields, and that a body names company and person by your ids while Custify's are stored.
Source: Custify's docs, Tickets. This file does not know HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.links import find_company, find_person
from custify_connector.sandbox.refusals import malformed
from custify_connector.sandbox.rules import Rule, checked

if TYPE_CHECKING:
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record

_RULES = {
    "externalId": Rule(nullable=False),
    "title": Rule(),
    "description": Rule(),
    "ticketStatus": Rule(),
    "priority": Rule(),
    "assignedToName": Rule(),
    "openedAt": Rule("date"),
    "lastModifiedAt": Rule("date"),
}
_REPLY = {
    "type": Rule(choices=("note", "incoming", "outgoing")),
    "from": Rule(),
    "body": Rule(),
    "submittedAt": Rule("date"),
}
_ENDED = {"solved", "closed", "resolved"}
BLANK: Record = {
    "externalId": None,
    "provider": "api",
    "company": [],
    "companyNames": [],
    "people": [],
    "peopleNames": [],
    "tags": [],
}


def ticket_fields(content: Content, body: Record) -> Record:
    """Return the fields to store for a body; refuse a company or person there is not (400)."""
    fields = checked(body, _RULES)
    if "ticketStatus" in fields:
        fields["status"] = "inactive" if fields["ticketStatus"] in _ENDED else "active"
    if body.get("company"):
        company = find_company(content, None, body["company"])
        if company is None:
            raise malformed(f"company {body['company']!r} does not exist")
        fields |= {"company": [company["id"]], "companyNames": [{"id": company["id"], "name": company.get("name")}]}
    if body.get("people"):
        person = find_person(content, None, body["people"], body["people"])
        if person is None:
            raise malformed(f"people {body['people']!r} does not exist")
        fields |= {"people": [{"id": person["id"]}], "peopleNames": [person.get("name")]}
    return fields


def judged_replies(sent: object) -> list[Record]:
    """Return the replies of a body; refuse what is no list of replies (400)."""
    if not isinstance(sent, list) or not all(isinstance(reply, dict) for reply in sent):
        raise malformed("replies must be a list of objects")
    return [checked(reply, _REPLY) for reply in sent]


def add_replies(content: Content, ticket: Record, replies: list[Record]) -> None:
    """Store replies of a ticket, in their order."""
    for reply in replies:
        content.create("ticket_replies", {"ticket": ticket["id"], "externalId": ticket["externalId"], **reply})


def remove_replies(content: Content, ticket: Record) -> None:
    """Remove every reply of a ticket."""
    for reply in content.table("ticket_replies").find("ticket", ticket["id"]):
        content.table("ticket_replies").remove(reply["id"])

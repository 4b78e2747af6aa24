"""The operations on tickets and their replies.

Decided here: that writing names companies and people by your ids while reading shows Custify's; that a second POST with
the same externalId makes a second ticket; that replies in a PUT replace all. Source: Custify's docs, Tickets.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.item_filters import TICKET_CHOICES
from custify_connector.sandbox.listing import Listing, Scope, listed
from custify_connector.sandbox.refusals import missing
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.segments import segments_of
from custify_connector.sandbox.sorting import Order

from .ticket_fields import BLANK, add_replies, judged_replies, remove_replies, ticket_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply


def _choices(content: Content) -> dict[str, Callable[[Record, str], bool]]:
    """Return what tickets can be filtered by; csm and segments are those of the ticket's companies."""
    companies = content.table("companies")

    def csm(ticket: Record, value: str) -> bool:
        return any((companies.get(key) or {}).get("owners_csm") == value for key in ticket["company"])

    def segments(ticket: Record, value: str) -> bool:
        found = [company for key in ticket["company"] if (company := companies.get(key))]
        return any(one["id"] == value for company in found for one in segments_of(content, "companies", company))

    return {**TICKET_CHOICES, "csm": csm, "segments": segments}


_LISTING = Listing(
    "tickets",
    "tickets",
    cap=200,
    ordering="sort",
    default=Order("openedAt", descending=True),
    fields=frozenset(
        {
            "id",
            "title",
            "ticketStatus",
            "priority",
            "externalId",
            "openedAt",
            "lastModifiedAt",
            "created_at",
            "updated_at",
        }
    ),
    search=("title", "description", "externalId"),
    item_choices=_choices,
)


def list_tickets(call: Call) -> Reply:
    """Answer the page of tickets that is asked for; with externalId, those that carry it."""
    external = call.text("externalId")
    if external is None:
        return listed(call, _LISTING)
    found = call.content.table("tickets").find("externalId", external)
    if not found and call.quirks.lookup_missing == "404":
        raise missing("ticket")
    return listed(call, _LISTING, Scope(("externalId", external), lambda _: found))


def list_entity_tickets(call: Call) -> Reply:
    """Answer a page of the tickets of a company or person."""
    key, content = call.arguments["key"], call.content
    if content.table("companies").get(key):
        return listed(call, _LISTING, Scope(key, lambda _: content.table("tickets").find("company", key)))
    if content.table("people").get(key) is None:
        raise missing("entity")
    return listed(
        call, _LISTING, Scope(key, lambda _: [one for one in content.table("tickets") if {"id": key} in one["people"]])
    )


def create_ticket(call: Call) -> Reply:
    """Create a ticket with its replies."""
    body = call.body()
    replies = judged_replies(body.get("replies", []))
    ticket = call.content.create("tickets", {**BLANK, **ticket_fields(call.content, body)})
    add_replies(call.content, ticket, replies)
    return json_reply(ticket)


def update_ticket(call: Call) -> Reply:
    """Update the fields of a ticket that are sent; replies replace all."""
    body, ticket = call.body(), _known(call)[0]
    replies = judged_replies(body["replies"]) if "replies" in body else None
    ticket = call.content.update("tickets", ticket, ticket_fields(call.content, body))
    if replies is not None:
        remove_replies(call.content, ticket)
        add_replies(call.content, ticket, replies)
    return json_reply(ticket)


def delete_ticket(call: Call) -> Reply:
    """Delete every ticket with this externalId."""
    tickets = _known(call)
    for ticket in tickets:
        remove_replies(call.content, ticket)
        call.content.table("tickets").remove(ticket["id"])
    return json_reply({"deleted": len(tickets)})


def add_reply(call: Call) -> Reply:
    """Add a reply, or a list of them."""
    ticket, payload = _known(call)[0], call.payload()
    add_replies(call.content, ticket, judged_replies(payload if isinstance(payload, list) else [payload]))
    return json_reply(call.content.update("tickets", ticket, {}))


def _known(call: Call) -> list[Record]:
    found = call.content.table("tickets").find("externalId", call.arguments["key"])
    if not found:
        raise missing("ticket")
    return found


ROUTES = (
    Route("GET", "/ticket", list_tickets),
    Route("GET", "/ticket/{key}", list_entity_tickets),
    Route("POST", "/ticket", create_ticket),
    Route("PUT", "/ticket/{key}", update_ticket),
    Route("DELETE", "/ticket/{key}", delete_ticket),
    Route("POST", "/ticket/{key}/reply", add_reply),
)

"""The operations on notes.

Decided here: their fields, whose notes a path means, and their order (one entity's: sticky first).
Source: Custify's docs, Notes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.item_filters import NOTE_CHOICES
from custify_connector.sandbox.listing import Listing, Scope, listed
from custify_connector.sandbox.refusals import missing
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.rules import Rule, checked
from custify_connector.sandbox.sorting import Order

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

_KIND_OF_MODEL = {"Company": "companies", "Customer": "people"}
_RULES = {
    "text": Rule(required=True),
    "entity": Rule(required=True),
    "entityModel": Rule(required=True, choices=tuple(_KIND_OF_MODEL)),
    "files": Rule("list"),
    "metadata": Rule("object"),
    "showInPortal": Rule("boolean"),
    "sticky": Rule("boolean"),
    "tags": Rule("list"),
}
_BLANK: Record = {
    "tags": [],
    "files": [],
    "sticky": False,
    "showInPortal": False,
    "createdBy": None,
    "createdByType": "api",
}
_FIELDS = frozenset({"id", "text", "sticky", "entity", "createdBy", "created_at", "updated_at"})
_NEWEST = Order("created_at", descending=True)


def _listing(default: Order) -> Listing:
    return Listing(
        "notes",
        "notes",
        ordering="sort",
        default=default,
        fields=_FIELDS,
        search=("text", "entityName"),
        item_choices=lambda _: NOTE_CHOICES,
    )


_ALL = _listing(_NEWEST)
_OF_ENTITY = _listing(Order("created_at", descending=True, sticky=True))


def list_notes(call: Call) -> Reply:
    """Answer the page of notes that is asked for."""
    return listed(call, _ALL)


def list_entity_notes(call: Call) -> Reply:
    """Answer a page of the notes of a company or person."""
    key = call.arguments["id"]
    return listed(call, _OF_ENTITY, Scope(key, lambda content: content.table("notes").find("entity", key)))


def create_note(call: Call) -> Reply:
    """Create a note."""
    sent = checked(call.body(), _RULES)
    return json_reply(call.content.create("notes", {**_BLANK, **sent, **_entity(call.content, sent)}))


def update_note(call: Call) -> Reply:
    """Update a note."""
    note = call.content.table("notes").get(call.arguments["id"])
    if note is None:
        raise missing("note")
    sent = checked(call.body(), _RULES)
    return json_reply(call.content.update("notes", note, {**sent, **_entity(call.content, sent)}))


def _entity(content: Content, sent: Record) -> Record:
    entity = content.table(_KIND_OF_MODEL[sent["entityModel"]]).get(sent["entity"])
    if entity is None:
        raise missing("entity")
    company = sent["entityModel"] == "Company"
    links = {"company": [entity["id"]], "people": []} if company else {"company": [], "people": [entity["id"]]}
    return {"entityName": entity.get("name"), **links}


ROUTES = (
    Route("GET", "/note", list_notes),
    Route("GET", "/note/{id}", list_entity_notes),
    Route("POST", "/note", create_note),
    Route("POST", "/note/{id}", update_note),
)

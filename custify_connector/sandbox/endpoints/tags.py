"""The operations on tags.

Decided here: their fields, and that a deleted tag leaves the records that carry it. Source: Custify's docs, Tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.listing import Listing, Scope, listed
from custify_connector.sandbox.refusals import missing
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.rules import Rule, checked
from custify_connector.sandbox.sorting import Order

from .tagging import KIND_OF_CATEGORY, tag_records

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

_NO_TAG_OF_ITS_OWN = {"meeting", "time_tracker"}
_CATEGORIES = tuple(category for category in KIND_OF_CATEGORY if category not in _NO_TAG_OF_ITS_OWN)
_RULES = {
    "name": Rule(required=True),
    "category": Rule(required=True, choices=_CATEGORIES),
    "description": Rule(),
}
_LISTING = Listing(
    "tags",
    "tags",
    cap=100,
    ordering="sort",
    default=Order("position"),
    fields=frozenset({"id", "name", "category", "position", "created_at", "updated_at"}),
)


def list_tags(call: Call) -> Reply:
    """Answer the page of tags that is asked for, of one category or of all."""
    category = call.text("category") or "all"
    if category == "all":
        return listed(call, _LISTING)
    return listed(call, _LISTING, Scope(category, lambda content: content.table("tags").find("category", category)))


def get_tag(call: Call) -> Reply:
    """Answer one tag, bare."""
    return json_reply(_known(call))


def create_tag(call: Call) -> Reply:
    """Create a tag, after all others."""
    sent = checked(call.body(), _RULES)
    last = max((tag.get("position") or 0 for tag in call.content.table("tags")), default=-1)
    return json_reply(call.content.create("tags", {"description": "", **sent, "position": last + 1}))


def update_tag(call: Call) -> Reply:
    """Update a tag."""
    return json_reply(call.content.update("tags", _known(call), checked(call.body(), _RULES)))


def delete_tag(call: Call) -> Reply:
    """Delete a tag, and take it off the records that carry it."""
    key = _known(call)["id"]
    for kind in KIND_OF_CATEGORY.values():
        for record in call.content.table(kind).find("tags", key):
            call.content.update(kind, record, {"tags": [tag for tag in record["tags"] if tag != key]})
    call.content.table("tags").remove(key)
    return json_reply({"deleted": 1})


def tag_entities(call: Call) -> Reply:
    """Add a tag to records of one category, or remove it."""
    return tag_records(call, call.body())


def _known(call: Call) -> Record:
    tag = call.content.table("tags").get(call.arguments["id"])
    if tag is None:
        raise missing("tag")
    return tag


ROUTES = (
    Route("GET", "/tag", list_tags),
    Route("GET", "/tag/{id}", get_tag),
    Route("POST", "/tag", create_tag),
    Route("POST", "/tag/{id}", update_tag),
    Route("DELETE", "/tag/{id}", delete_tag),
    Route("PATCH", "/tag/entity", tag_entities),
)

"""The operations on comments, each below a note or a task.

Decided here: that an id in the body updates. Source: Custify's docs, Comments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.links import the_user
from custify_connector.sandbox.listing import Listing, Scope, listed
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.rules import Rule, checked

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.wire import Reply

_KIND_OF_MODEL = {"Note": "notes", "Task": "tasks"}
_RULES = {"text": Rule(required=True), "createdBy": Rule(), "id": Rule(nullable=False)}
_LISTING = Listing(
    "comments", "comments", ordering="sort", fields=frozenset({"id", "text", "createdBy", "created_at", "updated_at"})
)


def _parent(call: Call) -> tuple[str, str]:
    """Return model and id of the note or task that the path names; refuse one there is not (404)."""
    model, key = call.arguments["entityModel"], call.arguments["entity"]
    if model not in _KIND_OF_MODEL:
        raise malformed("entityModel must be Note or Task")
    if call.content.table(_KIND_OF_MODEL[model]).get(key) is None:
        raise missing(model.lower())
    return model, key


def list_comments(call: Call) -> Reply:
    """Answer a page of the comments below one note or task."""
    _, key = _parent(call)
    return listed(call, _LISTING, Scope(key, lambda content: content.table("comments").find("entity", key)))


def post_comment(call: Call) -> Reply:
    """Create a comment, or update the one whose id is sent."""
    model, key = _parent(call)
    sent = checked(call.body(), _RULES)
    if sent.get("createdBy") is not None:
        sent["createdBy"] = the_user(call.content, "createdBy", sent["createdBy"])["id"]
    if "id" not in sent:
        blank = {"createdBy": None, "entity": key, "entityModel": model}
        return json_reply(call.content.create("comments", {**blank, **sent}))
    known = call.content.table("comments").get(sent["id"])
    if known is None or known["entity"] != key:
        raise missing("comment")
    return json_reply(call.content.update("comments", known, sent))


ROUTES = (
    Route("GET", "/comment/{entityModel}/{entity}", list_comments),
    Route("POST", "/comment/{entityModel}/{entity}", post_comment),
)

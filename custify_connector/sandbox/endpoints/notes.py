"""What is special about notes and comments.

Decided here: whose a note is, and that an id in a comment's body updates. Source: Custify's docs, Notes, Comments.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.links import the_user
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.rules import checked

from .selecting import holding

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.listing import Scope
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

    from .operations import Resource

_COMMENTED = {"Note": "notes", "Task": "tasks"}
NOTED = {"Company": "companies", "Customer": "people"}


def noted_entity(content: Content, sent: Record) -> Record:
    """Return the name and links of the company or person that a note is about; refuse one there is not (404)."""
    entity = content.table(NOTED[sent["entityModel"]]).get(sent["entity"])
    if entity is None:
        raise missing("entity")
    company = sent["entityModel"] == "Company"
    links = {"company": [entity["id"]], "people": []} if company else {"company": [], "people": [entity["id"]]}
    return {"entityName": entity.get("name"), **links}


def _parent(call: Call) -> tuple[str, str]:
    """Return model and id of the note or task that the path names; refuse one there is not (404)."""
    model, key = call.arguments["entityModel"], call.arguments["entity"]
    if model not in _COMMENTED:
        raise malformed("entityModel must be Note or Task")
    if call.content.table(_COMMENTED[model]).get(key) is None:
        raise missing(model.lower())
    return model, key


def of_parent(_: Resource, call: Call) -> Scope:
    """Choose the comments below the note or task in the path."""
    return holding("comments", "entity", _parent(call)[1])


def post_comment(resource: Resource, call: Call) -> Reply:
    """Create a comment, or update the one whose id is sent."""
    model, key = _parent(call)
    sent = checked(call.body(), resource.rules)
    if sent.get("createdBy") is not None:
        sent["createdBy"] = the_user(call.content, "createdBy", sent["createdBy"])["id"]
    if "id" not in sent:
        blank = {"createdBy": None, "entity": key, "entityModel": model}
        return json_reply(call.content.create("comments", {**blank, **sent}))
    known = call.content.table("comments").get(sent["id"])
    if known is None or known["entity"] != key:
        raise missing("comment")
    return json_reply(call.content.update("comments", known, sent))

"""What is special about people: writing, deleting and showing them.

Decided here: whom a body means (id, then user_id, then e-mail), what is stored, and what a delete takes along.
Source: Custify's docs, People.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.attributes import merged_attributes, removals
from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.fields import segments_of
from custify_connector.sandbox.links import changed_links
from custify_connector.sandbox.listing import shaped
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.rules import checked, fields

from .operations import known as known_person
from .selecting import asked_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.quirks import Quirks
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

    from .operations import Resource

_LONGEST = 255
_RULES = {
    **fields("id user_id:identifier email", longest=_LONGEST, nullable=False),
    **fields("name phone:identifier signed_up_at:date session_count:integer", longest=_LONGEST),
    **fields("unsubscribed_from_emails:boolean unsubscribed_from_calls:boolean"),
}
_UNSETTABLE = frozenset(_RULES) - {"id", "user_id", "email"}
_BLANK: Record = {
    "user_id": None,
    "email": None,
    "unsubscribed_from_emails": False,
    "unsubscribed_from_calls": False,
    "companies": [],
    "tags": [],
    "custom_attributes": {},
}


def upsert_person(content: Content, quirks: Quirks, body: Record) -> Record:
    """Create or update the person a body means, and return the record; refuse what breaks a rule."""
    sent = checked(body, _RULES)
    removed = removals(body, _UNSETTABLE)
    known = _identified(content, sent)
    held = known or _BLANK
    changes = {name: value for name, value in sent.items() if name != "id"}
    if "companies" in body:
        changes["companies"] = changed_links(content, quirks, "companies", body["companies"], held["companies"])
    changes["custom_attributes"] = merged_attributes(content, quirks, "people", body, held)
    if known is None:
        return content.create("people", {**_BLANK, **changes})
    return content.update("people", known, changes, removed)


def _identified(content: Content, sent: Record) -> Record | None:
    """Return the person meant, or None when a new one is to be created."""
    people = content.table("people")
    if "id" in sent:
        return _by_id(content, sent)
    user_id = sent.get("user_id")
    if user_id is not None:
        found = people.find("user_id", user_id)
        if found:
            return found[0]
    if "email" in sent:
        # With another user_id the person found is someone else: a new person is created.
        same = (one for one in people.find("email", sent["email"]) if user_id is None or not one.get("user_id"))
        return next(same, None)
    if user_id is None:
        raise malformed("one of id, user_id and email is required")
    return None


def _by_id(content: Content, sent: Record) -> Record:
    person = content.table("people").get(sent["id"])
    if person is None:
        raise missing("person")
    holders = content.table("people").find("user_id", sent["user_id"]) if "user_id" in sent else []
    if any(holder["id"] != person["id"] for holder in holders):
        raise malformed("user_id belongs to another person")
    return person


def delete_people(content: Content, people: list[Record]) -> int:
    """Delete people with their events, and return how many; refuse where nothing was found (404)."""
    if not people:
        raise missing("person")
    for person in people:
        for event in content.table("events").find("people", person["id"]):
            content.table("events").remove(event["id"])
        content.table("people").remove(person["id"])
    return len(people)


def readers(content: Content) -> dict[str, Callable[[Record], object]]:
    """Return how filters read what is not a field of a person: the ids of its segments."""
    return {"buckets": lambda record: [one["id"] for one in segments_of(content, "people", record)]}


def get_person(resource: Resource, call: Call) -> Reply:
    """Answer one person, bare."""
    return json_reply(shaped(call, "people", known_person(resource, call)))


def post_person(_: Resource, call: Call) -> Reply:
    """Create or update one person."""
    return json_reply(upsert_person(call.content, call.quirks, call.body()))


def delete_person(resource: Resource, call: Call) -> Reply:
    """Delete one person."""
    return json_reply({"deleted": delete_people(call.content, [known_person(resource, call)])})


def delete_found_people(_: Resource, call: Call) -> Reply:
    """Delete every person with a user_id or an e-mail."""
    found = call.content.table("people").find(*asked_key(call, "user_id", "email"))
    return json_reply({"deleted": delete_people(call.content, found)})

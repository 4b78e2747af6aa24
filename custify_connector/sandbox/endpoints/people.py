"""The operations on people.

Decided here: which query parameters they take and what they answer. What is stored is decided in `people`.
Source: Custify's docs, People. The `/customer` paths are an alias that only the vendor's own client uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.listing import Listing, Scope, entity_shape, listed, shaped
from custify_connector.sandbox.people import delete_people, upsert_person
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.segments import segments_of
from custify_connector.sandbox.sorting import Order

from .tagging import tag_records

if TYPE_CHECKING:
    from collections.abc import Callable

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

_KEYS = ("user_id", "email")


def readers(content: Content) -> dict[str, Callable[[Record], object]]:
    """Return how filters read what is no field of a person: the ids of its segments."""
    return {"buckets": lambda record: [one["id"] for one in segments_of(content, "people", record)]}


LISTING = Listing(
    "people",
    "people",
    cap=200,
    envelope="array",
    ordering="sorting",
    default=Order("signed_up_at", descending=True),
    fields=frozenset(
        {
            "id",
            "user_id",
            "email",
            "name",
            "phone",
            "signed_up_at",
            "session_count",
            "unsubscribed_from_emails",
            "unsubscribed_from_calls",
            "last_seen_at",
            "created_at",
            "updated_at",
        }
    ),
    entity_readers=readers,
    shape=entity_shape("people"),
)


def list_people(call: Call) -> Reply:
    """Answer the page of people that is asked for."""
    return listed(call, LISTING)


def find_people(call: Call) -> Reply:
    """Answer the people with a user_id or an e-mail; none is an empty list."""
    field, value = _selector(call)
    found = call.content.table("people").find(field, value)
    if not found and call.quirks.lookup_missing == "404":
        raise missing("person")
    return listed(call, LISTING, Scope((field, value), lambda _: found))


def get_person(call: Call) -> Reply:
    """Answer one person, bare."""
    person = call.content.table("people").get(call.arguments["id"])
    if person is None:
        raise missing("person")
    return json_reply(shaped(call, "people", person))


def post_person(call: Call) -> Reply:
    """Create or update one person."""
    return json_reply(upsert_person(call.content, call.quirks, call.body()))


def delete_person(call: Call) -> Reply:
    """Delete one person."""
    person = call.content.table("people").get(call.arguments["id"])
    return json_reply({"deleted": delete_people(call.content, [person] if person else [])})


def delete_found_people(call: Call) -> Reply:
    """Delete every person with a user_id or an e-mail."""
    found = call.content.table("people").find(*_selector(call))
    return json_reply({"deleted": delete_people(call.content, found)})


def tag_people(call: Call) -> Reply:
    """Add a tag to people, or remove it."""
    return tag_records(call, {**call.body(), "category": "people"})


def _selector(call: Call) -> tuple[str, str]:
    for name in _KEYS:
        value = call.text(name)
        if value is not None:
            return name, value
    raise malformed("one of user_id and email is required")


ROUTES = (
    Route("GET", "/people/all", list_people),
    Route("GET", "/people", find_people),
    Route("GET", "/people/{id}", get_person),
    Route("POST", "/people", post_person),
    Route("POST", "/people/tag", tag_people),
    Route("DELETE", "/people", delete_found_people),
    Route("DELETE", "/people/{id}", delete_person),
    Route("GET", "/customer/{id}", get_person),
    Route("POST", "/customer", post_person),
)

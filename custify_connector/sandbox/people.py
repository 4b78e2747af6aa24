"""Writing people.

Decided here: whom a body means (id, then user_id, then e-mail), what is stored, and what a delete takes along.
Source: Custify's docs, People. This file does not know HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .attributes import attributes_of, judge_count
from .links import changed_links
from .refusals import malformed, missing
from .removals import removals, without
from .rules import Rule, checked

if TYPE_CHECKING:
    from .content import Content
    from .quirks import Quirks
    from .table import Record

_LONGEST = 255
_IDENTITY = Rule(longest=_LONGEST, nullable=False)
_RULES = {
    "id": _IDENTITY,
    "user_id": _IDENTITY,
    "email": _IDENTITY,
    "name": Rule(longest=_LONGEST),
    "phone": Rule(longest=_LONGEST),
    "signed_up_at": Rule("date"),
    "session_count": Rule("integer"),
    "unsubscribed_from_emails": Rule("boolean"),
    "unsubscribed_from_calls": Rule("boolean"),
}
_UNSETTABLE = frozenset(_RULES) - {"id", "user_id", "email"}
_BLANK: Record = {
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
    attributes = attributes_of(content, "people", body.get("custom_attributes", {}), lock=quirks.type_lock)
    changes["custom_attributes"] = without({**(held.get("custom_attributes") or {}), **attributes}, removed)
    judge_count(changes["custom_attributes"])
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
        # With another user_id the person found is somebody else: a new person is created.
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
    """Delete people with their events, and return how many; refuse to delete nobody (404)."""
    if not people:
        raise missing("person")
    for person in people:
        for event in content.table("events").find("people", person["id"]):
            content.table("events").remove(event["id"])
        content.table("people").remove(person["id"])
    return len(people)

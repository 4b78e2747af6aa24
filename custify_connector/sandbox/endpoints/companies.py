"""What is special about companies: writing, deleting and showing them, and the people of one.

Decided here: which company a body means (id, or company_id, which never changes), what is stored, and what a delete
takes along. Source: Custify's docs, Companies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.attributes import merged_attributes, removals
from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.fields import segments_of
from custify_connector.sandbox.links import changed_links, find_company, the_user
from custify_connector.sandbox.listing import listed, shaped
from custify_connector.sandbox.pages import Found, Page, enveloped, page_of
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.rules import checked, fields

from .operations import known as known_company
from .selecting import asked_key, by_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.quirks import Quirks
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

    from .operations import Resource

_LONGEST, _MOST_PEOPLE = 255, 100
OWNERS = ("owners_csm", "owners_account")
_RULES = {
    **fields("id company_id:identifier", longest=_LONGEST, nullable=False),
    **fields("name website industry size:integer plan monthly_revenue:integer churned:boolean", longest=_LONGEST),
    **fields("signed_up_at:date owners_csm owners_account", longest=_LONGEST),
}
_UNSETTABLE = frozenset(_RULES) - {"id", "company_id", "churned"}
_BLANK: Record = {
    "churned": False,
    "parent_companies": [],
    "tags": [],
    "custom_attributes": {},
    "metrics": {"people_count": 0, "health_scores": {}, "calculated_metrics": {}},
    "status": "active",
}


def upsert_company(content: Content, quirks: Quirks, body: Record) -> Record:
    """Create or update the company a body means, and return the record; refuse what breaks a rule."""
    sent = checked(body, _RULES)
    removed = removals(body, _UNSETTABLE)
    known = _identified(content, sent)
    held = known or _BLANK
    changes = {name: value for name, value in sent.items() if name not in {"id", "company_id", *OWNERS}}
    for owner in OWNERS:
        if owner in sent:
            changes |= _ownership(content, owner, sent[owner])
    if "parent_companies" in body:
        changes["parent_companies"] = _parents(content, quirks, body["parent_companies"], held)
    changes["custom_attributes"] = merged_attributes(content, quirks, "companies", body, held)
    if known is None:
        return content.create("companies", {"company_id": sent["company_id"], **_BLANK, **changes})
    return content.update("companies", known, changes, _with_owners(removed))


def _identified(content: Content, sent: Record) -> Record | None:
    if "id" not in sent and "company_id" not in sent:
        raise malformed("one of id and company_id is required")
    company = find_company(content, sent.get("id"), sent.get("company_id"))
    if company is None and "id" in sent:
        raise missing("company")
    return company


def _ownership(content: Content, owner: str, email: object) -> Record:
    if email is None:
        return {owner: None, f"{owner}_email": None, f"{owner}_name": None}
    user = the_user(content, owner, email)
    if email != user["email"]:
        raise malformed(f"{owner} must be the e-mail of a Custify user")
    return {owner: user["id"], f"{owner}_email": user["email"], f"{owner}_name": user["name"]}


def _parents(content: Content, quirks: Quirks, sent: object, held: Record) -> list[Record]:
    linked = [parent["id"] for parent in held["parent_companies"]]
    companies = content.table("companies")
    parents = [companies.get(key) for key in changed_links(content, quirks, "parent_companies", sent, linked)]
    if any(parent and parent["id"] == held.get("id") for parent in parents):
        raise malformed("parent_companies: a company cannot be its own parent")
    return [{"id": parent["id"], "company_id": parent.get("company_id")} for parent in parents if parent]


def _with_owners(removed: frozenset[str]) -> frozenset[str]:
    owners = removed.intersection(OWNERS)
    return removed | {f"{owner}_{part}" for owner in owners for part in ("email", "name")}


def delete_company(content: Content, company: Record | None) -> int:
    """Delete a company with its events and links, and return 1; refuse when there is none (404)."""
    if company is None:
        raise missing("company")
    key = company["id"]
    for event in content.table("events").find("company", key):
        content.table("events").remove(event["id"])
    for person in content.table("people").find("companies", key):
        content.update("people", person, {"companies": [one for one in person["companies"] if one != key]})
    for child in content.table("companies"):
        parents = child["parent_companies"]
        if any(parent["id"] == key for parent in parents):
            kept = [parent for parent in parents if parent["id"] != key]
            content.table("companies").put({**child, "parent_companies": kept})
    content.table("companies").remove(key)
    return 1


def _ancestors(content: Content, record: Record) -> list[str]:
    found: list[str] = []
    waiting = [parent["id"] for parent in record["parent_companies"]]
    while waiting:
        key = waiting.pop()
        parent = content.table("companies").get(key)
        if key in found or parent is None:
            continue
        found.append(key)
        waiting.extend(one["id"] for one in parent["parent_companies"])
    return found


def readers(content: Content) -> dict[str, Callable[[Record], object]]:
    """Return how filters read what is not a field of a company: its segments and its ancestors."""
    return {
        "buckets": lambda record: [one["id"] for one in segments_of(content, "companies", record)],
        "parent_companies:is_descendant": lambda record: _ancestors(content, record),
    }


def get_company(resource: Resource, call: Call) -> Reply:
    """Answer one company, in a list."""
    company = call.content.table("companies").get(call.arguments["id"])
    if company is not None and call.flag("includeUserAttributes"):
        shape = {**shaped(call, "companies", company), **_user_attributes(call.content, company)}
        return enveloped("object", "companies", Found([shape], 1, Page(1, 1, 0, 1)), call.quirks)
    return listed(call, resource.listing, by_id(resource, call))


def _user_attributes(content: Content, company: Record) -> Record:
    """Return `NAME_attributes` for every attribute that holds a user's id or e-mail."""
    shown: Record = {}
    for name, value in company["custom_attributes"].items():
        if content.attribute_types.get(("companies", name)) == "user":
            users = [one for one in content.table("users") if value in (one["id"], one["email"])]
            shown[f"{name}_attributes"] = {k: users[0][k] for k in ("id", "name", "email")} if users else None
    return shown


def post_company(_: Resource, call: Call) -> Reply:
    """Create or update one company."""
    return json_reply(upsert_company(call.content, call.quirks, call.body()))


def delete_company_by_id(resource: Resource, call: Call) -> Reply:
    """Delete one company by Custify's id."""
    return json_reply({"deleted": delete_company(call.content, known_company(resource, call))})


def delete_company_by_key(_: Resource, call: Call) -> Reply:
    """Delete one company by your company_id."""
    company = find_company(call.content, None, asked_key(call, "company_id")[1])
    return json_reply({"deleted": delete_company(call.content, company)})


def list_company_people(resource: Resource, call: Call) -> Reply:
    """Answer a page of the people of a company, each nested under details and activity."""
    people = call.content.table("people").find("companies", known_company(resource, call)["id"])
    page = page_of(call, _MOST_PEOPLE, len(people))
    rows = [_nested(person) for person in people[page.start : page.stop]]
    return enveloped("array", "people", Found(rows, len(people), page), call.quirks)


def _nested(person: Record) -> Record:
    activity = {"last_seen_at": person.get("last_seen_at"), "session_count": person.get("session_count")}
    return {"id": person["id"], "details": person, "activity": activity}

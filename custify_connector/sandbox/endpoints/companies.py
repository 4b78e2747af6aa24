"""The operations on companies, and on the people of one.

Decided here: which query parameters they take and what they answer. What is stored is decided in `companies`.
Source: Custify's docs, Companies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.companies import delete_company, upsert_company
from custify_connector.sandbox.envelopes import Found, enveloped
from custify_connector.sandbox.links import find_company
from custify_connector.sandbox.listing import Listing, Scope, entity_shape, listed, shaped
from custify_connector.sandbox.paging import Page, page_of
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.segments import segments_of
from custify_connector.sandbox.sorting import Order

if TYPE_CHECKING:
    from collections.abc import Callable

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

_MOST_PEOPLE = 100


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
    """Return how filters read what is no field of a company: its segments and its ancestors."""
    return {
        "buckets": lambda record: [one["id"] for one in segments_of(content, "companies", record)],
        "parent_companies:is_descendant": lambda record: _ancestors(content, record),
    }


LISTING = Listing(
    "companies",
    "companies",
    cap=200,
    ordering="sorting",
    default=Order("signed_up_at", descending=True),
    fields=frozenset(
        {
            "id",
            "company_id",
            "name",
            "website",
            "industry",
            "size",
            "plan",
            "monthly_revenue",
            "churned",
            "signed_up_at",
            "owners_csm",
            "owners_account",
            "status",
            "last_seen_at",
            "created_at",
            "updated_at",
        }
    ),
    entity_readers=readers,
    shape=entity_shape("companies"),
)


def list_companies(call: Call) -> Reply:
    """Answer the page of companies that is asked for."""
    return listed(call, LISTING)


def find_companies(call: Call) -> Reply:
    """Answer the companies with a company_id; none is an empty list."""
    company_id = call.text("company_id")
    if company_id is None:
        raise malformed("company_id is required")
    return _found(call, call.content.table("companies").find("company_id", company_id))


def get_company(call: Call) -> Reply:
    """Answer one company, in a list."""
    company = call.content.table("companies").get(call.arguments["id"])
    if company is not None and call.flag("includeUserAttributes"):
        shape = {**shaped(call, "companies", company), **_user_attributes(call.content, company)}
        return enveloped("object", "companies", Found([shape], 1, Page(1, 1, 0, 1)), call.quirks)
    return _found(call, [company] if company else [])


def _found(call: Call, found: list[Record]) -> Reply:
    if not found and call.quirks.lookup_missing == "404":
        raise missing("company")
    names = tuple(one["id"] for one in found)
    return listed(call, LISTING, Scope(("companies", names), lambda _: found))


def _user_attributes(content: Content, company: Record) -> Record:
    """Return `NAME_attributes` for every attribute that holds a user's id or e-mail."""
    shown: Record = {}
    for name, value in company["custom_attributes"].items():
        if content.attribute_types.get(("companies", name)) == "user":
            users = [one for one in content.table("users") if value in (one["id"], one["email"])]
            shown[f"{name}_attributes"] = {k: users[0][k] for k in ("id", "name", "email")} if users else None
    return shown


def post_company(call: Call) -> Reply:
    """Create or update one company."""
    return json_reply(upsert_company(call.content, call.quirks, call.body()))


def delete_company_by_id(call: Call) -> Reply:
    """Delete one company by Custify's id."""
    company = call.content.table("companies").get(call.arguments["id"])
    return json_reply({"deleted": delete_company(call.content, company)})


def delete_company_by_key(call: Call) -> Reply:
    """Delete one company by your company_id."""
    company_id = call.text("company_id")
    if company_id is None:
        raise malformed("company_id is required")
    return json_reply({"deleted": delete_company(call.content, find_company(call.content, None, company_id))})


def list_company_people(call: Call) -> Reply:
    """Answer a page of the people of a company, each nested under details and activity."""
    key = call.arguments["id"]
    if call.content.table("companies").get(key) is None:
        raise missing("company")
    people = call.content.table("people").find("companies", key)
    page = page_of(call, _MOST_PEOPLE, len(people))
    rows = [_nested(person) for person in people[page.start : page.stop]]
    return enveloped("array", "people", Found(rows, len(people), page), call.quirks)


def _nested(person: Record) -> Record:
    activity = {"last_seen_at": person.get("last_seen_at"), "session_count": person.get("session_count")}
    return {"id": person["id"], "details": person, "activity": activity}


ROUTES = (
    Route("GET", "/company/all", list_companies),
    Route("GET", "/company", find_companies),
    Route("GET", "/company/{id}", get_company),
    Route("POST", "/company", post_company),
    Route("DELETE", "/company", delete_company_by_key),
    Route("DELETE", "/company/{id}", delete_company_by_id),
    Route("GET", "/company/people/{id}", list_company_people),
)

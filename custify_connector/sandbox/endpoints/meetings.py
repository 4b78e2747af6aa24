"""The operations on meetings: reading them, all or those of a company or person. Source: Custify's docs, Meetings.

Decided here: whose meetings a query or path means; somebody there is not has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.links import find_company, find_person
from custify_connector.sandbox.listing import Listing, Scope, listed
from custify_connector.sandbox.refusals import malformed
from custify_connector.sandbox.routing import Route

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.wire import Reply

_LISTING = Listing(
    "meetings",
    "meetings",
    ordering="sorting",
    fields=frozenset({"id", "title", "startAt", "endAt", "duration", "recurring", "created_at", "updated_at"}),
)


def list_meetings(call: Call) -> Reply:
    """Answer the page of meetings that is asked for."""
    company_id, user_id, email = (call.text(name) for name in ("company_id", "user_id", "email"))
    if company_id is not None:
        return _of(call, "company", (find_company(call.content, None, company_id) or {}).get("id"))
    if user_id is not None or email is not None:
        return _of(call, "people", (find_person(call.content, None, user_id, email) or {}).get("id"))
    return listed(call, _LISTING)


def list_entity_meetings(call: Call) -> Reply:
    """Answer a page of the meetings of a company or person, by Custify's id."""
    field = call.arguments["entityType"]
    if field not in {"company", "people"}:
        raise malformed("the type must be company or people")
    return _of(call, field, call.arguments["entityId"])


def _of(call: Call, field: str, key: str | None) -> Reply:
    scope = Scope((field, key), lambda content: content.table("meetings").find(field, key) if key else [])
    return listed(call, _LISTING, scope)


ROUTES = (
    Route("GET", "/calendar/meeting", list_meetings),
    Route("GET", "/calendar/meeting/{entityType}/{entityId}", list_entity_meetings),
)

"""The operation on objectives: reading those of one company. Source: Custify's docs, Objectives.

Decided here: that a company must be named, and exist.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.links import find_company
from custify_connector.sandbox.listing import Listing, Scope, listed
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.sorting import Order

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.wire import Reply

_LISTING = Listing(
    "objectives",
    "objectives",
    envelope="numbered",
    ordering="both",
    default=Order("created_at", descending=True),
    fields=frozenset(
        {
            "id",
            "name",
            "importance",
            "risk",
            "health",
            "completionPercentage",
            "objectiveStatus",
            "startAt",
            "dueAt",
            "completedAt",
            "created_at",
            "updated_at",
        }
    ),
    entity_readers=lambda _: {},
)


def list_objectives(call: Call) -> Reply:
    """Answer a page of the objectives of a company."""
    key, company_id = call.text("company"), call.text("company_id")
    if key is None and company_id is None:
        raise malformed("one of company and company_id is required")
    company = find_company(call.content, key, company_id)
    if company is None:
        raise missing("company")
    found = company["id"]
    return listed(call, _LISTING, Scope(found, lambda content: content.table("objectives").find("company", found)))


ROUTES = (Route("GET", "/objective", list_objectives),)

"""Writing companies.

Decided here: which company a body means (id, or company_id, which never changes), what is stored, and what a delete
takes along. Source: Custify's docs, Companies. This file does not know HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .attributes import attributes_of, judge_count
from .links import changed_links, find_company, the_user
from .refusals import malformed, missing
from .removals import removals, without
from .rules import Rule, checked

if TYPE_CHECKING:
    from .content import Content
    from .quirks import Quirks
    from .table import Record

_LONGEST = 255
_IDENTITY = Rule(longest=_LONGEST, nullable=False)
_TEXT = Rule(longest=_LONGEST)
OWNERS = ("owners_csm", "owners_account")
_RULES = {
    "id": _IDENTITY,
    "company_id": _IDENTITY,
    "name": _TEXT,
    "website": _TEXT,
    "industry": _TEXT,
    "size": Rule("integer"),
    "plan": _TEXT,
    "monthly_revenue": Rule("integer"),
    "churned": Rule("boolean"),
    "signed_up_at": Rule("date"),
    "owners_csm": _TEXT,
    "owners_account": _TEXT,
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
    attributes = attributes_of(content, "companies", body.get("custom_attributes", {}), lock=quirks.type_lock)
    changes["custom_attributes"] = without({**held["custom_attributes"], **attributes}, removed)
    judge_count(changes["custom_attributes"])
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

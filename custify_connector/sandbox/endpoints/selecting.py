"""Which records a list may hold at all, by what a query or path names.

Decided here: what each way of naming chooses, and what an unknown name is answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.links import find_company, find_person
from custify_connector.sandbox.listing import Scope
from custify_connector.sandbox.refusals import malformed, missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record

    from .operations import Resource

    Selector = Callable[[Resource, Call], Scope | None]

_OTHER_WORD = {"company": "companies", "companies": "company"}


def holding(kind: str, field: str, value: str | None) -> Scope:
    """Return the scope of the records whose `field` is the value, or holds it; none of them for None."""
    return Scope((field, value), lambda content: content.table(kind).find(field, value) if value else [])


def asked_key(call: Call, *parameters: str) -> tuple[str, str]:
    """Return name and value of the first of `parameters` that the query has; without any, refuse (400)."""
    for name in parameters:
        value = call.text(name)
        if value is not None:
            return name, value
    raise malformed(f"{'one of ' * (len(parameters) > 1)}{' and '.join(parameters)} is required")


def lookup(*parameters: str, required: bool = False) -> Selector:
    """Choose the records with the key that the query has; without one all, or with `required` refuse (400)."""

    def select(resource: Resource, call: Call) -> Scope | None:
        if not required and not any(call.text(name) for name in parameters):
            return None
        return _found(resource, call, call.content.table(resource.kind).find(*asked_key(call, *parameters)))

    return select


def by_id(resource: Resource, call: Call) -> Scope:
    """Choose the record with the id in the path."""
    record = call.content.table(resource.kind).get(call.arguments["id"])
    return _found(resource, call, [record] if record else [])


def _found(resource: Resource, call: Call, records: list[Record]) -> Scope:
    if not records and call.quirks.lookup_missing == "404":
        raise missing(resource.one)
    return Scope(tuple(one["id"] for one in records), lambda _: records)


def matching(parameter: str) -> Selector:
    """Choose the records whose field is what the query parameter of its name says; without one, or for `all`, all."""

    def select(resource: Resource, call: Call) -> Scope | None:
        value = call.text(parameter) or "all"
        return None if value == "all" else holding(resource.kind, parameter, value)

    return select


def of_type(*types: str) -> Selector:
    """Choose the records of the `type` asked for, the first of `types` without one; unscheduled ones when asked.

    Companies are `company` in Custify's documents and `companies` in its own MCP server: either word means them.
    """

    def select(resource: Resource, call: Call) -> Scope:
        asked = call.text("type") or types[0]
        chosen = asked if asked in types else _OTHER_WORD.get(asked, asked)
        if chosen not in types:
            raise malformed(f"type must be one of {', '.join(types)}")
        unscheduled = call.flag("nonScheduled")

        def records(content: Content) -> list[Record]:
            found = content.table(resource.kind).find("type", chosen)
            return [one for one in found if not (unscheduled and (one.get("settings") or {}).get("scheduled"))]

        return Scope((chosen, unscheduled), records)

    return select


def below(field: str, parent: str | None = None) -> Selector:
    """Choose the records whose `field` holds the id in the path; refuse one that is not of the kind `parent` (404)."""

    def select(resource: Resource, call: Call) -> Scope:
        key = call.arguments["id"]
        if parent is not None and call.content.table(parent).get(key) is None:
            raise missing(field)
        return holding(resource.kind, field, key)

    return select


def of_company(resource: Resource, call: Call) -> Scope:
    """Choose the records of the company in the query, which must be named and exist."""
    key, company_id = call.text("company"), call.text("company_id")
    if key is None and company_id is None:
        raise malformed("one of company and company_id is required")
    company = find_company(call.content, key, company_id)
    if company is None:
        raise missing("company")
    return holding(resource.kind, "company", company["id"])


def of_attendee(resource: Resource, call: Call) -> Scope | None:
    """Choose the records of the company or person in the query; an unknown one has none."""
    company_id, user_id, email = (call.text(name) for name in ("company_id", "user_id", "email"))
    if company_id is not None:
        company = find_company(call.content, None, company_id)
        return holding(resource.kind, "company", company["id"] if company else None)
    if user_id is not None or email is not None:
        person = find_person(call.content, None, user_id, email)
        return holding(resource.kind, "people", person["id"] if person else None)
    return None


def of_entity(resource: Resource, call: Call) -> Scope:
    """Choose the records of the company or person in the path, by Custify's id."""
    field = call.arguments["entityType"]
    if field not in {"company", "people"}:
        raise malformed("the type must be company or people")
    return holding(resource.kind, field, call.arguments["entityId"])

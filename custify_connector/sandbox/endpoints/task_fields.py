"""What a task holds.

Decided here: its fields, who it is assigned to and for whom, when it counts as completed, and the placeholders in its
description. Source: Custify's docs, Tasks. This file does not know HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.dates import now
from custify_connector.sandbox.links import owner_of, the_user
from custify_connector.sandbox.refusals import malformed
from custify_connector.sandbox.rules import Rule, checked

if TYPE_CHECKING:
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record

_RULES = {
    "name": Rule(required=True),
    "priority": Rule(required=True, choices=("low", "medium", "high")),
    "status": Rule(required=True, choices=("open", "done", "not relevant")),
    "description": Rule(),
    "dueDate": Rule("date"),
    "assignedTo": Rule(),
    "assignedToCustomer": Rule("boolean"),
    "collaborators": Rule("list", nullable=False),
    "checklist": Rule("list", nullable=False),
    "externalId": Rule(),
    "files": Rule("list"),
    "tags": Rule("list"),
    "showInPortal": Rule("boolean"),
}
_CHECKLIST_ITEM = {
    "name": Rule(required=True),
    "completed": Rule("boolean", required=True),
    "assignedTo": Rule(),
    "dueDate": Rule("date"),
}
BLANK: Record = {
    "description": None,
    "dueDate": None,
    "assignedTo": None,
    "assignedToCustomer": False,
    "collaborators": [],
    "checklist": [],
    "externalId": None,
    "files": [],
    "tags": [],
    "showInPortal": False,
    "createdBy": None,
    "createdByType": "api",
}


def task_fields(content: Content, body: Record, *, known: Record | None) -> Record:
    """Return the fields to store for a body; without a `known` task, name, priority and status are required."""
    fields = checked(body, _RULES, partial=known is not None)
    fields |= _target(content, body)
    if fields.get("assignedTo") is not None:
        user = the_user(content, "assignedTo", fields["assignedTo"])
        fields |= {"assignedTo": user["id"], "assignedToName": user["name"], "assignedToEmail": user["email"]}
    if "collaborators" in fields:
        users = [the_user(content, "collaborators", name) for name in fields["collaborators"]]
        fields["collaborators"] = [user["id"] for user in users]
        fields["collaboratorsDetailed"] = [{key: user[key] for key in ("id", "name", "email")} for user in users]
    if "checklist" in fields:
        fields["checklist"] = [_checklist_item(item) for item in fields["checklist"]]
    if "status" in fields:
        fields["completedAt"] = now() if fields["status"] == "done" else None
    if fields.get("description"):
        fields["description"] = _filled(content, fields["description"], {**(known or {}), **fields})
    return fields


def _target(content: Content, body: Record) -> Record:
    owner = owner_of(content, body)
    company = content.table("companies").get(owner.get("company"))
    person = content.table("people").get(owner.get("people"))
    if company is not None:
        owner["company_id"] = company.get("company_id")
    if person is not None:
        owner["user_id"] = person.get("user_id")
    return owner


def _checklist_item(item: object) -> Record:
    if not isinstance(item, dict):
        raise malformed("every entry of checklist must be an object")
    return checked(item, _CHECKLIST_ITEM)


def _filled(content: Content, text: str, task: Record) -> str:
    """Fill the placeholders in a description with the names of the task's company and person."""
    for placeholder, kind, field in (("{company:name}", "companies", "company"), ("{people:name}", "people", "people")):
        entity = content.table(kind).get(task.get(field))
        if entity is not None:
            text = text.replace(placeholder, str(entity.get("name") or ""))
    return text

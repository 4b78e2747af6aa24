"""What is special about tasks: what one holds.

Decided here: its fields, who it is assigned to and for whom, when it counts as completed, the placeholders in its
description; that a second POST with the same externalId makes a second task. Source: Custify's docs, Tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.dates import now
from custify_connector.sandbox.links import owner_of, the_user
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.rules import Rule, checked, fields

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

    from .operations import Resource

_RULES = {
    "name": Rule(required=True),
    "priority": Rule(required=True, choices=("low", "medium", "high")),
    "status": Rule(required=True, choices=("open", "done", "not relevant")),
    **fields("description dueDate:date assignedTo assignedToCustomer:boolean"),
    "collaborators": Rule("list", nullable=False),
    "checklist": Rule("list", nullable=False),
    **fields("externalId files:list tags:list showInPortal:boolean"),
}
# Photos make this the largest reply for its rows: other clients met 300 kilobytes for a small account.
_PHOTO = f"data:image/png;base64,{'A' * 20_000}"
_CHECKLIST_ITEM = fields("name! completed:boolean! assignedTo dueDate:date")
_BLANK: Record = {
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


def _task_fields(content: Content, body: Record, *, known: Record | None) -> Record:
    """Return the fields to store for a body; without a `known` task, name, priority and status are required."""
    held = checked(body, _RULES, partial=known is not None)
    held |= _target(content, body)
    if held.get("assignedTo") is not None:
        user = the_user(content, "assignedTo", held["assignedTo"])
        held |= {"assignedTo": user["id"], "assignedToName": user["name"], "assignedToEmail": user["email"]}
    if "collaborators" in held:
        users = [the_user(content, "collaborators", name) for name in held["collaborators"]]
        held["collaborators"] = [user["id"] for user in users]
        held["collaboratorsDetailed"] = [{key: user[key] for key in ("id", "name", "email")} for user in users]
    if "checklist" in held:
        held["checklist"] = [_checklist_item(item) for item in held["checklist"]]
    if "status" in held:
        held["completedAt"] = now() if held["status"] == "done" else None
    if held.get("description"):
        held["description"] = _filled(content, held["description"], {**(known or {}), **held})
    return held


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


def create_task(_: Resource, call: Call) -> Reply:
    """Create a task."""
    return json_reply(call.content.create("tasks", {**_BLANK, **_task_fields(call.content, call.body(), known=None)}))


def update_task(_: Resource, call: Call) -> Reply:
    """Update the fields of a task that are sent."""
    task, body = call.content.table("tasks").get(call.arguments["id"]), call.body()
    if task is None:
        raise missing("task")
    if body.get("_id", task["id"]) != task["id"]:
        raise malformed("_id must be the id in the path")
    return json_reply(call.content.update("tasks", task, _task_fields(call.content, body, known=task)))


def filter_values(_: Resource, call: Call) -> Reply:
    """Answer which values the filters on tasks can take."""
    content = call.content
    used = {task.get("company") for task in content.table("tasks")}
    users = [{"id": user["id"], "name": user["name"], "createdByType": "user"} for user in content.table("users")]
    pictured = [{"id": user["id"], "name": user["name"], "profile_photo": _PHOTO} for user in users]
    companies = [{"id": one["id"], "name": one.get("name")} for one in content.table("companies") if one["id"] in used]
    playbooks = [
        {"id": one["id"], "name": one["name"], "createdByType": "playbook"} for one in content.table("playbooks")
    ]
    tags = [{"id": tag["id"]} for tag in content.table("tags").find("category", "task")]
    return json_reply(
        {
            "assignedTo": pictured,
            "company": companies,
            "createdBy": [*users, *playbooks],
            "tags": tags,
            "collaborators": pictured,
        }
    )

"""The operations on tasks.

Decided here: what they take and answer; that a second POST with the same externalId makes a second task.
What a task holds is decided in `task_fields`. Source: Custify's docs, Tasks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.item_filters import TASK_CHOICES
from custify_connector.sandbox.listing import Listing, Scope, listed
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.routing import Route

from .task_fields import BLANK, task_fields

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

_LISTING = Listing(
    "tasks",
    "tasks",
    ordering="sorting",
    fields=frozenset(
        {
            "id",
            "name",
            "priority",
            "status",
            "dueDate",
            "company",
            "assignedTo",
            "externalId",
            "completedAt",
            "created_at",
            "updated_at",
        }
    ),
    search=("name", "description"),
    item_choices=lambda _: TASK_CHOICES,
)


def list_tasks(call: Call) -> Reply:
    """Answer the page of tasks that is asked for; with externalId, those that carry it."""
    external = call.text("externalId")
    if external is None:
        return listed(call, _LISTING)
    return _found(call, call.content.table("tasks").find("externalId", external))


def get_task(call: Call) -> Reply:
    """Answer one task, in a list; an empty one when there is none."""
    task = call.content.table("tasks").get(call.arguments["id"])
    return _found(call, [task] if task else [])


def _found(call: Call, found: list[Record]) -> Reply:
    if not found and call.quirks.lookup_missing == "404":
        raise missing("task")
    return listed(call, _LISTING, Scope(tuple(one["id"] for one in found), lambda _: found))


def create_task(call: Call) -> Reply:
    """Create a task."""
    return json_reply(call.content.create("tasks", {**BLANK, **task_fields(call.content, call.body(), known=None)}))


def update_task(call: Call) -> Reply:
    """Update the fields of a task that are sent."""
    task, body = call.content.table("tasks").get(call.arguments["id"]), call.body()
    if task is None:
        raise missing("task")
    if body.get("_id", task["id"]) != task["id"]:
        raise malformed("_id must be the id in the path")
    return json_reply(call.content.update("tasks", task, task_fields(call.content, body, known=task)))


def filter_values(call: Call) -> Reply:
    """Answer which values the filters on tasks can take."""
    content = call.content
    used = {task.get("company") for task in content.table("tasks")}
    users = [{"id": user["id"], "name": user["name"]} for user in content.table("users")]
    companies = [{"id": one["id"], "name": one.get("name")} for one in content.table("companies") if one["id"] in used]
    playbooks = [{"id": one["id"], "name": one["name"]} for one in content.table("playbooks")]
    tags = [{"id": tag["id"]} for tag in content.table("tags").find("category", "task")]
    return json_reply(
        {
            "assignedTo": users,
            "company": companies,
            "createdBy": [*users, *playbooks],
            "tags": tags,
            "collaborators": users,
        }
    )


ROUTES = (
    Route("GET", "/task", list_tasks),
    Route("GET", "/task/filtersAvailableValues", filter_values),
    Route("GET", "/task/{id}", get_task),
    Route("POST", "/task", create_task),
    Route("PUT", "/task/{id}", update_task),
)

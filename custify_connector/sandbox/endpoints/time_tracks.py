"""The operations on time tracks.

Decided here: under which of its two spellings the path answers, that `startedDate` is written and `startDate` read, and
that an update names its record by id in query or body. Source: Custify's docs, Time tracking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.links import find_user, owner_of, the_user
from custify_connector.sandbox.listing import Listing, Scope
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.rules import checked, fields

from .operations import Resource, deletes, lists

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

    from .operations import Operation

_PATHS = {"dash": "/time-track", "underscore": "/time_track"}
_RULES = fields("duration:integer! name! startedDate:date! tags:list")
_NAMES = ("company", "company_id", "people", "user_id", "email")


def _selected(_: Resource, call: Call) -> Scope:
    """Choose the time tracks that every parameter selects."""
    names = (*_NAMES, "tags", "start_date", "end_date", "user")
    asked = {name: call.text(name) for name in names}
    owner = owner_of(call.content, asked)
    user = find_user(call.content, asked["user"]) if asked["user"] else None

    def chosen(content: Content) -> list[Record]:
        if asked["user"] and user is None:
            return []
        return [one for one in content.table("time_tracks") if _matches(one, asked, owner, user)]

    return Scope(tuple(asked.values()), chosen)


def _matches(track: Record, asked: dict[str, str | None], owner: Record, user: Record | None) -> bool:
    day, tags = track["startDate"][:10], (asked["tags"] or "").split(",") if asked["tags"] else []
    return (
        all(key in track[field] for field, key in owner.items())
        and all(tag in track["tags"] for tag in tags)
        and (asked["start_date"] or "")[:10] <= day <= (asked["end_date"] or "9999")[:10]
        and (user is None or track["user"] == user["id"])
    )


def _create(_: Resource, call: Call) -> Reply:
    """Create a time track of the user in the query."""
    blank: Record = {"company": [], "people": [], "tags": []}
    return json_reply(call.content.create("time_tracks", {**blank, **_judged(call)}))


def _update(_: Resource, call: Call) -> Reply:
    """Update the time track whose id is in the query or the body."""
    body = call.body()
    key = call.text("id") or body.get("id") or body.get("_id")
    if not key:
        raise malformed("id is required")
    track = call.content.table("time_tracks").get(key)
    if track is None:
        raise missing("time track")
    return json_reply(call.content.update("time_tracks", track, _judged(call)))


def _judged(call: Call) -> Record:
    named = call.text("user")
    if named is None:
        raise malformed("user is required in the query")
    user, body = the_user(call.content, "user", named), call.body()
    sent = checked(body, _RULES)
    sent["startDate"] = sent.pop("startedDate")
    owner = owner_of(call.content, {name: body.get(name) or call.text(name) for name in _NAMES})
    return {**sent, **{field: [key] for field, key in owner.items()}, "user": user["id"]}


def _spelled(spelling: str, operation: Operation) -> Operation:
    """Let an operation answer only where the path has this spelling."""

    def answer(resource: Resource, call: Call) -> Reply:
        if call.quirks.time_track_path not in {spelling, "both"}:
            raise missing("operation")
        return operation(resource, call)

    return answer


TIME_TRACKS = Resource(
    Listing("time_tracks", "time_track", ordering="sorting", fields="name duration startDate user"),
    "time track",
    {
        f"{method} {path}{rest}": _spelled(spelling, operation)
        for spelling, path in _PATHS.items()
        for method, rest, operation in (
            ("GET", "", lists(_selected)),
            ("POST", "", _create),
            ("PUT", "", _update),
            ("DELETE", "/{id}", deletes),
        )
    },
)

"""The operations on time tracks.

Decided here: under which of its two spellings the path answers, that `startedDate` is written and `startDate` read, and
that an update names its record by id in query or body. Source: Custify's docs, Time tracking.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.links import find_user, owner_of, the_user
from custify_connector.sandbox.listing import Listing, Scope, listed
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.routing import Route
from custify_connector.sandbox.rules import Rule, checked

if TYPE_CHECKING:
    from collections.abc import Callable

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

_PATHS = {"dash": "/time-track", "underscore": "/time_track"}
_RULES = {
    "duration": Rule("integer", required=True),
    "name": Rule(required=True),
    "startedDate": Rule("date", required=True),
    "tags": Rule("list"),
}
_LISTING = Listing(
    "time_tracks",
    "time_track",
    ordering="sorting",
    fields=frozenset({"id", "name", "duration", "startDate", "user", "created_at", "updated_at"}),
)
_NAMES = ("company", "company_id", "people", "user_id", "email")


def list_time_tracks(call: Call) -> Reply:
    """Answer the page of time tracks that is asked for, of those that every parameter selects."""
    names = (*_NAMES, "tags", "start_date", "end_date", "user")
    asked = {name: call.text(name) for name in names}
    owner = owner_of(call.content, asked)
    user = find_user(call.content, asked["user"]) if asked["user"] else None

    def chosen(content: Content) -> list[Record]:
        if asked["user"] and user is None:
            return []
        return [one for one in content.table("time_tracks") if _matches(one, asked, owner, user)]

    return listed(call, _LISTING, Scope(tuple(asked.values()), chosen))


def _matches(track: Record, asked: dict[str, str | None], owner: Record, user: Record | None) -> bool:
    day, tags = track["startDate"][:10], (asked["tags"] or "").split(",") if asked["tags"] else []
    return (
        all(key in track[field] for field, key in owner.items())
        and all(tag in track["tags"] for tag in tags)
        and (asked["start_date"] or "")[:10] <= day <= (asked["end_date"] or "9999")[:10]
        and (user is None or track["user"] == user["id"])
    )


def create_time_track(call: Call) -> Reply:
    """Create a time track of the user in the query."""
    blank: Record = {"company": [], "people": [], "tags": []}
    return json_reply(call.content.create("time_tracks", {**blank, **_fields(call)}))


def update_time_track(call: Call) -> Reply:
    """Update the time track whose id is in the query or the body."""
    body = call.body()
    key = call.text("id") or body.get("id") or body.get("_id")
    if not key:
        raise malformed("id is required")
    return json_reply(call.content.update("time_tracks", _known(call.content, key), _fields(call)))


def delete_time_track(call: Call) -> Reply:
    """Delete one time track."""
    call.content.table("time_tracks").remove(_known(call.content, call.arguments["id"])["id"])
    return json_reply({"deleted": 1})


def _fields(call: Call) -> Record:
    named = call.text("user")
    if named is None:
        raise malformed("user is required in the query")
    user, body = the_user(call.content, "user", named), call.body()
    sent = checked(body, _RULES)
    sent["startDate"] = sent.pop("startedDate")
    owner = owner_of(call.content, {name: body.get(name) or call.text(name) for name in _NAMES})
    return {**sent, **{field: [key] for field, key in owner.items()}, "user": user["id"]}


def _known(content: Content, key: object) -> Record:
    track = content.table("time_tracks").get(key)
    if track is None:
        raise missing("time track")
    return track


def _spelled(spelling: str, handler: Callable[[Call], Reply]) -> Callable[[Call], Reply]:
    """Let an operation answer only where the path has this spelling."""

    def answer(call: Call) -> Reply:
        if call.quirks.time_track_path not in {spelling, "both"}:
            raise missing("operation")
        return handler(call)

    return answer


ROUTES = tuple(
    Route(method, f"{path}{rest}", _spelled(spelling, handler))
    for spelling, path in _PATHS.items()
    for method, rest, handler in (
        ("GET", "", list_time_tracks),
        ("POST", "", create_time_track),
        ("PUT", "", update_time_track),
        ("DELETE", "/{id}", delete_time_track),
    )
)

"""Adding tags to records and removing them.

Decided here: which kind of record a tag's category means, what an unknown tag or record is answered, and that a deleted
tag leaves the records that carry it. Source: Custify's docs, Tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.rules import Rule, checked, fields

from .operations import known

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

    from .operations import Resource

_KIND_OF_CATEGORY = {
    "people": "people",
    "company": "companies",
    "task": "tasks",
    "note": "notes",
    "segment": "segments",
    "playbook": "playbooks",
    "lifecycle": "lifecycles",
    "health_score": "health_scores",
    "survey": "surveys",
    "calculated_metric": "calculated_metrics",
    "meeting": "meetings",
    "time_tracker": "time_tracks",
}
_MOST_IDS = 100
CATEGORIES = tuple(category for category in _KIND_OF_CATEGORY if category not in {"meeting", "time_tracker"})
_RULES = {
    **fields("ids:list!"),
    "type": Rule(required=True, choices=("add", "remove")),
    "category": Rule(required=True, choices=tuple(_KIND_OF_CATEGORY)),
    **fields("tag!"),
}


def _tag_records(call: Call, body: Record) -> Reply:
    """Add or remove one tag on up to 100 records of one kind; refuse an unknown tag or record (404)."""
    sent = checked(body, _RULES)
    if len(sent["ids"]) > _MOST_IDS:
        raise malformed(f"ids must have at most {_MOST_IDS} entries")
    if call.content.table("tags").get(sent["tag"]) is None:
        raise missing("tag")
    kind = _KIND_OF_CATEGORY[sent["category"]]
    records = [call.content.table(kind).get(key) for key in sent["ids"]]
    found = [record for record in records if record is not None]
    if len(found) < len(records):
        raise missing(sent["category"])
    for record in found:
        kept = [tag for tag in record.get("tags", []) if tag != sent["tag"]]
        tags = [*kept, sent["tag"]] if sent["type"] == "add" else kept
        call.content.update(kind, record, {"tags": tags})
    return json_reply({"updated": len(found)})


def tag_entities(_: Resource, call: Call) -> Reply:
    """Add a tag to records of one category, or remove it."""
    return _tag_records(call, call.body())


def tag_people(_: Resource, call: Call) -> Reply:
    """Add a tag to people, or remove it."""
    return _tag_records(call, {**call.body(), "category": "people"})


def delete_tag(resource: Resource, call: Call) -> Reply:
    """Delete a tag, and take it off the records that carry it."""
    key = known(resource, call)["id"]
    for kind in _KIND_OF_CATEGORY.values():
        for record in call.content.table(kind).find("tags", key):
            call.content.update(kind, record, {"tags": [tag for tag in record["tags"] if tag != key]})
    call.content.table("tags").remove(key)
    return json_reply({"deleted": 1})

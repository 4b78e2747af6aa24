"""Adding tags to records and removing them.

Decided here: which kind of record a tag's category means, and what an unknown tag or record is answered.
Source: Custify's docs, Tags. This file does not know the operations that use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.rules import Rule, checked

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

KIND_OF_CATEGORY = {
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
MOST_IDS = 100
_RULES = {
    "ids": Rule("list", required=True),
    "type": Rule(required=True, choices=("add", "remove")),
    "category": Rule(required=True, choices=tuple(KIND_OF_CATEGORY)),
    "tag": Rule(required=True),
}


def tag_records(call: Call, body: Record) -> Reply:
    """Add or remove one tag on up to 100 records of one kind; refuse an unknown tag or record (404)."""
    sent = checked(body, _RULES)
    if len(sent["ids"]) > MOST_IDS:
        raise malformed(f"ids must have at most {MOST_IDS} entries")
    if call.content.table("tags").get(sent["tag"]) is None:
        raise missing("tag")
    kind = KIND_OF_CATEGORY[sent["category"]]
    records = [call.content.table(kind).get(key) for key in sent["ids"]]
    known = [record for record in records if record is not None]
    if len(known) < len(records):
        raise missing(sent["category"])
    for record in known:
        kept = [tag for tag in record.get("tags", []) if tag != sent["tag"]]
        tags = [*kept, sent["tag"]] if sent["type"] == "add" else kept
        call.content.update(kind, record, {"tags": tags})
    return json_reply({"updated": len(known)})

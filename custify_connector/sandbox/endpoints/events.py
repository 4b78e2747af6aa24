"""Writing events.

Decided here: whose event it is, which events are refused, that a repeated deduplication_id is ignored, and that an
accepted event is answered 202. Source: Custify's docs, Events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from custify_connector.sandbox.links import find_company, find_person
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.rules import INT32, checked, fields
from custify_connector.sandbox.wire import Reply

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record

_LONGEST = 100
_RULES = {
    **fields("name! created_at:date!", longest=_LONGEST),
    **fields("user_id:identifier email company_id:identifier deduplication_id", longest=_LONGEST, nullable=False),
    **fields("metadata:object"),
}
_MOST_KEYS, _MOST_CHARACTERS = 50, 10_000


def create_event(content: Content, body: Record) -> Record | None:
    """Store an event and return it, with Custify's ids as `people` and `company`; None when it is a repetition."""
    event = checked(body, _RULES)
    _judge_metadata(event.get("metadata") or {})
    owner = _owner(content, event)
    repeated = event.get("deduplication_id")
    if repeated is not None:
        if repeated in content.deduplicated:
            return None
        content.deduplicated.add(repeated)
    return content.table("events").put({"id": content.new_id("events"), **event, **owner})


def _owner(content: Content, event: Record) -> Record:
    if "user_id" in event or "email" in event:
        return _owned_by_person(content, event)
    if "company_id" not in event:
        raise malformed("one of user_id, email and company_id is required")
    company = find_company(content, None, event["company_id"])
    if company is None:
        raise missing("company")
    return {"people": None, "company": company["id"]}


def _owned_by_person(content: Content, event: Record) -> Record:
    # With a user_id the e-mail is looked at only when that user_id is unknown.
    person = find_person(content, None, event.get("user_id"), event.get("email"))
    if person is None:
        raise missing("People")
    company = find_company(content, None, event.get("company_id"))
    member = company is not None and company["id"] in person["companies"]
    return {"people": person["id"], "company": company["id"] if company and member else None}


def _judge_metadata(metadata: Record) -> None:
    if len(metadata) > _MOST_KEYS:
        raise malformed(f"metadata must have at most {_MOST_KEYS} keys")
    for name, value in metadata.items():
        if isinstance(value, dict | list):
            raise malformed(f"metadata.{name} must not be an object or a list")
        if isinstance(value, str) and len(value) > _LONGEST:
            raise malformed(f"metadata.{name} must have at most {_LONGEST} characters")
        if isinstance(value, int) and not isinstance(value, bool) and not -INT32 <= value < INT32:
            raise malformed(f"metadata.{name} must fit into 32 bits")
    if len(orjson.dumps(metadata).decode()) > _MOST_CHARACTERS:
        raise malformed(f"metadata must have at most {_MOST_CHARACTERS} characters in all")


def post_event(call: Call) -> Reply:
    """Take one event."""
    create_event(call.content, call.body())
    return Reply(202, b"{}")

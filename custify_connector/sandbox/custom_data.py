"""Writing custom data objects.

Decided here: their fields, and that type and id together name one object of an entity.
Source: Custify's docs, Custom data. This file does not know HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .refusals import malformed
from .rules import Rule, checked

if TYPE_CHECKING:
    from .content import Content
    from .table import Record

_RULES = {
    "data_type": Rule(required=True),
    "data_id": Rule(required=True),
    "data": Rule("object", required=True),
}


def of_entity(content: Content, model: str, key: str) -> list[Record]:
    """Return the objects of one company (model `companies`) or person (`people`), by Custify's id."""
    return [one for one in content.table("custom_data").find("entity", key) if one["entityModel"] == model]


def upsert_custom_data(content: Content, model: str, key: str, payload: object) -> int:
    """Store one object or a list of them, and return how many; refuse the whole when one breaks a rule (400)."""
    sent = payload if isinstance(payload, list) else [payload]
    objects = [one for one in sent if isinstance(one, dict)]
    if not sent or len(objects) < len(sent):
        raise malformed("the body must be a custom data object or a list of them")
    for fields in [checked(one, _RULES) for one in objects]:
        known = [one for one in of_entity(content, model, key) if _same(one, fields)]
        if known:
            content.table("custom_data").put({**known[0], **fields})
        else:
            owner = {"id": content.new_id("custom_data"), "entity": key, "entityModel": model}
            content.table("custom_data").put({**owner, **fields})
    return len(sent)


def _same(one: Record, other: Record) -> bool:
    return (one["data_type"], one["data_id"]) == (other["data_type"], other["data_id"])

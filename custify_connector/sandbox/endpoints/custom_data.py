"""The custom data objects of companies and people.

Decided here: their fields, that type and id together name one object of an entity, that they are answered by type, and
that a delete without a selector deletes all of an entity. Source: Custify's docs, Custom data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.links import find_company, find_person
from custify_connector.sandbox.refusals import malformed, missing
from custify_connector.sandbox.rules import checked, fields

if TYPE_CHECKING:
    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

_SELECTORS = ("data_type", "data_id")
_RULES = fields("data_type! data_id! data:object!")


def of_entity(content: Content, model: str, key: str) -> list[Record]:
    """Return the objects of one company (model `companies`) or person (`people`), by Custify's id."""
    return [one for one in content.table("custom_data").find("entity", key) if one["entityModel"] == model]


def upsert_custom_data(content: Content, model: str, key: str, payload: object) -> int:
    """Store one object or a list of them, and return how many; refuse the whole when one breaks a rule (400)."""
    sent = payload if isinstance(payload, list) else [payload]
    objects = [one for one in sent if isinstance(one, dict)]
    if not sent or len(objects) < len(sent):
        raise malformed("the body must be a custom data object or a list of them")
    for held in [checked(one, _RULES) for one in objects]:
        known = [one for one in of_entity(content, model, key) if _same(one, held)]
        if known:
            content.table("custom_data").put({**known[0], **held})
        else:
            owner = {"id": content.new_id("custom_data"), "entity": key, "entityModel": model}
            content.table("custom_data").put({**owner, **held})
    return len(sent)


def _same(one: Record, other: Record) -> bool:
    return (one["data_type"], one["data_id"]) == (other["data_type"], other["data_id"])


def _entity(call: Call) -> tuple[str, str]:
    """Return model and Custify's id of the company or person; refuse one there is not (404)."""
    model, key = call.arguments["entityModel"], call.arguments.get("entity")
    if model not in {"companies", "people"}:
        raise malformed("entityModel must be companies or people")
    company_id, user_id = call.text("company_id"), call.text("user_id")
    if key is None and (company_id if model == "companies" else user_id) is None:
        raise malformed("company_id or user_id is required")
    found = (
        find_company(call.content, key, company_id) if model == "companies" else find_person(call.content, key, user_id)
    )
    if found is None:
        raise missing("entity")
    return model, found["id"]


def _selected(call: Call) -> list[Record]:
    wanted = {name: value for name in _SELECTORS if (value := call.text(name)) is not None}
    objects = of_entity(call.content, *_entity(call))
    return [one for one in objects if all(one[name] == value for name, value in wanted.items())]


def get_custom_data(call: Call) -> Reply:
    """Answer the objects of an entity, keyed by type."""
    keyed: dict[str, list[Record]] = {}
    for one in _selected(call):
        shown = {name: one[name] for name in ("data_type", "data_id", "data")}
        keyed.setdefault(one["data_type"], []).append(shown)
    return json_reply(keyed)


def post_custom_data(call: Call) -> Reply:
    """Create or update one object, or a list of them: all or none."""
    model, key = _entity(call)
    payload = call.payload()
    return json_reply({"upserted": upsert_custom_data(call.content, model, key, payload)})


def delete_custom_data(call: Call) -> Reply:
    """Delete the objects selected: all of the entity's when nothing is."""
    selected = _selected(call)
    if not selected and call.text("data_id") is not None:
        raise missing("custom data")
    for one in selected:
        call.content.table("custom_data").remove(one["id"])
    return json_reply({"deleted": len(selected)})


OPERATIONS = {"GET": get_custom_data, "POST": post_custom_data, "DELETE": delete_custom_data}

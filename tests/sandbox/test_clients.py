"""The calls of clients that others wrote for Custify, and what each expects: the data is in clients.json.

Names in braces are filled from the account, words after an @ are days. `rows` names the list of a reply ("" where the
reply is the list); it must hold something unless `none`. `where` holds of every row.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from custify_connector.sandbox import Quirks

CALLS = json.loads(Path(__file__).with_name("clients.json").read_text("utf-8"))
METHODS = ("get", "post", "put", "patch", "delete")
HOLDS = {
    "is": lambda found, wanted: found == wanted,
    "is not": lambda found, wanted: found != wanted,
    "above": lambda found, wanted: found > wanted,
    "before": lambda found, wanted: found < wanted,
    "contains": lambda found, wanted: wanted in found,
}


def day(offset):
    return (datetime.now(timezone.utc) + timedelta(days=offset)).date().isoformat()


def at(record, path):
    for name in path.split("."):
        record = record.get(name) if record else None
    return record


@pytest.fixture
def account(make):
    """Return a sandbox, a client, and what the names in the calls stand for."""
    sandbox, client = make()
    held = sandbox.content
    names = {
        "company": held.companies[4]["id"],
        "person": held.people[0]["id"],
        "score": next(iter(held.companies[4]["metrics"]["health_scores"])),
        "task": held.tasks[0]["id"],
        "tag": held.tags[0]["id"],
        "playbook": next(one["id"] for one in held.playbooks if one["type"] == "companies"),
        "ninth": client.post("/company", {"company_id": "9", "name": "Ninth"}).json["id"],
    }
    client.post("/people", {"user_id": "24", "email": "n24@example.com"})
    task = {"priority": "low", "status": "open"}
    for name, due in (("today", day(0)), ("in a year", day(365)), ("some day", None)):
        client.post("/task", {"name": name, "dueDate": due, **task})
    snoozed = client.post("/task", {"name": "snoozed", **task}).json
    with held.lock:
        held.update("tasks", snoozed, {"snoozedUntilDate": f"{day(9)}T00:00:00.000Z"})
    return sandbox, client, names


def filled(value, names):
    text = json.dumps(value)
    for name, meant in names.items():
        text = text.replace(f"{{{name}}}", meant)
    for word, offset in (("@today", 0), ("@tomorrow", 1)):
        text = text.replace(word, day(offset))
    return json.loads(text)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call['client']}, {call['call']}")
def test_a_call_of_another_client_gets_what_that_client_expects(account, call):
    sandbox, client, names = account
    call = filled(call, names)
    sandbox.quirks = Quirks(**call.get("quirks", {}))
    method = next(name for name in METHODS if name in call)
    answer = client.send(method.upper(), call[method], call.get("body"), **call.get("query", {}))
    assert answer.status == call.get("status", 200), answer.raw
    assert len(answer.raw) >= call.get("bytes", 0)
    if "rows" in call:
        check_rows(answer.json, call)
    page = answer.json[0] if isinstance(answer.json, list) else answer.json
    assert set(call.get("keys", ())) <= set(page)
    assert all(page[name] == value for name, value in call.get("holds", {}).items())


def check_rows(body, call):
    page = body[0] if isinstance(body, list) and call["rows"] else body
    rows = page[call["rows"]] if call["rows"] else page
    assert bool(rows) is not call.get("none", False)
    for row in rows:
        assert set(call.get("row_keys", ())) <= set(row)
        path, test, wanted = call.get("where", ("", None, None))
        assert not path or HOLDS[test](at(row, path), wanted), row
    if "first" in call:
        assert rows[0][call["first"][0]] == call["first"][1]
    if "descending" in call:
        values = [at(row, call["descending"]) for row in rows]
        assert values == sorted(values, key=lambda value: -1 if value is None else value, reverse=True)

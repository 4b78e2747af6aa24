"""The request that a record becomes, and the ones that look it up before.

Pure. Absent keeps, null clears; nothing is invented, nothing dropped in silence. This file does not know whether a
record is valid, or in which order records are sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from custify_connector.checking.texts import Json, fill, placeholders, query_text
from custify_connector.exchange.wire import Request, Response
from custify_connector.records.envelopes import unwrap
from custify_connector.writing.plan import WritePlan

Key = dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A record that may be sent: its request, its name, and whether the request may be repeated when unclear."""

    index: int
    request: Request
    key: Key | None
    repeatable: bool
    record: Mapping[str, Json]


def path_of(plan: WritePlan, record: Mapping[str, Json]) -> str:
    """Return the path to which a record goes: that of the first route whose field it has, else the plan's own."""
    fitting = (path for name, path in plan.routes if record.get(name) not in (None, ""))
    return next(fitting, plan.path)


def request(plan: WritePlan, record: Mapping[str, Json]) -> Request:
    """Return the request that writes a record, which has all that its address needs."""
    return _request_to(plan.method, path_of(plan, record), plan, record)


def _request_to(method: str, path: str, plan: WritePlan, record: Mapping[str, Json]) -> Request:
    in_path = placeholders(path)
    query = tuple((name, query_text(record[name])) for name in plan.query if record.get(name) is not None)
    filled = fill(path, {name: query_text(record[name]) for name in in_path})
    if method == "DELETE":
        return Request(method, filled, query)
    if plan.list and plan.list in record:
        return Request(method, filled, query, record[plan.list])
    body = {name: value for name, value in record.items() if name not in {*in_path, *plan.query}}
    if plan.clear == "unset":
        body = with_unset(body)
    copied = {name: record[source] for name, source in plan.copy.items() if record.get(source) is not None}
    if plan.upload:
        form = {name: query_text(value) for name, value in body.items() if name != plan.upload}
        return Request(method, filled, query, form, Path(plan.directory or "") / str(record[plan.upload]))
    return Request(method, filled, query, {**body, **copied})


def lookup(plan: WritePlan, prepared: Prepared) -> Request | None:
    """Return the request that looks a record up before it is created; None when nothing is to be looked up."""
    find = plan.find_first
    value = prepared.record.get(find.by) if find else None
    return Request("GET", find.path, ((find.by, query_text(value)),)) if find and value is not None else None


def found(plan: WritePlan, prepared: Prepared, response: Response) -> Prepared | None:
    """Return the update of the record that a look-up found, which may be repeated; None when it found none."""
    find = plan.find_first
    assert find is not None  # noqa: S101 - there was a look-up
    page = unwrap(response.body, "page", find.records) if response.ok else None
    wanted = prepared.record[find.by]
    match = next((each for each in page.records if str(each.get(find.by)) == wanted), None) if page else None
    if match is None:
        return None
    copied = {name: match.get(source) for name, source in find.copy.items()}
    update = _request_to("PUT", find.update, plan, {**match, **prepared.record})
    body = {name: value for name, value in prepared.record.items() if name not in placeholders(find.update)}
    return replace(prepared, request=replace(update, body={**body, **copied}), repeatable=True)


def with_unset(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a body in which nulls, on the top level and of custom attributes, became names under `$unset`.

    >>> with_unset({"email": "a@b.example", "name": None, "custom_attributes": {"seat": None, "plan": "Gold"}})
    {'email': 'a@b.example', 'custom_attributes': {'plan': 'Gold'}, '$unset': ['name', 'custom_attributes.seat']}
    """
    kept: dict[str, Any] = {}
    unset: list[str] = list(body.get("$unset") or ())
    for name, value in body.items():
        if value is None:
            unset.append(name)
        elif isinstance(value, dict) and any(inner is None for inner in value.values()):
            unset += [f"{name}.{inner}" for inner in value if value[inner] is None]
            kept[name] = {inner: value[inner] for inner in value if value[inner] is not None}
        elif name != "$unset":
            kept[name] = value
    kept = {name: value for name, value in kept.items() if value != {} or body[name] == {}}
    return {**kept, "$unset": list(dict.fromkeys(unset))} if unset else kept

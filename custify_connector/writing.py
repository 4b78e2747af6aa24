"""Writing one record: what is wrong with it, the request it becomes, and the receipt that a reply makes of it.

Pure. Absent keeps, null clears; nothing is invented, nothing dropped in silence. This file does not know in which
order records are sent, or how often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from custify_connector.contract import Receipt
from custify_connector.envelopes import unwrap
from custify_connector.errors import Fault
from custify_connector.identities import field_value, key_of
from custify_connector.replies import describe, error_text
from custify_connector.retrying import GivenUp, Settled
from custify_connector.validation import compile_record_check, faults_of
from custify_connector.values import NotJson, plain
from custify_connector.wire import Failure, Json, Request, Response, fill, placeholders, query_text
from custify_connector.write_plans import WritePlan

Key = dict[str, Any]
_GONE = frozenset({404, 410})
_REFUSED_KEY = frozenset({401, 403})


@dataclass(frozen=True)
class Prepared:
    """A record that may be sent: its request, its name, and whether the request may be repeated when unclear."""

    index: int
    request: Request
    key: Key | None
    repeatable: bool
    record: Mapping[str, Json]


Prepare = Callable[[int, object], "Prepared | Receipt"]


def preparer(plan: WritePlan) -> Prepare:
    """Return the function that turns a record into its request, or into the receipt of its rejection."""
    valid = compile_record_check(plan.schema) if plan.schema is not None else lambda _record: True
    return partial(_prepare, plan, valid)


def _prepare(plan: WritePlan, valid: Callable[[object], bool], index: int, given: object) -> Prepared | Receipt:
    record, faults = _record(plan, given)
    if not faults and not valid(record):
        faults = faults_of(record, plan.schema or {}, "")
    record = _with_text_identifiers(record, plan.schema or {})
    key = key_of(record, plan.identity)
    faults = faults or _own_faults(plan, record, key)
    if faults:
        return _rejected(index, key, faults)
    return Prepared(index, _request(plan, record), key, may_repeat(plan.repeat, record), record)


def may_repeat(repeat: str, record: Mapping[str, Json]) -> bool:
    """Tell whether a record may be sent again when its fate is unclear, by the manifest's word for its destination."""
    if repeat in {"always", "never"}:
        return repeat == "always"
    return record.get(repeat) not in (None, "")


def _record(plan: WritePlan, given: object) -> tuple[dict[str, Json], tuple[Fault, ...]]:
    if not isinstance(given, Mapping):
        return {}, (Fault("", "a record must be an object of fields and values"),)
    try:
        record = plain(given)
    except NotJson as error:
        return {}, (Fault(error.place, str(error)),)
    differing = [name for name, value in plan.constants.items() if name in record and record[name] != value]
    faults = tuple(Fault(name, f"is fixed to {plan.constants[name]!r} for this run") for name in differing)
    return {**record, **plan.constants}, faults


def _own_faults(plan: WritePlan, record: Mapping[str, Json], key: Key | None) -> tuple[Fault, ...]:
    """Return what a schema cannot say of a record: its name, its address, its sizes, and what contradicts itself."""
    if plan.identity and key is None:
        names = ", ".join(" with ".join(fields) for fields in plan.identity)
        return (Fault("", f"nothing names this record: it needs one of {names}"),)
    return (*_address_faults(plan, record), *_size_faults(plan, record), *_unset_faults(plan, record))


def _address_faults(plan: WritePlan, record: Mapping[str, Json]) -> Iterator[Fault]:
    for name in placeholders(_path(plan, record)):
        if str(record.get(name) or "").strip() == "":
            yield Fault(name, "is required: it is part of the address")
        elif record[name] in {".", ".."}:
            yield Fault(name, f"is {record[name]!r}, which would lead to another address")
    if plan.method == "DELETE":
        for name in (*placeholders(_path(plan, record)), *plan.query):
            if name in record and str(record[name]).strip() in _WILDCARDS:
                yield Fault(name, f"is {record[name]!r}: a delete must name exactly one record")


_WILDCARDS = ("", "*", "%", "all")


def _size_faults(plan: WritePlan, record: Mapping[str, Json]) -> Iterator[Fault]:
    for name, most in plan.max_characters.items():
        size = len(orjson.dumps(record[name]).decode()) if record.get(name) is not None else 0
        if size > most:
            yield Fault(name, f"has {size:,} characters as JSON; at most {most:,} are allowed")


def _unset_faults(plan: WritePlan, record: Mapping[str, Json]) -> Iterator[Fault]:
    for name in (record.get("$unset") or ()) if plan.clear == "unset" else ():
        if field_value(record, name) is not None:
            yield Fault(name, "is set and unset at once")


def _path(plan: WritePlan, record: Mapping[str, Json]) -> str:
    fitting = (path for name, path in plan.routes if record.get(name) not in (None, ""))
    return next(fitting, plan.path)


def _request(plan: WritePlan, record: Mapping[str, Json]) -> Request:
    return _request_to(plan.method, _path(plan, record), plan, record)


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
    request = _request_to("PUT", find.update, plan, {**match, **prepared.record})
    body = {name: value for name, value in prepared.record.items() if name not in placeholders(find.update)}
    return replace(prepared, request=replace(request, body={**body, **copied}), repeatable=True)


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


def _with_text_identifiers(value: Json, schema: Mapping[str, Any]) -> Json:
    """Return a value in which every number that the schema calls an identifier is text, as Custify stores it."""
    if schema.get("format") == "identifier" and isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return {
            name: _with_text_identifiers(inner, properties[name]) if name in properties else inner
            for name, inner in value.items()
        }
    if isinstance(value, list) and "items" in schema:
        return [_with_text_identifiers(inner, schema["items"]) for inner in value]
    return value


def _rejected(index: int, key: Key | None, faults: tuple[Fault, ...]) -> Receipt:
    reason = "; ".join(str(fault) if fault.place else fault.reason for fault in faults)
    return Receipt(index, "rejected", key, None, "invalid_record", reason, faults[0].place or None)


def refused(prepared: Prepared, field: str, reason: str) -> Receipt:
    """Return the receipt of a record that may not be sent, for a reason that only its surroundings show."""
    return _rejected(prepared.index, prepared.key, (Fault(field, reason),))


def planned(prepared: Prepared) -> Receipt:
    """Return the receipt of a dry run: exactly the request that would be sent."""
    return Receipt(prepared.index, "planned", prepared.key, response=prepared.request.as_mapping())


def receipt(prepared: Prepared, verdict: Settled | GivenUp, *, capture: bool) -> Receipt:
    """Return what became of a record whose request was answered or given up."""
    if isinstance(verdict, GivenUp):
        return _failed(prepared, verdict)
    response = verdict.response
    make = partial(Receipt, prepared.index, key=prepared.key, status=response.status)
    kept = response.body if capture else None
    if response.ok:
        return make(outcome="sent", response=kept)
    if prepared.request.method == "DELETE" and response.status in _GONE:
        return make(outcome="unchanged", code="already_gone", reason="there was nothing to delete", response=kept)
    said = error_text(response.body) or "no reason given"
    if response.status in _REFUSED_KEY:
        return make(outcome="failed", code="key_refused", reason=f"Custify: {said}", response=kept)
    return make(outcome="rejected", code="refused", reason=f"Custify: {said}", response=kept)


def _failed(prepared: Prepared, given_up: GivenUp) -> Receipt:
    last = given_up.last
    arrived = not isinstance(last, Failure) or last.arrived
    status = last.status if isinstance(last, Response) else None
    code = "unclear" if arrived and not prepared.repeatable else "unavailable"
    reason = describe(given_up)
    if code == "unclear":
        reason += "; it may have arrived, and sending it again could do it twice, so it was not repeated"
    return Receipt(prepared.index, "failed", prepared.key, status, code, reason)


def not_tried(index: int, reason: str, key: Key | None = None) -> Receipt:
    """Return the receipt of a record that the run never came to."""
    return Receipt(index, "not_tried", key, code="stopped", reason=reason)

"""What is wrong with a record; one that has no fault becomes its request.

Pure. Decides what is rejected before anything is sent, with every fault at once. This file does not know in which order
records are sent, or how often.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import orjson

from custify_connector.checking.identity import field_value, key_of, may_repeat
from custify_connector.checking.json_schema import compile_record_check, faults_of
from custify_connector.checking.texts import Json, object_id_fault, placeholders
from custify_connector.checking.values import NotJson, plain
from custify_connector.contract import Receipt
from custify_connector.contract.errors import Fault
from custify_connector.writing.fields import Fields, compile_fields, rounded, white_space
from custify_connector.writing.plan import WritePlan
from custify_connector.writing.receipts import rejected
from custify_connector.writing.requests import Key, Prepared, path_of, request

Prepare = Callable[[int, object], "Prepared | Receipt"]


def preparer(plan: WritePlan) -> Prepare:
    """Return the function that turns a record into its request, or into the receipt of its rejection."""
    valid = compile_record_check(plan.schema) if plan.schema is not None else lambda _record: True
    ids = _of_object_ids(plan.schema).get("properties", {}) if plan.check_ids else {}
    return partial(_prepare, plan, valid, compile_fields(plan.schema or {}, any_ids=not plan.check_ids), ids)


def _prepare(  # noqa: PLR0913, PLR0917 - what a run has made ready, and one record
    plan: WritePlan,
    valid: Callable[[object], bool],
    fields: Fields,
    ids: Mapping[str, Any],
    index: int,
    given: object,
) -> Prepared | Receipt:
    record, faults = _record(plan, fields, given)
    if not isinstance(given, Mapping):
        return rejected(index, None, faults)
    if not valid(record):
        faults = _also(faults, (_with_value(fault, record) for fault in faults_of(record, plan.schema or {}, "")))
    key = key_of(record, plan.identity)
    if own := _own_faults(plan, record, key, faults):
        faults = _also(faults, own)
    if not ids.keys().isdisjoint(record):
        faults = _also(faults, _id_faults(ids, record))
    if faults:
        return rejected(index, key, faults)
    return Prepared(index, request(plan, record), key, may_repeat(plan.repeat, record), record)


def _record(plan: WritePlan, fields: Fields, given: object) -> tuple[dict[str, Json], tuple[Fault, ...]]:
    if not isinstance(given, Mapping):
        return {}, (Fault("", "a record must be an object of fields and values"),)
    faults: list[Fault] = []
    record = _plain(fields(given, "", faults), faults)
    if plan.constants:
        constants = fields(plan.constants, "", faults)
        differing = [name for name, value in constants.items() if name in record and record[name] != value]
        faults += [Fault(name, f"is fixed to {constants[name]!r} for this run") for name in differing]
        record = {**record, **constants}
    return record, (*faults, *rounded(record))


def _plain(given: Mapping[Any, Any], faults: list[Fault]) -> Json:
    """Return the fields of a record that JSON can carry; each other one is added to the faults."""
    try:
        return plain(given)
    except NotJson:
        record: dict[str, Json] = {}
    for name, value in given.items():
        try:
            record |= plain({name: value})
        except NotJson as error:  # noqa: PERF203 - each field has a fault of its own
            faults.append(Fault(error.place, str(error)))
    return record


def _also(faults: tuple[Fault, ...], more: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return faults with those of other places: one that follows from another at its place is none of its own."""
    places = {fault.place for fault in faults}
    return (*faults, *(fault for fault in more if fault.place not in places))


def _with_value(fault: Fault, record: Mapping[str, Json]) -> Fault:
    """Return a fault that shows the value, where that is short enough to find it again in a file."""
    value: Any = record
    for part in re.findall(r"[^.\[\]]+", fault.place):
        value = value[int(part)] if isinstance(value, list) else value.get(part) if isinstance(value, dict) else None
    is_scalar = isinstance(value, (str, int, float)) and value != ""
    if not is_scalar or repr(value) in fault.reason or fault.reason.startswith("unknown field"):
        return fault
    shown = repr(value) if len(repr(value)) <= _VALUE_SHOWN else repr(value)[:_VALUE_SHOWN] + "…"
    return Fault(fault.place, f"{fault.reason} (it is {shown})")


_VALUE_SHOWN = 60


def _own_faults(
    plan: WritePlan, record: Mapping[str, Json], key: Key | None, before: tuple[Fault, ...]
) -> tuple[Fault, ...]:
    """Return what a schema cannot say of a record: its name, its address, its sizes, and what contradicts itself."""
    known = (plan.schema or {}).get("properties", {})
    named = dict.fromkeys(name for fields in plan.identity for name in fields)
    texts = {name: record[name] for name in named if type(record.get(name)) is str}
    texts.update(key or {})
    # Those of an object-id are checked with its form.
    of_key = [
        Fault(name, reason)
        for name, value in texts.items()
        if (reason := white_space(str(value))) and known.get(name, {}).get("format") != "object-id"
    ]
    if key is None and named and named.keys().isdisjoint(fault.place for fault in before):
        names = ", ".join(" with ".join(fields) for fields in plan.identity)
        of_key.append(Fault("", f"this record has no identifier: it needs one of {names}"))
    return (*of_key, *_address_faults(plan, record), *_size_faults(plan, record), *_unset_faults(plan, record))


def _address_faults(plan: WritePlan, record: Mapping[str, Json]) -> Iterator[Fault]:
    for name in placeholders(path_of(plan, record)):
        if str(record.get(name) or "").strip() == "":
            yield Fault(name, "is required: it is part of the address")
        elif record[name] in {".", ".."}:
            yield Fault(name, f"is {record[name]!r}, which would change the address of the request")
    for name in (*placeholders(path_of(plan, record)), *plan.query) if plan.method == "DELETE" else ():
        if name in record:
            yield from _selector_faults(name, record[name])


def _selector_faults(name: str, value: Json) -> Iterator[Fault]:
    """Yield what is wrong with a value that names what to delete: one that matches nothing leaves it there."""
    if str(value).strip() in _WILDCARDS:
        yield Fault(name, f"is {value!r}: a delete must name exactly one record")
    elif isinstance(value, str) and value != value.strip():
        yield Fault(name, f"is {value!r}, with white space around it, so it would not be found: remove that")
    elif isinstance(value, float):
        yield Fault(name, f"is {value!r}, a number with a fraction, so it would not be found: give it as text")


_WILDCARDS = ("", "*", "%", "all")


def _size_faults(plan: WritePlan, record: Mapping[str, Json]) -> Iterator[Fault]:
    for name, most in plan.max_characters.items():
        size = len(orjson.dumps(record[name]).decode()) if record.get(name) is not None else 0
        if size > most:
            yield Fault(name, f"has {size:,} characters as JSON; at most {most:,} are allowed")


def _unset_faults(plan: WritePlan, record: Mapping[str, Json]) -> Iterator[Fault]:
    unset = record.get("$unset") if plan.clear == "unset" else None
    for name in unset if isinstance(unset, list) else ():
        if isinstance(name, str) and field_value(record, name) is not None:
            yield Fault(name, "is set and unset at once")


def _id_faults(ids: Mapping[str, Any], record: Json) -> Iterator[Fault]:
    """Yield each Custify id that is none: Custify answers it with a server error, as if it were down."""
    for place, value in _object_ids(record, {"properties": ids}, ""):
        if reason := object_id_fault(value):
            yield Fault(place, f"{reason} (to send it anyway: settings.check_ids false, or --any-ids)")


def _of_object_ids(schema: object) -> dict[str, Any]:
    """Return the part of a schema that leads to Custify ids, empty where there is none: few fields are looked at."""
    if not isinstance(schema, Mapping):
        return {}
    if schema.get("format") == "object-id":
        return {"format": "object-id"}
    properties = {name: _of_object_ids(inner) for name, inner in schema.get("properties", {}).items()}
    parts = {
        "properties": {name: inner for name, inner in properties.items() if inner},
        "items": _of_object_ids(schema.get("items")),
    }
    return {word: part for word, part in parts.items() if part}


def _object_ids(value: Json, schema: Mapping[str, Any], place: str) -> Iterator[tuple[str, str]]:
    """Yield the place and text of each Custify id that a value holds."""
    if isinstance(value, str) and "format" in schema:
        yield place, value
    elif isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            yield from _object_ids(value.get(name), inner, f"{place}.{name}".lstrip("."))
    elif isinstance(value, list) and "items" in schema:
        for index, inner in enumerate(value):
            yield from _object_ids(inner, schema["items"], f"{place}[{index}]")

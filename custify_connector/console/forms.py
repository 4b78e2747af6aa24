"""From a JSON Schema to the fields of a form, and from what was typed back to values.

Pure. Knows JSON Schema's words; it does not know HTML, or what the values are for.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from custify_connector.checking.typed_text import types_of, value_of
from custify_connector.contract.errors import Fault

Kind = Literal["text", "password", "number", "choice", "json", "long"]
_LONG = 500


@dataclass(frozen=True)
class Field:
    """One field of a form: what it is called, how it is drawn, what was typed, and what is wrong with that."""

    name: str
    label: str
    kind: Kind
    help: str = ""
    required: bool = False
    options: tuple[str, ...] = ()
    example: str = ""
    value: str = ""
    fault: str = ""


def fields_of(
    schema: Mapping[str, Any], typed: Mapping[str, str] | None = None, faults: Iterable[Fault] = ()
) -> list[Field]:
    """Return a field for each property of an object's schema, with what was typed; a password is never shown again."""
    wrong = placed(faults, schema.get("properties", {}))
    required = schema.get("required", ())
    return [
        field_of(name, each, typed or {}, "; ".join(wrong.get(name, ())), required=name in required)
        for name, each in schema.get("properties", {}).items()
    ]


def field_of(name: str, schema: Mapping[str, Any], typed: Mapping[str, str], fault: str, *, required: bool) -> Field:
    """Return the field of one property."""
    kind = _kind(schema)
    return Field(
        name,
        str(schema.get("title", name)),
        kind,
        str(schema.get("description", "")),
        required,
        _options(schema),
        _example(schema),
        "" if kind == "password" else typed.get(name, ""),
        fault,
    )


def _kind(schema: Mapping[str, Any]) -> Kind:
    kinds = types_of(schema)
    if schema.get("format") == "password" or schema.get("writeOnly"):
        return "password"
    if _options(schema):
        return "choice"
    if "string" in kinds or not kinds:
        return "long" if schema.get("maxLength", 0) > _LONG and "format" not in schema else "text"
    return "number" if kinds <= {"integer", "number", "null"} else "json"


def _options(schema: Mapping[str, Any]) -> tuple[str, ...]:
    if "enum" in schema:
        return tuple(str(each) for each in schema["enum"])
    return ("true", "false") if types_of(schema) - {"null"} == {"boolean"} else ()


def _example(schema: Mapping[str, Any]) -> str:
    given = schema.get("default", next(iter(schema.get("examples", ())), None))
    return "" if given is None else given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)


def values_of(schema: Mapping[str, Any], typed: Mapping[str, str], place: str) -> tuple[dict[str, Any], list[Fault]]:
    """Return the values that were typed, with the schema's types, and what cannot be one; an empty field is absent."""
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, each in schema.get("properties", {}).items():
        text = typed.get(name, "")
        if text == "":
            continue
        try:
            values[name] = value_of(each, text)
        except ValueError as error:
            faults.append(Fault(f"{place}.{name}", str(error)))
    return values, faults


def placed(faults: Iterable[Fault], names: Iterable[str]) -> dict[str, list[str]]:
    """Return the faults by the field they stand at; those of no field of the form stand at the empty name."""
    known = set(names)
    found: dict[str, list[str]] = {}
    for fault in faults:
        parts = fault.place.replace("[", ".").split(".")
        name = next((part for part in parts[1:] or parts if part in known), "")
        text = fault.reason if name else str(fault)
        found.setdefault(name, []).append(text)
    return found

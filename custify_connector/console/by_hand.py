"""A source configured by hand, as a form: drawn from the schema by which a connector describes its `source`.

Pure. Knows JSON Schema's words, and of the contract that a source without an endpoint has a `request`; it does not know
what a request of any service looks like.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from custify_connector.checking.typed_text import json_of, types_of, value_of
from custify_connector.console.forms import Field, field_of
from custify_connector.contract.errors import Fault

PREFIX = "by_hand."
_FIRST = {"Request": ("request",), "Records and pages": ("records", "page")}
_APART = frozenset({"mode", "fields", "limit", "slice", "settings"})
"""What the form of any run asks for."""

_DEEPEST = 8

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """A part of the form: its heading, what it is for, and its fields."""

    title: str
    help: str
    fields: tuple[Field, ...]


def schema_of(source: Schema) -> Schema | None:
    """Return the schema of a source that is configured by hand, None where a connector describes none."""
    kinds = (source, source.get("then", {}), source.get("else", {}), *source.get("oneOf", ()), *source.get("anyOf", ()))
    for each in (*kinds, *source.get("$defs", {}).values()):
        found = _resolved(each, source)
        if "request" in found.get("properties", {}) and "request" in found.get("required", ()):
            return found
    return None


def _resolved(schema: Any, root: Schema, depth: int = 0) -> dict[str, Any]:  # noqa: ANN401 - a schema may be a boolean
    """Return a schema with what it refers to in its place, of itself and its properties."""
    if not isinstance(schema, Mapping) or depth > _DEEPEST:
        return {}
    reference = schema.get("$ref", "")
    if isinstance(reference, str) and reference.startswith("#/$defs/"):
        meant = root.get("$defs", {}).get(reference.removeprefix("#/$defs/"), {})
        schema = {**meant, **{name: value for name, value in schema.items() if name != "$ref"}}
    properties = {name: _resolved(each, root, depth + 1) for name, each in schema.get("properties", {}).items()}
    return {**schema, **({"properties": properties} if properties else {})}


def example_of(source: Schema) -> Mapping[str, Any]:
    """Return the example of a source that is configured by hand; empty where there is none."""
    return next((each for each in source.get("examples", ()) if isinstance(each, Mapping) and "request" in each), {})


def _leaves(schema: Schema) -> Iterator[tuple[str, Schema]]:
    """Yield each field of the form by its dotted name: those of an object with properties one by one."""
    for name, each in schema.get("properties", {}).items():
        if name in _APART:
            continue
        if each.get("properties"):
            yield from ((f"{name}.{inner}", leaf) for inner, leaf in each["properties"].items())
        else:
            yield name, each


def sections(
    schema: Schema, typed: Mapping[str, str], faults: Iterable[Fault], example: Mapping[str, Any]
) -> tuple[list[Section], list[Field]]:
    """Return the sections that come first, and the further fields."""
    wrong = placed(faults, [name for name, _ in _leaves(schema)])
    fields = {
        name: _field(
            field_of(
                name,
                {"title": _label(name), **leaf},
                typed,
                "; ".join(wrong.get(name, ())),
                required=_is_required(schema, name),
            ),
            leaf,
            _at(example, name),
        )
        for name, leaf in _leaves(schema)
    }
    drawn = {title: tuple(_below(fields, tops)) for title, tops in _FIRST.items()}
    first = [Section(title, _help(schema, _FIRST[title]), found) for title, found in drawn.items() if found]
    shown = {field.name for section in first for field in section.fields}
    return first, [field for name, field in fields.items() if name not in shown]


def _below(fields: Mapping[str, Field], tops: tuple[str, ...]) -> Iterator[Field]:
    return (field for top in tops for name, field in fields.items() if name.partition(".")[0] == top)


def _help(schema: Schema, tops: tuple[str, ...]) -> str:
    """Return what the objects of a section are for; a single field has its help beside it."""
    parts = (schema["properties"].get(top, {}) for top in tops)
    return " ".join(str(each["description"]) for each in parts if each.get("properties") and each.get("description"))


def _is_required(schema: Schema, name: str) -> bool:
    top, _, inner = name.partition(".")
    below = schema["properties"][top].get("required", ()) if inner else (inner,)
    return top in schema.get("required", ()) and inner in below


def _label(name: str) -> str:
    """Return a dotted name as a label; what belongs to `request` stands below that heading already."""
    return name.removeprefix("request.").replace(".", ": ").replace("_", " ").capitalize()


def _field(drawn: Field, schema: Schema, example: object) -> Field:
    """Return a field as this form draws it: names, and pairs, are typed without JSON's marks."""
    kind, hint = drawn.kind, drawn.help
    if _is_words(schema):
        kind, hint = "text", _hinted(hint, "Names with blanks between them.")
    elif _is_pairs(schema):
        kind, hint = "json", _hinted(hint, "One a line: NAME=VALUE.")
    elif not types_of(schema) and kind == "text":
        kind = "json"
    example = schema.get("default") if example is None else example
    return replace(drawn, kind=kind, help=hint, example=text_of(schema, example))


def _hinted(text: str, hint: str) -> str:
    return f"{text} {hint}".strip()


def _is_words(schema: Schema) -> bool:
    return types_of(schema) == {"array"} and types_of(schema.get("items", {})) == {"string"}


def _is_pairs(schema: Schema) -> bool:
    return types_of(schema) == {"object"} and not schema.get("properties")


def text_of(schema: Schema, value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value as it is typed into its field."""
    if value is None:
        return ""
    if _is_words(schema) and isinstance(value, list):
        return " ".join(value)
    if _is_pairs(schema) and isinstance(value, dict):
        return "\n".join(
            f"{name}={each if isinstance(each, str) else json.dumps(each)}" for name, each in value.items()
        )
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def typed_of(schema: Schema, source: Mapping[str, Any]) -> dict[str, str]:
    """Return what would be typed for a source: the fields of its form, filled in."""
    texts = {name: text_of(leaf, _at(source, name)) for name, leaf in _leaves(schema)}
    return {name: text for name, text in texts.items() if text}


def _at(source: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401 - any JSON value
    top, _, inner = name.partition(".")
    found = source.get(top)
    return (found.get(inner) if isinstance(found, Mapping) else None) if inner else found


def source_of(schema: Schema, typed: Mapping[str, str]) -> tuple[dict[str, Any], list[Fault]]:
    """Return the source that was typed, and what cannot be a part of one; an empty field is absent."""
    source: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, leaf in _leaves(schema):
        text = typed.get(name, "").strip()
        if not text:
            continue
        try:
            _put(source, name, _value(leaf, text))
        except ValueError as error:
            faults.append(Fault(f"source.{name}", str(error)))
    return source, faults


def _put(source: dict[str, Any], name: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
    top, _, inner = name.partition(".")
    if inner:
        source.setdefault(top, {})[inner] = value
    else:
        source[top] = value


def _value(schema: Schema, text: str) -> Any:  # noqa: ANN401 - any JSON value
    if _is_words(schema) and not text.startswith("["):
        return text.split()
    if _is_pairs(schema) and not text.startswith("{"):
        return dict(_pair(line.strip()) for line in text.splitlines() if line.strip())
    if not types_of(schema) and "enum" not in schema:
        return json_of(text, "must be JSON: text stands in double quotes")
    return value_of(schema, text)


def _pair(line: str) -> tuple[str, Any]:
    """Return a name and its value: a list or an object as JSON, else text."""
    name, equals, value = line.partition("=")
    if not equals or not name.strip():
        raise ValueError(f"{line}: write NAME=VALUE, one a line")
    name, value = name.strip(), value.strip()
    if value[:1] not in {"[", "{"}:
        return name, value
    return name, json_of(value, f"{name} begins as JSON, and is none: look for a missing quote or bracket")


def placed(faults: Iterable[Fault], names: Sequence[str]) -> dict[str, list[str]]:
    """Return the faults by the field they stand at, those of a whole section at its first; others at the empty name."""
    found: dict[str, list[str]] = {}
    for fault in faults:
        found.setdefault(_place(fault.place, names), []).append(fault.reason)
    return found


def _place(place: str, names: Sequence[str]) -> str:
    path = place.replace("[", ".").partition(".")[2]
    exact = next((name for name in names if path == name or path.startswith(f"{name}.")), None)
    return exact or next((name for name in names if path and name.startswith(f"{path}.")), "")

"""What a value breaks of its JSON Schema, in sentences of our own: one way to say it for each word of a schema.

The library's own texts are never shown, since they quote the value at fault, which may be a key. This file does not
know what is validated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from custify_connector.checking.wording import suggestion, type_name
from custify_connector.contract.errors import Fault

LibraryError: TypeAlias = Any
"""A `jsonschema.ValidationError`; named here so that the library is imported only when it is needed."""


def explain(error: LibraryError, place: str) -> Iterator[Fault]:
    """Yield what an error of the library says, each fault with its place."""
    at = _dotted(place, error.absolute_path)
    message = error.schema.get("errorMessage") if isinstance(error.schema, Mapping) else None
    if isinstance(message, str):
        yield Fault(at, message)
        return
    if "propertyNames" in error.absolute_schema_path:
        yield Fault(at, f"has a field named {_short(error.instance)}, which is not allowed: {_name_rule(error)}")
        return
    say = _TEXTS.get(str(error.validator), _other)
    for reason in say(error):
        yield Fault(at, reason) if isinstance(reason, str) else Fault(f"{at}.{reason[0]}".lstrip("."), reason[1])


def _dotted(place: str, path: Iterable[str | int]) -> str:
    for part in path:
        place += f"[{part}]" if isinstance(part, int) else f".{part}"
    return place.lstrip(".")


def _required(error: LibraryError) -> Iterator[tuple[str, str]]:
    return ((name, "is required") for name in error.validator_value if name not in error.instance)


def _dependent(error: LibraryError) -> Iterator[str]:
    for name, needed in error.validator_value.items():
        missing = [each for each in needed if name in error.instance and each not in error.instance]
        yield from (f"needs {each!r} beside {name!r}" for each in missing)


def _additional(error: LibraryError) -> Iterator[tuple[str, str]]:
    known = error.schema.get("properties", {})
    reported: set[str] = set()
    for name in error.instance:
        if name not in known:
            hint = suggestion(str(name), known)
            yield str(name), f"unknown field{'' if hint in reported else hint}"  # one list is enough for a reader
            reported.add(hint)


def _type(error: LibraryError) -> Iterator[str]:
    allowed = error.validator_value
    names = [allowed] if isinstance(allowed, str) else list(allowed)
    yield f"must be {' or '.join(names)}, not {type_name(error.instance)}"


def _enum(error: LibraryError) -> Iterator[str]:
    allowed = [str(value) for value in error.validator_value]
    close = suggestion(error.instance, allowed) if isinstance(error.instance, str) else ""
    yield f"must be one of {', '.join(allowed)}{close if 'did you mean' in close else ''}"


def _any_of(error: LibraryError) -> Iterator[str]:
    choices = [schema.get("required") for schema in error.validator_value]
    if all(choices):
        needs = "needs" if error.context else "takes only"
        yield f"{needs} one of {', '.join(' with '.join(names) for names in choices)}"
    else:
        yield "matches none of the allowed forms"


_FORMS = {"custify-date": "is not a date that Custify recognises: write 2026-01-31 or 2026-01-31T09:30:00Z"}


def _pattern(error: LibraryError) -> Iterator[str]:
    yield _FORMS.get(error.schema.get("format"), f"does not have the form {error.validator_value}")


def _size(unit: str, bound: str) -> Callable[[LibraryError], Iterator[str]]:
    def explain(error: LibraryError) -> Iterator[str]:
        if bound == "at least" and error.validator_value == 1:
            yield "must not be empty"
        else:
            yield f"has {len(error.instance):,} {unit}; {bound} {error.validator_value:,} are allowed"

    return explain


def _range(bound: str) -> Callable[[LibraryError], Iterator[str]]:
    def explain(error: LibraryError) -> Iterator[str]:
        yield f"is {error.instance}; {bound} {error.validator_value} is allowed"

    return explain


def _other(error: LibraryError) -> Iterator[str]:
    yield f"does not meet the rule {error.validator!r}"


def _fixed(text: str) -> Callable[[LibraryError], Iterator[str]]:
    return lambda _error: iter((text,))


_TEXTS: dict[str, Callable[[LibraryError], Iterator[Any]]] = {
    "required": _required,
    "additionalProperties": _additional,
    "unevaluatedProperties": _additional,
    "type": _type,
    "enum": _enum,
    "dependentRequired": _dependent,
    "const": lambda error: iter((f"must be {error.validator_value!r}",)),
    "anyOf": _any_of,
    "oneOf": _any_of,
    "pattern": _pattern,
    "not": _fixed("has a form that is not allowed"),
    "minLength": _size("characters", "at least"),
    "maxLength": _size("characters", "at most"),
    "minItems": _size("items", "at least"),
    "maxItems": _size("items", "at most"),
    "minProperties": _size("fields", "at least"),
    "maxProperties": _size("fields", "at most"),
    "minimum": _range("at least"),
    "maximum": _range("at most"),
    "exclusiveMinimum": _range("more than"),
    "uniqueItems": _fixed("has the same item twice"),
    "format": _fixed("does not match the required form"),
}


def _short(text: str) -> str:
    return repr(text) if len(text) <= _NAME_SHOWN else repr(text[:_NAME_SHOWN]) + "…"


_NAME_SHOWN = 60


def _name_rule(error: LibraryError) -> str:
    """Say which rule for names was broken, and how long the name is."""
    if error.validator == "maxLength":
        return f"it has {len(error.instance)} characters; at most {error.validator_value} are allowed"
    return "it is empty" if not error.instance else "no '.' or '$', and not digits alone"

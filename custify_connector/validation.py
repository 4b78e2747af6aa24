"""A value against a JSON Schema: every fault, each with its place and a sentence of our own.

The library's own texts are never shown, since they quote the value at fault, which may be a key. Nothing is fetched:
a `$ref` outside the schema is an error. This file does not know what is validated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NoReturn, TypeAlias

from custify_connector.errors import Fault

Schema = Mapping[str, Any]
LibraryError: TypeAlias = Any
"""A `jsonschema.ValidationError`; named here so that the library is imported only when it is needed."""


def faults_of(value: object, schema: Schema, place: str, *, quick: bool = True) -> tuple[Fault, ...]:
    """Return every fault of `value` under `schema`, in the order of the document, each named from `place` on.

    The reference validator has the last word, and all the words; unless `quick` is False, a value that the fast check
    accepts is not shown to it.
    """
    if quick and _meets(value, schema):
        return ()
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415 - 100 ms that only a faulty or first argument costs
    from referencing import Registry  # noqa: PLC0415 - the same

    checker: Any = validators.extend(  # type: ignore[no-untyped-call] # the library leaves it so
        Draft202012Validator, {"pattern": _check_pattern}
    )
    errors = checker(schema, registry=Registry()).iter_errors(value)
    in_order = sorted(errors, key=lambda error: _position(value, error.absolute_path))
    return tuple(dict.fromkeys(fault for error in in_order for fault in _explain(error, place)))


def _meets(value: object, schema: Schema) -> bool:
    """Ask the fast check first: the slow one costs 100 ms to import, and is needed for its sentences alone."""
    try:
        return compile_record_check(schema)(value)
    except (TypeError, ValueError):  # no JSON value, or a schema for the slow one alone
        return False


def _check_pattern(_validator: object, pattern: str, value: object, _schema: Schema) -> Iterator[LibraryError]:
    """Check a pattern by the fast check's own engine: Python's takes `$` for before a last line end, too."""
    from jsonschema import ValidationError  # noqa: PLC0415 - the same

    if isinstance(value, str) and not _matches(pattern, value):
        yield ValidationError("does not match")


def _matches(pattern: str, text: str) -> bool:
    try:
        return _matcher(pattern)(text)
    except UnicodeEncodeError:  # half a character
        return False


@lru_cache(maxsize=128)
def _matcher(pattern: str) -> Callable[[object], bool]:
    return compile_record_check({"pattern": pattern})


def _position(value: Any, path: Iterable[str | int]) -> tuple[int, ...]:  # noqa: ANN401 - any JSON value
    """Return where a part stands in the document: the place of each field or item among its siblings."""
    position = []
    for part in path:
        position.append(part if isinstance(part, int) else list(value).index(part))
        value = value[part]
    return tuple(position)


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return `; did you mean 'people'?` when a known name is close, else the list of them when it is short."""
    import difflib  # noqa: PLC0415 - only who mistyped a name waits for it

    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f" (known: {', '.join(names)})" if names and len(names) <= 12 else ""  # noqa: PLR2004 - a line's worth


def compile_record_check(schema: Schema) -> Callable[[object], bool]:
    """Return a fast yes-or-no check of a record: a hundred times the speed of `faults_of`, the same verdict."""
    import jsonschema_rs  # noqa: PLC0415 - 20 ms that only writing and the manifest cost

    validator = jsonschema_rs.validator_for(
        dict(schema), pattern_options=jsonschema_rs.RegexOptions(), retriever=_refuse_to_fetch
    )
    return validator.is_valid


def _refuse_to_fetch(uri: str) -> NoReturn:
    raise ValueError(f"a schema may not refer to {uri}")


def _explain(error: LibraryError, place: str) -> Iterator[Fault]:
    at = _dotted(place, error.absolute_path)
    message = error.schema.get("errorMessage") if isinstance(error.schema, Mapping) else None
    if isinstance(message, str):
        yield Fault(at, message)
        return
    if "propertyNames" in error.absolute_schema_path:
        yield Fault(at, f"has a field named {_short(error.instance)}, which is not allowed: {_name_rule(error)}")
        return
    explain = _TEXTS.get(str(error.validator), _other)
    for reason in explain(error):
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
    told: set[str] = set()
    for name in error.instance:
        if name not in known:
            hint = suggestion(str(name), known)
            yield str(name), f"is not known here{'' if hint in told else hint}"  # one list is enough for a reader
            told.add(hint)


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
        yield "has none of the allowed forms"


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
    "format": _fixed("does not have the form that is asked for"),
}


_TYPE_NAMES: dict[type, str] = {
    dict: "an object",
    list: "an array",
    str: "text",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    type(None): "null",
}


def type_name(value: object) -> str:
    """Return the JSON name of a value's type, as a person would say it."""
    return _TYPE_NAMES.get(type(value), type(value).__name__)


def _short(text: str) -> str:
    return repr(text) if len(text) <= _NAME_SHOWN else repr(text[:_NAME_SHOWN]) + "…"


_NAME_SHOWN = 60


def _name_rule(error: LibraryError) -> str:
    """Say which rule for names was broken, and how long the name is."""
    if error.validator == "maxLength":
        return f"it has {len(error.instance)} characters; at most {error.validator_value} are allowed"
    return "it is empty" if not error.instance else "no '.' or '$', and not digits alone"

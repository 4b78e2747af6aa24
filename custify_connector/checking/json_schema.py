"""A value against a JSON Schema: a fast yes or no, and where it is no, every fault in the order of the document.

Nothing is fetched: a `$ref` outside the schema is an error. This file does not know what is validated, or how a fault
is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NoReturn

from custify_connector.checking.schema_messages import LibraryError, explain
from custify_connector.contract.errors import Fault

Schema = Mapping[str, Any]


def faults_of(value: object, schema: Schema, place: str, *, quick: bool = True) -> tuple[Fault, ...]:
    """Return every fault of `value` under `schema`, in the order of the document, each named from `place` on.

    The reference validator has the last word, and all the words; unless `quick` is False, a value that the fast check
    accepts is not shown to it.
    """
    if quick and _meets(value, schema):
        return ()
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415 - 100 ms that only a faulty or first argument costs
    from referencing import Registry  # noqa: PLC0415 - as above

    checker: Any = validators.extend(  # type: ignore[no-untyped-call] # the library leaves it so
        Draft202012Validator, {"pattern": _check_pattern}
    )
    errors = checker(schema, registry=Registry()).iter_errors(value)
    in_order = sorted(errors, key=lambda error: _position(value, error.absolute_path))
    return tuple(dict.fromkeys(fault for error in in_order for fault in explain(error, place)))


def _meets(value: object, schema: Schema) -> bool:
    """Ask the fast check first: the slow one costs 100 ms to import, and is needed for its sentences alone."""
    try:
        return compile_record_check(schema)(value)
    except (TypeError, ValueError):  # no JSON value, or a schema for the slow one alone
        return False


def _check_pattern(_validator: object, pattern: str, value: object, _schema: Schema) -> Iterator[LibraryError]:
    """Check a pattern by the fast check's own engine: Python's takes `$` for before a last line end, too."""
    from jsonschema import ValidationError  # noqa: PLC0415 - as above

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


def compile_record_check(schema: Schema) -> Callable[[object], bool]:
    """Return a fast yes-or-no check of a record: a hundred times the speed of `faults_of`, the same verdict."""
    import jsonschema_rs  # noqa: PLC0415 - 15 MB that only a check loads

    validator = jsonschema_rs.validator_for(
        dict(schema), pattern_options=jsonschema_rs.RegexOptions(), retriever=_refuse_to_fetch
    )
    return validator.is_valid


def _refuse_to_fetch(uri: str) -> NoReturn:
    raise ValueError(f"a schema may not refer to {uri}")

"""Values of a database's types as those of JSON: null is an empty cell, moments are in UTC, and no digit is lost.

What Python's own types would change (floats of 32 bits, infinite days, nanoseconds, months) is read as DuckDB's text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from custify_connector.checking.json_values import loads
from custify_connector.checking.values import NotJson, plain
from custify_connector.host.outputs.database_tables import quoted

if TYPE_CHECKING:
    from duckdb.sqltypes import DuckDBPyType

Cell = Callable[[Any, str], Any]
"""Makes a value of one type that of JSON, at its place; raises NotJson."""


def cell(column: str, value: Any, make: Cell, *, binary_is_text: bool) -> Any:  # noqa: ANN401 - any value of a database
    """Return the value of a cell; raises NotJson for what JSON has no form for.

    With `binary_is_text` bytes that are text are read as such, as old Parquet files hold them.
    """
    if value is None:
        return ""
    if binary_is_text and isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            raise NotJson(column, "is binary data, which JSON cannot represent") from None
    return plain(make(value, column), column)


def readable(name: str, kind: DuckDBPyType) -> tuple[str, Cell]:
    """Return the SQL that reads a column of a type, and what makes its values those of JSON."""
    text, number = _cast(kind, floats="VARCHAR"), _cast(kind, floats="DOUBLE")
    if text == str(kind):
        return name, _maker(kind)
    cast = f"CAST({name} AS {text})"
    return f"{cast if text == number else f'CAST({cast} AS {number})'} AS {name}", _maker(kind)


_AS_TEXT = re.compile(r"DATE|TIME|INTERVAL|TIMESTAMP")


def _cast(kind: DuckDBPyType, floats: str) -> str:
    """Return the type as which one is read, in SQL; floats of 32 bits go by their shortest digits."""
    word = str(kind)
    if kind.id == "list":
        return f"{_cast(_inner(kind, 'child'), floats)}[]"
    if kind.id == "array":
        return f"{_cast(_inner(kind, 'child'), floats)}[{_inner(kind, 'size')}]"
    if kind.id == "map":
        return f"MAP(VARCHAR, {_cast(_inner(kind, 'value'), floats)})"
    if kind.id == "struct":
        inner = {str(name): _inner(kind, name) for name, _ in kind.children}
        if all(_cast(each, floats) == str(each) for each in inner.values()):
            return word
        return f"STRUCT({', '.join(f'{quoted(name)} {_cast(each, floats)}' for name, each in inner.items())})"
    return floats if kind.id == "float" else "VARCHAR" if _AS_TEXT.match(word) else word


def _inner(kind: DuckDBPyType, name: str) -> Any:  # noqa: ANN401 - a type, or a number
    return dict(kind.children)[name]


def _maker(kind: DuckDBPyType) -> Cell:
    if kind.id in {"list", "array"}:
        return _each(_maker(_inner(kind, "child")))
    if kind.id == "map":
        values = _maker(_inner(kind, "value"))
        return _fields(lambda _name: values)
    if kind.id == "struct":
        makers = {str(name): _maker(_inner(kind, name)) for name, _ in kind.children}
        return _fields(lambda name: makers[name])
    return maker(str(kind))


def maker(word: str) -> Cell:
    """Return what makes the values of a plain type, which come as text, those of JSON."""
    return _moment if word.startswith("TIMESTAMP") else _MAKERS.get(word, _as_it_is)


def _each(make: Cell) -> Cell:
    def items(value: Any, place: str) -> Any:  # noqa: ANN401 - a list
        return [None if each is None else make(each, f"{place}[{at}]") for at, each in enumerate(value)]

    return items


def _fields(maker_of: Callable[[str], Cell]) -> Cell:
    def fields(value: Any, place: str) -> Any:  # noqa: ANN401 - a dict
        found = {}
        for name, each in value.items():
            found[name] = None if each is None else maker_of(name)(each, f"{place}.{name}")
        return found

    return fields


def _as_it_is(value: Any, _place: str) -> Any:  # noqa: ANN401 - any value
    return value


def _json(value: str, place: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return loads(value, unique_names=True)
    except ValueError as error:
        raise NotJson(place, f"is JSON that cannot be read: {error}") from None


_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d+))?(?:\+00)?")


def _moment(value: str, place: str) -> str:
    """Return a moment with milliseconds, and with the further digits that it has."""
    found = _MOMENT.fullmatch(value)
    if found is None:
        raise NotJson(place, f"is {value}, which is not a date in the years 0 to 9999")
    day, clock, fraction = found.groups(default="")
    return f"{day}T{clock}.{fraction.rstrip('0'):0<3}Z"


def _day(value: str, place: str) -> str:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise NotJson(place, f"is {value}, which is not a date in the years 0 to 9999")
    return value


def _interval(value: str, _place: str) -> str:
    """Return a span of time as DuckDB writes it, hours without a leading zero."""
    return re.sub(r"^0(?=\d:)", "", value)


_MAKERS: dict[str, Cell] = {"JSON": _json, "DATE": _day, "INTERVAL": _interval}

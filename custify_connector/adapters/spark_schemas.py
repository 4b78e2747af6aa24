"""Custify's record schemas as Spark's, and values from the one to the other.

Schemas are in Spark's own JSON form, so this file needs no Spark. Decides what a value becomes in a column of another
type: nothing is cut or guessed, and what does not fit is refused with its place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from custify_connector.checking.json_values import dumps
from custify_connector.checking.values import moment_of
from custify_connector.contract.errors import ConfigurationError, Fault

RECORD = "_record"
"""A text column of this name, in a schema that the user gives, holds the whole record as JSON."""

_TABLE = "custify"

Convert = Callable[[Any], Any]
SparkType = Any
"""A type in Spark's JSON form: a word, or a mapping."""

_SCALARS = {"string": "string", "integer": "long", "number": "double", "boolean": "boolean"}


class DoesNotFit(ValueError):
    """A value that a column's type cannot hold; the text names the place and the types, never the value."""


def spark_schema(
    schema: Mapping[str, Any],
    account_column: str | None = None,
    moments: str = "timestamp",
    table: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return a record's JSON Schema as a Spark schema; what has no fixed type is text that holds JSON.

    `moments` is the type of a moment: `timestamp`, or `string` for the text as Custify writes it. `table` has the
    options of a table of the catalog: its first column keeps them, since Spark hands over none when it reads a table.
    """
    fields = [_field(account_column, "string")] if account_column else []
    fields += [_field(name, _type(each, moments)) for name, each in schema["properties"].items()]
    if table:
        fields[0]["metadata"] = {_TABLE: orjson.dumps(table).decode()}
    return {"type": "struct", "fields": fields}


def options_of_table(schema: Mapping[str, Any]) -> dict[str, str]:
    """Return the options that the first column of a table keeps; none where there is no such table."""
    kept = [field.get("metadata", {}).get(_TABLE) for field in schema["fields"][:1]]
    found: dict[str, str] = orjson.loads(kept[0]) if kept and kept[0] else {}
    return found


def _field(name: str, kind: SparkType) -> dict[str, Any]:
    return {"name": name, "type": kind, "nullable": True, "metadata": {}}


def _type(schema: Mapping[str, Any], moments: str) -> SparkType:
    given = schema.get("type", ())
    kinds = [kind for kind in ([given] if isinstance(given, str) else given) if kind != "null"]
    kind = kinds[0] if len(kinds) == 1 else None
    if kind == "array" and "items" in schema:
        return {"type": "array", "elementType": _type(schema["items"], moments), "containsNull": True}
    if kind == "object" and schema.get("properties") and schema.get("additionalProperties") is not True:
        fields = [_field(name, _type(each, moments)) for name, each in schema["properties"].items()]
        return {"type": "struct", "fields": fields}
    if kind == "string" and schema.get("format") == "date-time":
        return moments
    return _SCALARS.get(str(kind), "string")


def row_of(schema: Mapping[str, Any]) -> Convert:
    """Return the function that makes a row, a mapping by column, of a record.

    It raises DoesNotFit. Raises ConfigurationError for column types that no value of JSON becomes.
    """
    converts = {field["name"]: _convert(field["name"], field["type"]) for field in schema["fields"]}
    whole = RECORD in converts

    def convert(record: Mapping[str, Any]) -> dict[str, Any]:
        row = {name: convert(record[name]) for name, convert in converts.items() if record.get(name) is not None}
        return {**row, RECORD: _text(record)} if whole else row

    return convert


def _convert(place: str, kind: SparkType) -> Convert:
    name = kind["type"] if isinstance(kind, Mapping) else kind
    if name == "array":
        return _array(place, _convert(f"{place}[]", kind["elementType"]))
    if name == "map" and kind["keyType"] == "string":
        return _map(place, _convert(f"{place}.*", kind["valueType"]))
    if name == "struct":
        return _struct(place, kind)
    make = _decimal if str(name).startswith("decimal") else _MAKERS.get(str(name))
    if make is None:
        raise ConfigurationError((Fault(f"schema.{place}", f"a value of JSON does not become {name}"),))
    return _guarded(place, str(name), make)


def _guarded(place: str, name: str, make: Convert) -> Convert:
    def convert(value: object) -> object:
        try:
            return None if value is None else make(value)
        except (ValueError, TypeError, OverflowError, InvalidOperation):
            raise DoesNotFit(f"{place}: {type(value).__name__} does not fit a column of type {name}") from None

    return convert


def _array(place: str, each: Convert) -> Convert:
    def convert(value: object) -> object:
        if value is None:
            return None
        if not isinstance(value, list):
            raise DoesNotFit(f"{place}: {type(value).__name__} does not fit a column of type array")
        return [each(inner) for inner in value]

    return convert


def _map(place: str, each: Convert) -> Convert:
    def convert(value: object) -> object:
        return None if value is None else [(name, each(inner)) for name, inner in _object(place, value).items()]

    return convert


def _struct(place: str, kind: Mapping[str, Any]) -> Convert:
    converts = {field["name"]: _convert(f"{place}.{field['name']}", field["type"]) for field in kind["fields"]}

    def convert(value: object) -> object:
        if value is None:
            return None
        found = _object(place, value)
        return {name: convert(found.get(name)) for name, convert in converts.items()}

    return convert


def _object(place: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise DoesNotFit(f"{place}: {type(value).__name__} does not fit a column of fields")
    return value


def _text(value: object) -> str:
    return value if isinstance(value, str) else dumps(value).decode()


def _whole(bits: int) -> Convert:
    def make(value: object) -> int:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise TypeError
        number = int(value)
        if (isinstance(value, float) and not value.is_integer()) or not -(2 ** (bits - 1)) <= number < 2 ** (bits - 1):
            raise ValueError
        return number

    return make


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    return float(value)


def _decimal(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise TypeError
    return Decimal(str(value))


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _moment(value: object) -> datetime:
    if not isinstance(value, str):
        raise TypeError
    return moment_of(value)


def _moment_without_zone(value: object) -> datetime:
    return _moment(value).astimezone(timezone.utc).replace(tzinfo=None)


def _date(value: object) -> date:
    return _moment(value).astimezone(timezone.utc).date()


_MAKERS: dict[str, Convert] = {
    "string": _text,
    "byte": _whole(8),
    "short": _whole(16),
    "integer": _whole(32),
    "long": _whole(64),
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "timestamp": _moment,
    "timestamp_ntz": _moment_without_zone,
    "date": _date,
}


def record_of(row: Mapping[str, Any], nulls: str, json_columns: tuple[str, ...]) -> dict[str, Any]:
    """Return the record of a row: without its nulls, unless `nulls` is `clear`; JSON columns read.

    Raises ValueError, which names the column, for a JSON column that is not JSON.
    """
    record = {name: _without_nulls(value) if nulls == "absent" else value for name, value in row.items()}
    for name in json_columns:
        text = record.get(name)
        if isinstance(text, str):
            try:
                record[name] = orjson.loads(text)
            except orjson.JSONDecodeError:
                raise ValueError(f"{name} is not JSON") from None
    return {name: value for name, value in record.items() if value is not None} if nulls == "absent" else record


def _without_nulls(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value

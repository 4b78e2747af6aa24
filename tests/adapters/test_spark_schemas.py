from datetime import date, datetime, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.adapters import spark_schemas
from custify_connector.adapters.spark_schemas import DoesNotFit
from custify_connector.contract.errors import ConfigurationError
from custify_connector.plugin import connector

NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)


def row(kind, value):
    schema = {"type": "struct", "fields": [{"name": "x", "type": kind}]}
    return spark_schemas.row_of(schema)({"x": value}).get("x")


def test_a_record_schema_becomes_columns_of_fixed_types():
    schema = {
        "properties": {
            "text": {"type": ["string", "null"]},
            "count": {"type": "integer"},
            "mixed": {"type": ["string", "integer"]},
            "any": {},
            "free": {"type": "object"},
            "when": {"type": ["string", "null"], "format": "date-time"},
            "list": {"type": "array", "items": {"type": "boolean"}},
            "known": {"type": "object", "properties": {"size": {"type": "number"}}},
        }
    }
    found = {each["name"]: each["type"] for each in spark_schemas.spark_schema(schema, "_account")["fields"]}
    assert list(found) == ["_account", "text", "count", "mixed", "any", "free", "when", "list", "known"]
    assert [found[name] for name in ("text", "count", "mixed", "any", "free")] == [
        *("string", "long", "string", "string", "string")
    ]
    assert found["when"] == "timestamp"
    text = spark_schemas.spark_schema(schema, moments="string")["fields"]
    assert {each["name"]: each["type"] for each in text}["when"] == "string"
    assert found["list"] == {"type": "array", "elementType": "boolean", "containsNull": True}
    assert found["known"]["fields"][0]["type"] == "double"


def test_every_source_has_a_schema_whose_columns_take_values(subtests):
    for name in sorted(connector.describe()["sources"]):
        with subtests.test(name):
            schema = spark_schemas.spark_schema(connector.describe()["sources"][name]["schema"])
            assert spark_schemas.row_of(schema)({}) == {}


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", "a", "a"),
        ("string", {"b": 1}, '{"b":1}'),
        ("string", None, None),
        ("long", 9007199254740993, 9007199254740993),
        ("long", "7", 7),
        ("integer", 7.0, 7),
        ("double", 7, 7.0),
        ("double", "7.5", 7.5),
        ("decimal(10,2)", "7.50", Decimal("7.50")),
        ("boolean", False, False),
        ("timestamp", "2026-01-31T12:00:00Z", NOON),
        ("timestamp", "2026-01-31T13:00:00+01:00", NOON),
        ("timestamp_ntz", "2026-01-31T13:00:00+01:00", NOON.replace(tzinfo=None)),
        ("date", "2026-01-31T00:30:00+01:00", date(2026, 1, 30)),
        ({"type": "array", "elementType": "long"}, [1, None], [1, None]),
        ({"type": "map", "keyType": "string", "valueType": "string"}, {"a": 1}, [("a", "1")]),
        ({"type": "struct", "fields": [{"name": "a", "type": "long"}]}, {"a": 1, "b": 2}, {"a": 1}),
        ({"type": "array", "elementType": {"type": "struct", "fields": []}}, [None], [None]),
        ({"type": "array", "elementType": {"type": "array", "elementType": "long"}}, [None], [None]),
        (
            {"type": "array", "elementType": {"type": "map", "keyType": "string", "valueType": "long"}},
            [None],
            [None],
        ),
    ],
)
def test_a_value_becomes_what_its_column_holds(kind, value, expected):
    assert row(kind, value) == expected


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("long", "seven"),
        ("long", 7.5),
        ("long", True),
        ("byte", 128),
        ("long", 2**63),
        ("double", []),
        ("double", True),
        ("decimal(10,2)", "much"),
        ("decimal(10,2)", True),
        ("boolean", "true"),
        ("timestamp", "yesterday"),
        ("timestamp", 1),
        ({"type": "array", "elementType": "long"}, "1"),
        ({"type": "struct", "fields": []}, "1"),
        ({"type": "map", "keyType": "string", "valueType": "long"}, [1]),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_its_place_and_not_shown(kind, value):
    with pytest.raises(DoesNotFit, match=r"^x: \w+ does not fit a column of"):
        row(kind, value)


def test_a_column_type_that_json_never_becomes_is_refused_before_anything_is_read():
    with pytest.raises(ConfigurationError, match=r"schema.x: a value of JSON does not become binary"):
        row("binary", "a")


def test_the_whole_record_fits_one_column():
    schema = {"type": "struct", "fields": [{"name": "id", "type": "string"}, {"name": "_record", "type": "string"}]}
    assert spark_schemas.row_of(schema)({"id": "1", "more": [2]}) == {"id": "1", "_record": '{"id":"1","more":[2]}'}


def test_nulls_are_left_out_or_clear():
    given = {"a": None, "b": {"c": None, "d": 1}, "e": [{"f": None}, None]}
    assert spark_schemas.record_of(given, "absent", ()) == {"b": {"d": 1}, "e": [{}, None]}
    assert spark_schemas.record_of(given, "clear", ()) == given


def test_json_columns_are_read():
    assert spark_schemas.record_of({"a": '{"b": 1}', "c": 2}, "absent", ("a", "c", "d")) == {"a": {"b": 1}, "c": 2}
    with pytest.raises(ValueError, match="a is not JSON"):
        spark_schemas.record_of({"a": "{"}, "absent", ("a",))


@given(table=st.dictionaries(st.text(max_size=9), st.text(max_size=9)))
def test_a_table_keeps_its_options_in_its_schema(table):
    schema = {"properties": {"id": {"type": "string"}, "name": {"type": "string"}}}
    made = spark_schemas.spark_schema(schema, table=table)
    assert spark_schemas.options_of_table(made) == table
    assert spark_schemas.options_of_table(spark_schemas.spark_schema(schema)) == {}
    assert spark_schemas.options_of_table({"fields": []}) == {}

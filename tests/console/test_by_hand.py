"""A source configured by hand as a form: drawn from any schema, and what is typed becomes what the hook takes."""

import pytest

from custify_connector import plugin
from custify_connector.console import by_hand
from custify_connector.contract.errors import Fault

SOURCE = plugin.connector.describe()["source"]
SCHEMA = by_hand.schema_of(SOURCE)
MANUAL = {
    "request": {"method": "GET", "path": "/people/all", "query": {"filters": [{"a": 1}], "email": "123"}},
    "records": ["people"],
    "page": {"parameter": "page", "size_parameter": "itemsPerPage", "size": 200},
    "key": [["id"], ["user_id"]],
}


def drawn(typed=None, faults=()):
    first, further = by_hand.sections(SCHEMA, typed or {}, faults, by_hand.example_of(SOURCE))
    return first, {field.name: field for field in (*(each for part in first for each in part.fields), *further)}


def test_the_request_the_records_and_the_pages_come_first_each_with_its_help():
    first, fields = drawn()
    assert [section.title for section in first] == ["Request", "Records and pages"]
    assert first[1].help.startswith("How pages are asked for")
    assert fields["request.path"].required
    assert not fields["page.size"].required
    assert fields["request.method"].options == ("GET", "POST")
    assert fields["request.path"].example == "/people/all"
    assert fields["records"].example == "people"
    assert "{name} is filled" in fields["request.path"].help


def test_what_every_run_asks_for_is_left_to_the_run():
    _, fields = drawn()
    assert not {"mode", "fields", "limit", "slice", "settings"} & {name.partition(".")[0] for name in fields}


def test_what_is_typed_is_the_source_and_back():
    typed = by_hand.typed_of(SCHEMA, MANUAL)
    assert typed["request.query"] == 'filters=[{"a": 1}]\nemail=123'
    assert by_hand.source_of(SCHEMA, typed) == (MANUAL, [])


def test_empty_fields_are_absent():
    assert by_hand.source_of(SCHEMA, {"request.path": "/tags", "page.size": " ", "records": ""}) == (
        {"request": {"path": "/tags"}},
        [],
    )


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("request.query", "no equals sign", "write NAME=VALUE"),
        ("request.query", "filters=[1", "begins as JSON, and is none"),
        ("request.query", "{", "must be an object as JSON"),
        ("request.body", "text", "must be JSON"),
        ("page.size", "many", "must be an integer"),
        ("key", "id", "must be a list as JSON"),
    ],
)
def test_what_cannot_be_a_value_is_said_at_its_field(name, text, said):
    _, faults = by_hand.source_of(SCHEMA, {name: text})
    assert [fault.place for fault in faults] == [f"source.{name}"]
    assert said in faults[0].reason
    _, fields = drawn({name: text}, faults)
    assert said in fields[name].fault
    assert fields[name].value == text


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("source.request.path", "request.path"),
        ("source.request", "request.method"),
        ("source.partitions[0].values", "partitions"),
        ("source.page", "page.parameter"),
        ("source.mode", ""),
        ("run", ""),
    ],
)
def test_a_fault_stands_at_its_field_or_at_the_first_of_its_section(place, name):
    names = [field for _, fields in [drawn()] for field in fields]
    assert by_hand.placed([Fault(place, "is wrong")], names) == {name: ["is wrong"]}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"properties": {"endpoint": {"type": "string"}}},
        {"$defs": {"other": True, "odd": {"properties": {"request": {}}}}},
    ],
)
def test_a_connector_that_describes_no_such_source_has_no_form(schema):
    assert by_hand.schema_of(schema) is None
    assert by_hand.example_of(schema) == {}


def test_a_schema_that_refers_to_itself_comes_to_an_end():
    node = {"required": ["request"], "properties": {"request": {"type": "object"}, "below": {"$ref": "#/$defs/node"}}}
    found = by_hand.schema_of({"$defs": {"node": node}})
    assert by_hand.source_of(found, {"request": "a=1"}) == ({"request": {"a": "1"}}, [])

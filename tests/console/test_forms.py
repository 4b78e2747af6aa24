"""From a JSON Schema to fields, and from what was typed back to values."""

import pytest

from custify_connector.console import forms
from custify_connector.contract.errors import Fault

SCHEMA = {
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "title": "Name", "description": "What it is called.", "examples": ["Ana"]},
        "key": {"type": "string", "writeOnly": True},
        "size": {"type": "integer"},
        "open": {"type": ["boolean", "null"]},
        "plan": {"enum": ["Free", "Gold"]},
        "filters": {"type": "array", "default": [1]},
    },
}


def test_each_property_is_a_field_of_its_kind():
    fields = {field.name: field for field in forms.fields_of(SCHEMA)}
    kinds = {name: field.kind for name, field in fields.items()}
    assert kinds == {"name": "text", "key": "password", "size": "number", "open": "choice", "plan": "choice",
                     "filters": "json"}  # fmt: skip
    assert (fields["name"].label, fields["name"].required, fields["name"].example) == ("Name", True, "Ana")
    assert fields["open"].options == ("true", "false")


def test_a_password_never_comes_back():
    fields = forms.fields_of(SCHEMA, {"key": "secret", "name": "Ana"})
    assert [field.value for field in fields if field.value] == ["Ana"]


def test_what_is_empty_is_absent_and_the_rest_has_its_type():
    typed = {"name": "", "size": "3", "open": "false", "plan": "Gold", "filters": '[{"a": 1}]'}
    assert forms.values_of(SCHEMA, typed, "p") == (
        {"size": 3, "open": False, "plan": "Gold", "filters": [{"a": 1}]},
        [],
    )


@pytest.mark.parametrize(("name", "text", "reported"), [("size", "three", "an integer"), ("filters", "[", "a list")])
def test_what_has_another_type_is_reported_at_its_field(name, text, reported):
    values, faults = forms.values_of(SCHEMA, {name: text}, "p")
    assert values == {}
    assert faults[0].place == f"p.{name}"
    assert reported in faults[0].reason


def test_faults_stand_at_their_field_and_the_others_at_none():
    faults = [Fault("source.params.size", "too large"), Fault("source.params.filters[0].a", "wrong"), Fault("x", "y")]
    assert forms.placed(faults, SCHEMA["properties"]) == {"size": ["too large"], "filters": ["wrong"], "": ["x: y"]}

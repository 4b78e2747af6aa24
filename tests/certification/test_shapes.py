"""What is wrong with a description is said in a sentence that names the place and what to write there."""

from __future__ import annotations

import pytest

from custify_connector.certification.shapes import field_faults, shape_faults

SCHEMA = {
    "type": "object",
    "properties": {
        "id": {"type": "integer"},
        "at": {"type": "object", "properties": {"day": {"type": ["string", "null"]}}},
    },
}
NOTES = {"name": "notes", "schema": SCHEMA, "key": ["id"]}
WHOLE = {"name": "n", "version": "1", "credential": {}, "sources": {"notes": NOTES}, "destinations": {}}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"version": 1}, "the description.version must be a text, not int"),
        ({"sources": [NOTES]}, "sources must be a mapping of names to entries, not a list"),
        ({"sources": {"notes": None}}, "sources.notes must be a mapping, not null"),
        ({"sources": {"notes": {**NOTES, "key": "id"}}}, "sources.notes.key must be a list, not a text"),
        (
            {"destinations": {"put": {"name": "put"}}},
            "destinations.put lacks schema: add a JSON Schema, such as {'type': 'object', 'properties': {…}}",
        ),
    ],
)
def test_a_description_of_the_wrong_shape_is_refused_in_one_sentence(change, sentence):
    assert list(shape_faults({**WHOLE, **change})) == [sentence]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"key": ["number"]}, "notes: the key names 'number', which is no field of the schema (it has: id, at)"),
        ({"keys": [["at"]]}, "notes: the keys names 'at', which is of type object: name a field of plain values"),
        ({"cursor": "at.hour"}, "notes: the cursor names 'at.hour', which is no field of the schema (it has: day)"),
    ],
)  # fmt: skip
def test_a_key_or_cursor_that_is_no_plain_field_is_refused_in_one_sentence(words, sentence):
    assert list(field_faults("notes", {**NOTES, **words})) == [sentence]


def test_a_description_of_the_right_shape_is_not_refused():
    assert list(shape_faults(WHOLE)) == []
    assert list(field_faults("notes", {**NOTES, "cursor": "at.day"})) == []

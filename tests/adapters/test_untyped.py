"""Fields without a type become text, wherever they are; everything else stays as it is."""

import pytest

from custify_connector.adapters import offered, untyped

SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "label": {"description": "No type."},
        "answers": {"type": "array", "items": {"type": "object", "properties": {"value": {}}}},
    },
}


@pytest.mark.parametrize(
    ("value", "text"),
    [("as it is", "as it is"), (None, None), (5, "5"), (True, "true"), (["a"], '["a"]'), ({"a": 1}, '{"a":1}')],
)
def test_a_value_without_a_type_is_reported_as_text(value, text):
    record = {"name": "n", "label": value, "answers": [{"value": value}], "more": 1}
    reported = untyped.as_text(record, untyped.places(SCHEMA))
    assert reported == {"name": "n", "label": text, "answers": [{"value": text}], "more": 1}


def test_a_schema_that_is_typed_everywhere_needs_nothing():
    assert untyped.places({"type": "object", "properties": {"a": {"type": "string"}}}) is None


def test_no_stream_that_is_offered_has_an_untyped_field_or_a_choice_of_types_once_typed():
    def types(schema):
        yield schema.get("type")
        for below in [*schema.get("properties", {}).values(), *([schema["items"]] if "items" in schema else [])]:
            yield from types(below)

    for stream in offered.streams(undocumented=True):
        for found in types(untyped.typed(stream.schema)):
            assert isinstance(found, str) or len(set(found) - {"null"}) == 1, stream.name


def test_undocumented_streams_are_offered_when_asked_for_and_keys_only_where_every_record_has_them(sandbox, canary):
    names = {stream.name for stream in offered.streams()}
    assert names < {stream.name for stream in offered.streams(undocumented=True)}
    config = {"name": "n", "api_key": canary, "base_url": sandbox.base_url, "other": 1}
    credential = offered.credential_of(config)
    assert set(credential) == {"name", "api_key", "base_url"}
    keys = {stream.name: stream.key for stream in offered.streams(credential)}
    assert keys["people"] == ("id",)
    assert keys["deals"] == ()
    assert offered.settings_schema()["type"] == "object"

"""A text as the value that a schema asks for."""

import pytest

from custify_connector.checking.typed_text import rate_of, value_of


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "string"}, "007", "007"),
        ({"type": ["integer", "string"]}, "7", "7"),
        ({}, "[1]", "[1]"),
        ({"type": "integer"}, "7", 7),
        ({"type": ["null", "boolean"]}, "true", True),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
    ],
)
def test_what_may_be_text_is_text_and_the_rest_is_json(schema, text, value):
    assert value_of(schema, text) == value


@pytest.mark.parametrize(("kind", "said"), [("integer", "an integer"), ("array", "a list as JSON"), ("odd", "JSON")])
@pytest.mark.parametrize("text", ["x", "[" * 100_000])
def test_what_is_no_json_is_refused_with_what_it_must_be(kind, said, text):
    with pytest.raises(ValueError, match=f"must be {said}"):
        value_of({"type": kind}, text)


@pytest.mark.parametrize(("text", "rate"), [("100/10", (100, 10.0)), ("1/0.5", (1, 0.5)), ("none", None)])
def test_a_rate_is_requests_and_seconds(text, rate):
    assert rate_of(text) == rate

"""The first records of a source, and what they show of their fields."""

from custify_connector.host import sampling


def test_fields_come_in_their_order_with_their_types_how_often_and_the_first_value():
    seen = sampling.seen([{"a": None, "b": 1}, {"a": "x", "b": True, "c": [1]}, {"b": 2.5, "c": {}}])
    assert list(seen) == ["a", "b", "c"]
    assert seen["a"] == sampling.Seen(("string",), 1, "x")
    assert seen["b"] == sampling.Seen(("integer", "boolean", "number"), 3, 1)
    assert seen["c"].types == ("array", "object")


def test_no_record_shows_nothing():
    assert sampling.seen([]) == {}

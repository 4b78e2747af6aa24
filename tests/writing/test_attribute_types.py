"""Texts that Custify would take for another type, were they the first value of their attribute."""

import pytest

from custify_connector.writing.attribute_types import attributes, look_alikes, typed_fields

NUMBER, TRUTH = "a number", "true or false"


def test_the_schema_says_which_fields_hold_attributes():
    marked = {"x-first-value-fixes-type": True}
    assert typed_fields({"properties": {"own": marked, "id": {}, "more": marked}}) == ("own", "more")
    assert typed_fields({"type": "object"}) == ()
    assert typed_fields(None) == ()


def test_each_attribute_of_these_fields_has_a_dotted_name():
    record = {"own": {"a": 1, "b": None}, "other": {"c": 1}, "more": "no object"}
    assert list(attributes(record, ("own", "more", "absent"))) == [("own.a", 1), ("own.b", None)]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("007", NUMBER), ("-1", NUMBER), ("+1.50", NUMBER), ("true", TRUTH), ("FALSE", TRUTH),
        ("1.", None), ("1e5", None), ("1,5", None), (" 1", None), ("yes", None), ("", None), (7, None), (True, None),
    ],
)  # fmt: skip
def test_a_text_that_looks_like_another_type_is_named_with_that_type(value, kind):
    assert list(look_alikes({"own": {"a": value}}, ("own",))) == ([("own.a", kind)] if kind else [])

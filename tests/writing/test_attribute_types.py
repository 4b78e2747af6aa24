"""Texts that Custify would take for another type, were they the first value of their attribute."""

import pytest

from custify_connector.writing.attribute_types import attributes, look_alikes, typed_fields

NUMBER, TRUTH = "looks like a number", "looks like true or false"


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
    found = list(look_alikes({"own": {"a": value}}, ("own",)))
    assert [name for name, _ in found] == (["own.a"] if kind else [])
    assert all(kind in sentence for _, sentence in found)


@pytest.mark.parametrize(
    ("text", "is_date"),
    [("2026-01-31", True), ("2026-01-31T09:30:00Z", True), ("2026-01-31 09:30", True), ("1796032195", True),
     ("2026-02-30", False), ("31/12/2026", False), ("0000-00-00", False), ("", True)],
)  # fmt: skip
def test_a_text_that_is_no_date_under_a_name_that_makes_it_one_is_named(text, is_date):
    found = list(look_alikes({"own": {"renewal_at": text}}, ("own",)))
    assert bool(found) is not is_date

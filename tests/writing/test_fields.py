"""A record is given the forms of its schema where there is one exact form, and is refused where there are two."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract import Receipt
from custify_connector.writing.fields import compile_fields, rounded, white_space
from custify_connector.writing.plan import write_plan
from custify_connector.writing.preparing import preparer

MANUAL = {
    "destination": "upsert_thing",
    "request": {"method": "POST", "path": "/thing"},
    "identity": [["user_id"], ["email"]],
    "repeat": "always",
}
IDENTIFIER = {"type": ["string", "integer"], "format": "identifier"}
SCHEMA = {
    "type": "object",
    "properties": {
        "user_id": IDENTIFIER,
        "email": {"type": "string"},
        "phone": {"type": ["string", "integer", "null"], "format": "phone"},
        "size": {"type": ["integer", "null"]},
        "score": {"type": "number"},
        "day": {"type": "string", "format": "custify-date"},
        "companies": {"type": "array", "items": {"properties": {"company_id": IDENTIFIER}}},
    },
}


def body(record):
    found = preparer(write_plan(MANUAL, SCHEMA))(0, record)
    assert not isinstance(found, Receipt), found.reason
    return found.request.body


def reason(record):
    found = preparer(write_plan(MANUAL, SCHEMA))(0, record)
    assert isinstance(found, Receipt), found
    assert found.outcome == "rejected"
    return found.reason


@pytest.mark.parametrize(
    ("value", "text"),
    [(7, "7"), (7001.0, "7001"), (1e5, "100000"), (-0.0, "0"), (2.0**53, str(2**53)), (10**22, str(10**22)),
     (Decimal("7.00"), "7"), (Decimal(10**30 + 1), str(10**30 + 1)), ("007", "007"), ("7001.0", "7001.0")],
    ids=repr,
)  # fmt: skip
def test_an_identifier_is_the_digits_of_a_integral_number(value, text):
    assert body({"user_id": value}) == {"user_id": text}
    assert body({"user_id": "u", "companies": [{"company_id": value}]})["companies"] == [{"company_id": text}]


@pytest.mark.parametrize(
    "value", [12345.5, Decimal("1.5"), 2.0**53 * 2, 1e22, Decimal("1E+400"), Decimal("1E+999999")], ids=repr
)
def test_an_identifier_that_is_not_whole_or_has_lost_digits_is_refused_with_a_way_out(value):
    assert "user_id: is " in reason({"user_id": value})
    assert "give it as text" in reason({"user_id": value})


@pytest.mark.parametrize("value", [float("nan"), Decimal("sNaN"), Decimal("Infinity")], ids=repr)
def test_an_identifier_that_is_no_number_is_refused(value):
    assert "JSON cannot represent" in reason({"user_id": value})


@pytest.mark.parametrize("around", [" ", "\t", "\n", "\u00a0", "\u3000", "\ufeff", "\u200b", "\u200f"], ids=ascii)
@pytest.mark.parametrize("name", ["user_id", "email"])
def test_white_space_around_what_names_a_record_is_refused_with_its_remedy(name, around):
    for value in (f"x{around}", f"{around}x", around):
        assert f"{name}: is " in reason({name: value})
        assert "--trim" in reason({name: value})
    assert body({name: f"x{around}y"})


def test_white_space_is_refused_around_a_name_that_is_not_the_one_in_use_too():
    assert "email: is ' x@example.com', which starts" in reason({"user_id": "u", "email": " x@example.com"})
    assert body({"user_id": "u", "email": "x@example.com"})


@pytest.mark.parametrize("marker", ["NULL", "null", r"\N", "N/A", "nan", "NaN", "None", "-"])
def test_what_stands_for_nothing_is_no_identifier(marker):
    assert "stands for nothing in most files" in reason({"user_id": marker})


def test_white_space_around_other_texts_is_theirs():
    assert body({"user_id": "u", "phone": " 1 "})["phone"] == " 1 "


@pytest.mark.parametrize(("value", "phone"), [(4930555, "4930555"), (4930555.0, "4930555"), ("+49", "+49")], ids=repr)
def test_a_phone_that_is_a_number_is_text(value, phone):
    assert body({"user_id": "u", "phone": value})["phone"] == phone


@pytest.mark.parametrize("value", [14.0, 14, Decimal("14.0")], ids=repr)
def test_a_integral_number_of_an_integer_field_is_an_integer(value):
    size = body({"user_id": "u", "size": value})["size"]
    assert (size, type(size)) == (14, int)
    assert isinstance(body({"user_id": "u", "score": 14.0})["score"], float)


@pytest.mark.parametrize("value", [2**53 + 1, -(2**53) - 1, 2**63], ids=repr)
def test_a_number_that_javascript_would_round_is_refused_wherever_it_is(value):
    for record in ({"score": value}, {"data": {"a": [1, value]}}, {"size": value}):
        assert f"is {value}, which Custify would round" in reason({"user_id": "u", **record})


@pytest.mark.parametrize("day", ["2026-02-30", "2026-02-29", "2025-06-31 09:30:00", "2026-04-31T09:30:00Z"])
def test_a_day_that_no_calendar_has_is_refused_before_it_is_sent(day):
    assert reason({"user_id": "u", "day": day}) == f"day: is {day!r}: the calendar has no such day"


def test_a_day_of_a_leap_year_is_one():
    assert body({"user_id": "u", "day": "2028-02-29"})["day"] == "2028-02-29"


def test_a_refused_value_is_shown():
    assert reason({"user_id": "u", "size": "12x"}) == "size: must be integer or null, not text (it is '12x')"
    assert "…" in reason({"user_id": "u", "size": "x" * 100})


def test_all_faults_of_a_record_are_in_one_reason():
    found = reason({"user_id": "u ", "size": 1e22, "day": "2026-02-30"})
    assert all(name in found for name in ("user_id", "day"))


def test_every_number_that_would_be_rounded_is_named():
    found = rounded({"a": 2**60, "b": {"c": [1, 2**61, {"d": -(2**62)}]}})
    assert [fault.place for fault in found] == ["a", "b.c[1]", "b.c[2].d"]


@given(st.integers())
def test_each_integral_number_is_an_identifier_by_its_digits(number):
    assert compile_fields(IDENTIFIER)(number, "", []) == str(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_the_identifier_that_equals_it_or_refused(number):
    faults = []
    text = compile_fields(IDENTIFIER)(number, "", faults)
    assert faults or int(text) == number


@given(st.text())
def test_what_stripping_leaves_alone_has_no_white_space(text):
    assert white_space(text) is None or text != text.strip() or not text.isascii()


@given(st.recursive(st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_a_value_is_found_to_be_rounded_exactly_if_a_float_would_change_it(value):
    def numbers(inner):
        if isinstance(inner, int):
            yield inner
        elif not isinstance(inner, str):
            for each in inner.values() if isinstance(inner, dict) else inner:
                yield from numbers(each)

    assert (rounded(value) == ()) == all(abs(number) <= 2**53 for number in numbers(value))

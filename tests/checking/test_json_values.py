"""JSON comes back from its bytes exactly: no number is rounded, and a field that is given twice is no secret."""

import json
import math
from decimal import Decimal

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from custify_connector.checking.json_values import dumps, lines, loads

TEXTS = st.text(st.characters(exclude_categories=[])) | st.text('0123456789 -:,e.[]{}"\\')
NUMBERS = st.integers() | st.integers(-(2**90), 2**90) | st.floats(allow_nan=False, allow_infinity=False)
FIGURES = st.none() | st.booleans() | NUMBERS | TEXTS
VALUES = st.recursive(FIGURES, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=10)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", "\n: ")])


def numbers(mantissa, exponent, sign, mark):
    """Return the text of a number, as any program may write it."""
    whole, digits = mantissa
    fraction = f".{digits}" if digits else ""
    return f"{sign}{whole}{fraction}{mark}{exponent}" if mark else f"{sign}{whole}{fraction}"


NUMBER_TEXTS = st.builds(
    numbers,
    st.tuples(st.integers(0, 10**25), st.text("0123456789", max_size=25)),
    st.integers(0, 5000),
    st.sampled_from(["", "-"]),
    st.sampled_from(["", "e", "E+", "e-", "E", "e0", "E-000"]),
)


@given(VALUES, SEPARATORS)
@example(-9223372036854775809, (",", ":"))
@example({"n": [18446744073709551616, 5e-324]}, (",", ":"))
def test_every_value_comes_back_from_what_another_library_wrote(value, separators):
    assert loads(json.dumps(value, separators=separators)) == value
    assert loads(json.dumps(value, separators=separators), unique_names=True) == value


@given(NUMBER_TEXTS, st.sampled_from(["%s", "[%s]", '{"a":%s}', "[1, %s ,2]", '{"a" : -1,"b":[ %s\n]}']))
@example("1e400", "%s")
@example("1e-400", "[%s]")
@example("0.1234567890123456789", "[%s]")
def test_no_number_is_rounded(text, place):
    found = loads(place % text)
    exact = json.loads(place % text, parse_float=Decimal)
    assert _decimals(found) == _decimals(exact)


def _decimals(value):
    if isinstance(value, dict):
        return {name: _decimals(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_decimals(inner) for inner in value]
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(value)


@given(VALUES, st.booleans())
def test_what_is_written_is_json_and_comes_back(value, sort):
    text = dumps(value, sort=sort)
    assert loads(text) == json.loads(text) == value


@given(NUMBER_TEXTS)
def test_a_number_that_no_float_holds_is_written_as_it_was_read(text):
    value = {"n": [loads(text), 2**70], "m": loads(text)}
    assert loads(dumps(value)) == value
    assert loads(dumps(value["m"])) == value["m"]


@given(st.dictionaries(TEXTS, VALUES))
def test_sorted_the_order_of_fields_does_not_matter(value):
    assert dumps(dict(reversed(value.items())), sort=True) == dumps(value, sort=True)


@pytest.mark.parametrize("depth", [250, 300, 980, 5000])
def test_what_is_nested_deeply_is_written_too(depth):
    value, text = 1, "1"
    for _ in range(depth):
        value, text = {"x": [value]}, f'{{"x":[{text}]}}'
    assert dumps(value) == text.encode()


def test_a_line_ends_with_a_line_end_on_either_way():
    assert dumps({"a": 1}, newline=True) == b'{"a":1}\n'
    assert dumps({"a": 2**64}, newline=True) == b'{"a":18446744073709551616}\n'


def test_what_json_has_no_number_for_is_null_on_either_way():
    assert dumps([math.nan, -math.inf, Decimal("NaN")]) == b"[null,null,null]"
    assert dumps([math.nan, -math.inf, 2**64, Decimal("Infinity")]) == b"[null,null,18446744073709551616,null]"


def test_nan_and_infinity_are_read_as_floats():
    assert math.isnan(loads("[NaN, -Infinity]")[0])
    assert loads("[NaN, -Infinity]")[1] == -math.inf


@pytest.mark.parametrize("value", [{1: 2**64}, {1: 1}, {1, 2}, [object(), 2**64], object()])
def test_what_json_has_no_form_for_is_refused(value):
    with pytest.raises(TypeError):
        dumps(value)


@pytest.mark.parametrize(
    "text",
    ['{"a":1,"a":2}', '[{"a" : 1, "b": {"c":1,"\\u0063" :1}}]', '{"a":":","a":"\\":"}', '{"a":{"b":1},"a":{"b":1}}'],
)
def test_a_field_that_is_given_twice_is_refused_where_that_is_asked(text):
    with pytest.raises(ValueError, match="twice"):
        loads(text, unique_names=True)
    assert loads(text) == json.loads(text)


def test_a_text_that_looks_like_a_field_is_none():
    value = {"a": '"a": 1', "b": [{"a": ":"}]}
    assert loads(orjson.dumps(value), unique_names=True) == value


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b'{"a": ', b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5_000, b"1e" + b"9" * 30, "\ud800"]
)
def test_what_is_no_json_is_refused(content):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever the reader says of it
        loads(content)


@given(st.lists(st.sampled_from([{"a": 1}, {"a": 2**64}, {"b": "\ud800"}, {"c": Decimal("1e400")}, {"d": math.nan}])))
def test_lines_are_what_dumps_writes_of_each(values):
    assert lines(values) == b"".join(dumps(value, newline=True) for value in values)

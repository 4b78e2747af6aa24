"""Any JSON value comes back from its bytes, and what is no JSON is told."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.exchange.decoding import decode

FIGURES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(FIGURES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10)


@given(VALUES)
def test_every_value_comes_back_from_what_another_library_wrote(value):
    assert decode(json.dumps(value).encode()) == (True, value)


@given(st.text())
def test_a_mark_of_the_byte_order_is_no_part_of_the_value(value):
    assert decode(b"\xef\xbb\xbf" + orjson.dumps(value)) == (True, value)


@pytest.mark.parametrize("content", [b"", b" \r\n", b"\xef\xbb\xbf", b"null"])
def test_nothing_is_null(content):
    assert decode(content) == (True, None)


@pytest.mark.parametrize("content", [b"<html>", b'{"a": ', b"\xff\xfe\x00", b"[" * 100_000, b"9" * 5_000])
def test_what_is_no_json_is_told(content):
    assert decode(content) == (False, None)

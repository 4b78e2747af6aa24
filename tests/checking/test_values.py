import enum
import json
import math
import numbers
from collections import OrderedDict, UserString
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.checking.values import (
    MAXIMUM_DEPTH,
    NotJson,
    all_sortable,
    moment_of,
    plain,
    sortable,
    timestamp,
)

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


class Plan(str, enum.Enum):
    """A text that is more than a text."""

    GOLD = "Gold"


class Level(enum.IntEnum):
    """A number that is more than a number."""

    HIGH = 3


class Fraction64(float):
    """What a number of numpy is: a float of another class."""


@numbers.Integral.register
class Int64:
    """What an integer of numpy is: no int, and able to give one."""

    dtype, ndim, shape = "int64", 0, ()

    def __index__(self):
        return 7

    def __int__(self):
        return 7

    def item(self):
        """Return the number as Python has it."""
        return 7


@given(json_values)
def test_a_json_value_stays_as_it_is(value):
    assert plain(value) == value
    assert json.dumps(plain(value)) == json.dumps(value)


@given(json_values)
def test_what_is_plain_can_be_written(value):
    assert orjson.loads(orjson.dumps(plain({"a": value}))) == {"a": value}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(date(2026, 1, 31), "2026-01-31", id="date"),
        pytest.param(datetime(2026, 1, 31, 9, 30), "2026-01-31T09:30:00.000Z", id="without a zone"),  # noqa: DTZ001
        pytest.param(datetime(2026, 1, 31, 9, 30, tzinfo=timezone.utc), "2026-01-31T09:30:00.000Z", id="in UTC"),
        pytest.param(
            datetime(2026, 1, 31, 0, 30, 1, 250_000, tzinfo=timezone(timedelta(hours=2))),
            "2026-01-30T22:30:01.250Z",
            id="in another zone",
        ),
        pytest.param(Decimal("1.50"), 1.5, id="decimal"),
        pytest.param(Decimal("2.00"), 2, id="whole decimal"),
        pytest.param(Decimal("-0.1"), -0.1, id="negative decimal"),
        pytest.param(Decimal(2**60), 2**60, id="large whole decimal"),
        pytest.param(UUID(int=1), "00000000-0000-0000-0000-000000000001", id="uuid"),
        pytest.param(Plan.GOLD, "Gold", id="enumerated text"),
        pytest.param(Level.HIGH, 3, id="enumerated number"),
        pytest.param(Fraction64(1.5), 1.5, id="float of another class"),
        pytest.param(Int64(), 7, id="whole number of numpy"),
        pytest.param((1, (2,)), [1, [2]], id="tuples"),
        pytest.param(OrderedDict(b=1, a=2), {"b": 1, "a": 2}, id="ordered mapping"),
        pytest.param(MappingProxyType({"a": MappingProxyType({})}), {"a": {}}, id="frozen mapping"),
    ],
)
def test_what_hosts_hand_over_becomes_plain(value, expected):
    for found in (plain(value), plain({"a": [value]})["a"][0]):
        assert found == expected
        assert type(found) is type(expected)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (math.nan, "is nan, which JSON cannot represent"),
        (math.inf, "is inf, which JSON cannot represent"),
        (-math.inf, "is -inf, which JSON cannot represent"),
        (Decimal("NaN"), "is nan, which JSON cannot represent"),
        (Decimal("sNaN"), "which JSON cannot represent"),
        (Decimal("Infinity"), "which JSON cannot represent"),
        (Decimal("-Infinity"), "which JSON cannot represent"),
        (b"x", "is bytes, which JSON cannot represent"),
        (bytearray(b"x"), "is bytearray, which JSON cannot represent"),
        ({1}, "is set, which JSON cannot represent"),
        (object(), "is object, which JSON cannot represent"),
        (1j, "is complex, which JSON cannot represent"),
        (time(9), "is time, which JSON cannot represent"),
        (timedelta(1), "is timedelta, which JSON cannot represent"),
        (iter([]), "is list_iterator, which JSON cannot represent"),
        (UserString("x"), "is UserString, which JSON cannot represent"),
        ("a\ud800b", ""),
        (2**64, ""),
        (-(2**63) - 1, ""),
        (Decimal("12345678901234567.89"), ""),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), ""),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-2))), ""),
    ],
)
def test_what_json_has_no_form_for_is_refused_with_its_place(value, reason):
    with pytest.raises(NotJson) as caught:
        plain({"a": [{"b": value}]})
    assert caught.value.place == "a[0].b"
    assert reason in str(caught.value)


@pytest.mark.parametrize("name", [1, None, b"a", ("a",)], ids=repr)
def test_a_field_name_that_is_no_text_is_refused(name):
    with pytest.raises(NotJson, match=r"has a field name that is .*, not text") as caught:
        plain({"a": {name: 1}})
    assert caught.value.place == "a"


def nested(levels, wrap):
    value = 1.5
    for _ in range(levels):
        value = wrap(value)
    return value


@pytest.mark.parametrize(
    "wrap",
    [
        pytest.param(lambda value: [value], id="lists"),
        pytest.param(lambda value: {"a": value}, id="objects"),
        pytest.param(lambda value: {"": value}, id="objects without names"),
        pytest.param(lambda value: [{"a": value}], id="both"),
    ],
)
def test_nesting_is_bounded(wrap):
    assert plain(nested(MAXIMUM_DEPTH // 2, wrap))
    with pytest.raises(NotJson, match="is nested deeper than 32 levels"):
        plain(nested(5_000, wrap))


def test_a_value_inside_itself_is_refused():
    value = {}
    value["a"] = [value]
    with pytest.raises(NotJson, match="is nested deeper"):
        plain(value)


def test_a_dot_in_a_field_name_is_no_level():
    value = {"a." * 50: {"b[" * 50: [1.5]}}
    assert plain(value) == value


@given(st.decimals())
def test_a_decimal_is_written_exactly_or_refused(value):
    """Nothing is rounded: what is written reads back as the same decimal."""
    try:
        written = plain(value)
    except NotJson:
        return
    assert Decimal(repr(written)) == value


zones = st.timezones() | st.builds(timezone, st.timedeltas(timedelta(hours=-23), timedelta(hours=23)))


@given(st.datetimes(timezones=st.none() | zones))
def test_a_date_is_written_in_utc_to_the_millisecond_or_refused(value):
    try:
        written = plain(value)
    except NotJson:
        return
    assert written.endswith("Z")
    read = datetime.fromisoformat(written[:-1]).replace(tzinfo=timezone.utc)
    aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    assert abs(read - aware) < timedelta(milliseconds=1)


def test_a_timestamp_has_the_form_that_custify_writes():
    assert timestamp(datetime(2026, 1, 31, 9, 30, 0, 5_999, tzinfo=timezone.utc)) == "2026-01-31T09:30:00.005Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-31T09:30:00.005Z", "2026-01-31T09:30:00.005Z"),
        ("2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000Z"),
        ("2026-01-31T09:30:00.5Z", "2026-01-31T09:30:00.500Z"),
        ("2026-01-31T09:30:00.123456789+00:00", "2026-01-31T09:30:00.123Z"),
        ("2026-01-31T11:30:00+0200", "2026-01-31T09:30:00.000Z"),
        ("2026-01-31T04:00:00.25-05:30", "2026-01-31T09:30:00.250Z"),
        ("2026-01-31 09:30:00", "2026-01-31T09:30:00.000Z"),
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
    ],
)
def test_a_moment_is_the_same_in_each_form_and_on_every_python(text, expected):
    assert timestamp(moment_of(text)) == expected


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "20260131", "2026-W05-6", "2026-01-31T", "2026-02-30", "2026-01-31T25:00:00Z", "2026-01-31Z",
     "2026-01-31T09:30:00z", "202\uff16-01-31", "2026-01-31T09:30:00+9", "2026-01-31T09:30:00Z\n"],
)  # fmt: skip
def test_what_is_no_moment_on_one_python_is_none_on_any(text):
    with pytest.raises(ValueError, match=r"not a date|day|hour"):
        moment_of(text)


@given(st.datetimes(timezones=st.none() | st.timezones()))
def test_a_moment_that_python_writes_is_read_back(value):
    aware = value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    assert moment_of(value.isoformat()) - aware == timedelta(0)


DATE = "2026-03-10T14:00:00.000Z"


@given(st.lists(st.sampled_from([DATE, f"{DATE}\n{DATE}", "", "2026-03-10T14:00:00+02:00", "2026-03-10", None, 7])))
def test_dates_are_made_sortable_together_as_each_by_itself(values):
    assert all_sortable(values) == [sortable(value) for value in values]
    assert all_sortable([DATE] * len(values)) == [DATE] * len(values)

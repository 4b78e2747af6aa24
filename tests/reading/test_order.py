"""Dates become texts that sort by time; a page shows whether its records come newest first."""

import pytest

from custify_connector.reading.order import date_field, date_of, dates_of, descending, is_ordered, sortable
from custify_connector.reading.page import Page
from custify_connector.reading.plan import read_plan

MANUAL = {
    "request": {"path": "/thing"},
    "records": ["things"],
    "order": {"field": "at"},
    "incremental": {"cursor": "changed_at"},
}
FULL = read_plan(MANUAL)
INCREMENTAL = read_plan({**MANUAL, "mode": "incremental"})
ASCENDING = read_plan({**MANUAL, "order": {"field": "at", "direction": "asc"}})
NO_ORDER = read_plan({"request": {"path": "/thing"}})
A, B = "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"
FLOOR = "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize(
    ("plan", "floor", "field"),
    [
        (FULL, None, "at"),
        (FULL, FLOOR, "at"),
        (INCREMENTAL, None, "at"),
        (INCREMENTAL, FLOOR, "changed_at"),
        (ASCENDING, None, None),
        (NO_ORDER, None, None),
    ],
    ids=["full", "full with floor", "first incremental", "incremental", "oldest first", "no order"],
)
def test_the_field_that_gives_the_order_is_that_of_the_query(plan, floor, field):
    record = {"at": "2026-01-01T00:00:00.000Z", "changed_at": "2026-01-02T00:00:00.000Z"}
    assert date_field(plan, floor) == field
    assert date_of(plan, floor, record) == (record[field] if field else None)
    assert dates_of(plan, floor, [record, record]) == [record[field] if field else None] * 2


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:00.500Z"),
        ("2026-01-01 00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
        ("2026-01-01 00:00:00", None),
        ("2026-01-01 00:00", None),
        ("2026-01-01", None),
        ("2026-01-01T00:00:00 UTC", None),
        ("2026-02-30T00:00:00.000+00:00", None),
        ("01/01/2026 00:00:00", None),
        ("1796032195", None),
        ("1796032195000", None),
        ("", None),
        ("yesterday", None),
        (7, None),
        (None, None),
    ],
)
def test_a_date_in_another_zone_is_turned_into_utc_and_what_is_no_text_is_no_date(value, text):
    assert sortable(value) == text
    assert dates_of(FULL, None, [{"at": value}, {"at": "2026-01-01T00:00:00.000Z"}]) == [
        text,
        "2026-01-01T00:00:00.000Z",
    ]


@pytest.mark.parametrize(
    ("values", "newest_first"),
    [([], True), ([B], True), ([B, B, A], True), ([A, B], False), ([B, None], False), ([None], False)],
)
def test_dates_are_in_order_when_none_is_missing_or_newer_than_the_one_before(values, newest_first):
    assert descending(values) is newest_first
    page = Page(1, [{"at": value} for value in values], [])
    assert is_ordered(FULL, page) is newest_first
    assert not is_ordered(NO_ORDER, page)

"""The rate of a run as a line, and what the limit allows."""

import pytest

from custify_connector.console.charting import chart, limit_of, rates


def test_a_rate_is_what_came_between_two_samples():
    assert rates([(1.0, 100), (2.0, 300), (4.0, 300)]) == [(1.0, 100.0), (2.0, 200.0), (4.0, 0.0)]


def test_a_long_run_is_drawn_with_few_points():
    assert len(rates([(float(n), n * 10) for n in range(1, 5000)])) <= 161


@pytest.mark.parametrize("samples", [[], [(0.5, 10)], [(0.0, 0)]])
def test_a_run_that_was_over_at_once_is_not_drawn(samples):
    assert chart(samples, 10) is None


def test_the_limit_is_drawn_where_it_is_in_sight():
    assert chart([(1, 100), (2, 200)], 120).limit_y is not None
    assert chart([(1, 100), (2, 200)], 100_000).limit_y is None
    assert chart([(1, 100), (2, 200)], None).limit_y is None


@pytest.mark.parametrize(
    ("kind", "endpoint", "settings", "expected"),
    [
        ("read", {"page_size": 200}, {}, 2000.0),
        ("write", {"page_size": None}, {}, 10.0),
        ("write", {}, {"delivery": "batch"}, None),
        ("read", {"page_size": 50}, {"settings": {"rate_limit": None}}, None),
        ("read", {"page_size": 50}, {"settings": {"rate_limit": {"requests": 5, "seconds": 1}}}, 250.0),
    ],
)
def test_what_the_limit_allows(kind, endpoint, settings, expected):
    assert limit_of(kind, endpoint, settings, {"requests": 100, "seconds": 10}) == expected

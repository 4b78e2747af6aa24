from datetime import datetime, timedelta, timezone

import pytest

from custify_connector.cli import layout

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"), (1, "just now"), (-1, "just now"), (59, "59 seconds ago"), (119, "119 seconds ago"),
        (120, "2 minutes ago"), (7200, "2 hours ago"), (172_800, "2 days ago"), (-3600, "on 2026-01-31 10:30 UTC"),
    ],
)  # fmt: skip
def test_how_long_ago_is_reported_in_words(seconds, words):
    assert layout.ago((NOW - timedelta(seconds=seconds)).isoformat(), NOW) == words


def test_a_time_that_another_connector_reports_is_reported_whatever_its_form():
    assert layout.ago(f"{NOW:%Y-%m-%dT%H:%M:%S}.1Z", NOW) == "just now"


def test_what_never_was_is_never():
    assert layout.ago(None) == "never"


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_nothing_is_wider_than_the_terminal(columns):
    text = "word " * 40
    shown = [
        layout.tile("title", [("name", text), ("", text), ("empty", "")], columns),
        layout.table(("A", "LAST"), [("1", text), ("20", "x")], columns, frozenset({0})),
        layout.table(("A" * 25, "LAST"), [("1", text), ("20", "")], columns, frozenset({0})),
        layout.hanging("title", text, columns),
    ]
    assert max(len(line) for block in shown for line in block.splitlines()) <= columns
    assert "empty" not in shown[0]
    assert ("…" in shown[1]) == (columns > 40)  # where hardly anything would be left, it stands below, whole


def test_figures_stand_to_the_right():
    assert layout.table(("N", "B"), [("1", "x"), ("100", "y")], 80, frozenset({0})) == "  N  B\n  1  x\n100  y"


@pytest.mark.parametrize(("number", "text"), [(0, "0 runs"), (1, "1 run"), (2000, "2,000 runs")])
def test_a_count_has_its_word(number, text):
    assert layout.counted(number, "run") == text

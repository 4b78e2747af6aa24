"""What a terminal shows while streams are read, and what is printed where there is none."""

import io
import logging
import sys

import pytest

from custify_connector.cli import progress
from custify_connector.cli.progress import Progress, Waits


def on_terminal(monkeypatch):
    """Let standard error be a terminal from here on (a fixture would be too early: pytest takes it once more)."""
    shown = io.StringIO()
    shown.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN", 0)
    return shown


def test_several_streams_have_a_bar_each_and_a_line_when_they_end(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Progress(2) as bars:
        bars.tell("people", 50, 200)
        bars.tell("companies", 7)
        bars.end("people", "200 records")
        bars.end("never told", "failed")
    for text in ("people", "companies", "people: 200 records", "never told: failed"):
        assert text in terminal.getvalue()


def test_one_stream_is_a_line_that_says_how_far_and_is_wiped(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Progress() as bars:
        bars.tell("people", 50, 200)
        assert "people: 50 records of 200" in terminal.getvalue()
        assert "left" in terminal.getvalue()
        bars.end("people", "200 records")
    assert terminal.getvalue().endswith(" " * 78 + "\r")


def test_without_rich_several_streams_share_one_line(monkeypatch):
    terminal = on_terminal(monkeypatch)
    monkeypatch.setitem(sys.modules, "rich", None)
    with Progress(2) as bars:
        bars.tell("people", 50)
    assert "\rpeople: 50 records" in terminal.getvalue()


def test_no_color_is_honoured(monkeypatch):
    terminal = on_terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    with Progress(2) as bars:
        bars.tell("people", 50, 200)
    assert "\x1b[3" not in terminal.getvalue()


@pytest.mark.parametrize(("streams", "printed"), [(1, ""), (2, "people: 200 records\n")])
def test_without_a_terminal_only_the_end_of_several_is_told(capsys, streams, printed):
    with Progress(streams) as bars:
        bars.tell("people", 50)
        bars.end("people", "200 records")
    assert capsys.readouterr().err == printed


@pytest.mark.parametrize(
    ("message", "words", "text"),
    [
        ("waited %.1f s for the rate limit", (1.0,), "waits for the rate limit"),
        ("%s: again in %.1f s", ("GET", 12.0), "tries again in 12 s"),
        ("page %d", (1,), ""),
    ],
)
def test_what_is_waited_for_is_told_from_the_log(message, words, text):
    waits = Waits()
    waits.handle(logging.LogRecord("custify_connector", logging.DEBUG, "", 1, message, words, None))
    assert waits.text == text

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
        bars.end("people", "people: the row [200]")
        bars.end("never told", "never told: failed")
    for text in ("companies", "people: the row [200]", "never told: failed", "of 2 streams"):
        assert text in terminal.getvalue()


def test_one_stream_is_a_line_that_says_how_far_and_is_wiped(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Progress() as bars:
        bars.tell("people", 50, 200)
        assert "people: 50 records of 200" in terminal.getvalue()
        assert "left" in terminal.getvalue()
    assert terminal.getvalue().endswith(" " * 78 + "\r")


def test_a_warning_has_a_line_of_its_own_while_a_stream_is_shown(monkeypatch):
    terminal = on_terminal(monkeypatch)
    handler = logging.StreamHandler(terminal)
    logging.getLogger().addHandler(handler)
    try:
        with Progress() as bars:
            bars.tell("people", 1)
            logging.getLogger("custify_connector.writing.preparing").warning("a text that looks like a number")
            bars.tell("people", 2)
    finally:
        logging.getLogger().removeHandler(handler)
    before, _, after = terminal.getvalue().partition("a text that looks like a number\n")
    assert "people: 1 record," in before
    assert before.endswith(" " * 78 + "\r")
    assert after.startswith("\rpeople: 2 records")


def test_without_rich_several_streams_share_one_line(monkeypatch):
    terminal = on_terminal(monkeypatch)
    monkeypatch.delitem(sys.modules, "custify_connector.cli.rich_bars", raising=False)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with Progress(2) as bars:
        bars.tell("people", 50)
        bars.end("people", "people: the row")
    assert "\rpeople: 50 records" in terminal.getvalue()
    assert terminal.getvalue().endswith("people: the row\n")


def test_no_color_is_honoured(monkeypatch):
    terminal = on_terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    with Progress(2) as bars:
        bars.tell("people", 50, 200)
    assert "\x1b[3" not in terminal.getvalue()


def test_a_stream_that_stands_still_is_shown_with_what_it_waits_for(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Progress(2) as bars:
        bars.tell("people", 0)
        logging.getLogger("custify_connector.exchange.client").debug("waits %.1f s for the rate limit", 9.0)
        bars.tell("companies", 0)
    assert "waits for the rate limit" in terminal.getvalue()


def test_without_a_terminal_only_the_end_of_a_stream_is_told(capsys):
    with Progress(2) as bars:
        bars.tell("people", 50)
        bars.end("people", "people: the row")
    assert capsys.readouterr().err == "people: the row\n"


@pytest.mark.parametrize(
    ("message", "words", "text"),
    [
        ("waits %.1f s for the rate limit", (1.0,), "waits for the rate limit"),
        ("%s: again in %.1f s", ("GET", 12.0), "tries again in 12 s"),
        ("page %d", (1,), ""),
        ("%s: asking without %s", ("people", "order"), ""),
        ("the service said to ask again in %s", ("a while",), "tries again in 0 s"),
    ],
)
def test_what_is_waited_for_is_told_from_the_log(message, words, text):
    waits = Waits()
    waits.handle(logging.LogRecord("custify_connector", logging.DEBUG, "", 1, message, words, None))
    assert waits.text == text

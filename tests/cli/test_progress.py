"""What a terminal shows while streams are read, and what is printed where there is none."""

import io
import logging
import sys

import pytest

from custify_connector.cli.options import start_logging
from custify_connector.cli.progress import Progress, Waits
from custify_connector.contract.events import HeldBack, PageRead, RateLimitWait, Retry, current_listener


def on_terminal(monkeypatch):
    """Let standard error be a terminal from here on (a fixture would be too early: pytest takes it once more)."""
    shown = io.StringIO()
    shown.isatty = lambda: True
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stderr", shown)
    return shown


def test_several_streams_have_a_bar_each_and_a_line_when_they_end(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Progress(2) as bars:
        bars.tell("people", 50, 200)
        bars.tell("companies", 7)
        bars.end("people", "people: the row [200]")
        bars.end("never reported", "never reported: failed")
    for text in ("companies", "people: the row [200]", "never reported: failed", "of 2"):
        assert text in terminal.getvalue()


def test_one_stream_is_a_bar_that_says_how_far_and_is_wiped(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Progress() as bars:
        bars.tell("people", 50, 200)
    assert "50 of 200" in terminal.getvalue()
    assert "left" in terminal.getvalue()
    assert terminal.getvalue().endswith("\x1b[2K")


def test_what_is_printed_after_clear_stands_alone_and_the_bar_comes_back(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Progress() as bars:
        bars.tell("checks", 1, 96, "pages are read")
        bars.clear()
        terminal.write("a line\n")
        bars.tell("checks", 2, 96, "rows are written")
    before, after = terminal.getvalue().split("a line\n")
    assert "1 of 96" in before
    assert before.endswith("\x1b[2K")
    assert "rows are written" in after


def test_a_warning_has_a_line_of_its_own_while_a_stream_is_shown(monkeypatch):
    terminal = on_terminal(monkeypatch)
    monkeypatch.setattr(logging.root, "handlers", [])
    start_logging(verbose=False)
    with Progress() as bars:
        bars.tell("people", 1)
        logging.getLogger("custify_connector.writing.preparing").warning("a text that looks like a number")
    assert "WARNING a text that looks like a number\n" in terminal.getvalue()


def test_what_goes_to_standard_output_stays_there(monkeypatch, capsys):
    terminal = on_terminal(monkeypatch)
    with Progress() as bars:
        bars.tell("people", 1)
        print("a record")  # noqa: T201 - as a command prints it
    assert capsys.readouterr().out == "a record\n"
    assert "a record" not in terminal.getvalue()


def test_without_rich_only_the_end_of_a_stream_is_shown(monkeypatch):
    terminal = on_terminal(monkeypatch)
    monkeypatch.delitem(sys.modules, "custify_connector.cli.rich_bars", raising=False)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    with Progress(2) as bars:
        bars.tell("people", 50)
        bars.end("people", "people: the row")
    assert terminal.getvalue() == "people: the row\n"


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
        current_listener()(RateLimitWait(9.0))
        bars.tell("companies", 0)
    assert "waits for the rate limit" in terminal.getvalue()


def test_without_a_terminal_only_the_end_of_a_stream_is_reported(capsys):
    with Progress(2) as bars:
        bars.tell("people", 50)
        bars.end("people", "people: the row")
    assert capsys.readouterr().err == "people: the row\n"


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (RateLimitWait(1.0), "waits for the rate limit"),
        (HeldBack(1.0), "waits for the rate limit"),
        (Retry("GET", "/people", 12.0, "503"), "retries in 12 s"),
        (PageRead("people", 200, 1000), ""),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_what_is_waited_for_is_what_was_reported_last(event, text):
    waits = Waits()
    waits(event)
    assert waits.text == text

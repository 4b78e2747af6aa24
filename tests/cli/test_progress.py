"""The bar of a run: rewritten in place on a terminal, and nothing at all elsewhere."""

from __future__ import annotations

import pytest

from custify_connector.cli.progress import Bar


@pytest.fixture
def shown(monkeypatch, capsys):
    """Return what was written to a terminal of 40 columns."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("COLUMNS", "40")
    return lambda: capsys.readouterr().err


def test_a_bar_shows_how_far_it_is_and_what_goes_on_within_the_width(shown):
    with Bar(4) as bar:
        bar.tell(1, "A name that is long")
        assert shown() == "\r\x1b[K[#####...............] 1 of 4  A name "
        bar.clear()
        assert shown() == "\r\x1b[K"
        bar.tell(4)
        assert shown() == "\r\x1b[K[####################] 4 of 4  "
    assert shown() == "\r\x1b[K"


def test_away_from_a_terminal_there_is_no_bar(capsys):
    with Bar(4) as bar:
        bar.tell(1, "name")
    assert capsys.readouterr().err == ""

"""The bar of a run: rewritten in place on a terminal, and nothing at all elsewhere."""

from __future__ import annotations

import io

from custify_connector.cli.bar import Bar


class Terminal(io.StringIO):
    """Takes what is written, as a terminal does."""

    def isatty(self):
        """Say yes."""
        return True

    def taken(self):
        """Return what was written since the last time."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


def test_a_bar_shows_how_far_it_is_and_what_goes_on_within_the_width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    screen = Terminal()
    # Here and in no fixture: the capture of the output is set anew after the fixtures.
    monkeypatch.setattr("sys.stderr", screen)
    with Bar(4) as bar:
        bar.tell(1, "A name that is long")
        assert screen.taken() == "\r\x1b[K[#####...............] 1 of 4  A name t"
        bar.clear()
        assert screen.taken() == "\r\x1b[K"
        bar.tell(4)
        assert screen.taken() == "\r\x1b[K[####################] 4 of 4  "
    assert screen.taken() == "\r\x1b[K"


def test_away_from_a_terminal_there_is_no_bar(capsys):
    with Bar(4) as bar:
        bar.tell(1, "name")
    assert capsys.readouterr().err == ""

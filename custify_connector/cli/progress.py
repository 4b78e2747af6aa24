"""How a run goes, on a terminal: a bar for each stream where rich is installed, a line rewritten in place elsewhere.

Without a terminal there is nothing to rewrite: then each stream is one line when it has ended. NO_COLOR is honoured.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

import click

from custify_connector.host.words import counted, span

_SECONDS_BETWEEN = 0.2
_SECONDS_SHOWN = 2.0
_ENDING = "ending; ^C again: now"


class Waits(logging.Handler):
    """Listens for what the connector waits for, as its log tells it; `text` is empty when nothing was said lately.

    `make_room` is called before a line of the log is printed: a handler nearer to the root prints it, after this one.
    """

    def __init__(self, make_room: Callable[[], None] = lambda: None) -> None:
        super().__init__(logging.DEBUG)
        self._make_room = make_room
        self._printed = min(logging.getLogger("custify_connector").getEffectiveLevel(), logging.WARNING)
        self._text = ""
        self._until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line of the log."""
        if record.levelno >= self._printed:
            self._make_room()
        said = record.getMessage()
        if said.startswith("waits "):
            self._say("waits for the rate limit", _seconds(record))
        elif " again in " in said:
            self._say(f"tries again in {_seconds(record):.0f} s", _seconds(record))

    def _say(self, text: str, seconds: float) -> None:
        self._text, self._until = text, time.monotonic() + max(seconds, _SECONDS_SHOWN)

    @property
    def text(self) -> str:
        """What is waited for at the moment."""
        return self._text if time.monotonic() < self._until else ""


def _seconds(record: logging.LogRecord) -> float:
    """Return the number that a line of the log ends with; 0 when it ends with something else."""
    last = record.args[-1] if isinstance(record.args, tuple) and record.args else 0.0
    return float(last) if isinstance(last, (int, float)) else 0.0


class Bars(Protocol):
    """Shows streams; every call may come from any thread."""

    def tell(self, name: str, records: int, total: int | None) -> None:
        """Show how far a stream is."""

    def end(self, name: str, line: str) -> None:
        """Show that a stream has ended, and print the line that tells how."""

    def make_room(self) -> None:
        """Leave the line to what is printed next; the stream goes on."""

    def close(self) -> None:
        """Leave the screen as it was."""


class Progress:
    """Follows streams, on a terminal only; leave the `with` to end it.

    `streams` is how many there are, `ending` tells whether the run was asked to end. What is printed when a stream has
    ended is printed without a terminal, too.
    """

    def __init__(self, streams: int = 1, ending: Callable[[], object] = lambda: False) -> None:
        self._log = logging.getLogger("custify_connector")
        self._level = self._log.level
        self._lock = threading.RLock()
        self._waits = Waits(self._make_room)
        self._bars = _bars(lambda: _ENDING if ending() else self._waits.text, streams)

    def tell(self, name: str, records: int, total: int | None = None) -> None:
        """Show how many records there are, of how many where that is known."""
        with self._lock:
            self._bars.tell(name, records, total)

    def end(self, name: str, line: str) -> None:
        """Show that a stream has ended, and print the line that tells how."""
        with self._lock:
            self._bars.end(name, line)

    def clear(self) -> None:
        """Leave the screen to what is printed next."""
        self._bars.close()

    def _make_room(self) -> None:
        with self._lock:
            self._bars.make_room()

    def __enter__(self) -> "Progress":  # noqa: PYI034, UP037 - Self needs Python 3.11
        if not isinstance(self._bars, _Plain):
            self._log.addHandler(self._waits)
            self._log.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._log.removeHandler(self._waits)
        self._log.setLevel(self._level)
        self._bars.close()


def _bars(waits: Callable[[], str], streams: int) -> Bars:
    if not sys.stderr.isatty():
        return _Plain()
    if streams == 1:
        return _Line(waits)
    try:
        from custify_connector.cli.rich_bars import RichBars  # noqa: PLC0415 - rich is an extra, and 60 ms
    except ImportError:
        return _Line(waits)
    return RichBars(waits, streams)


class _Plain:
    """No terminal: nothing is rewritten, so only what has ended is told."""

    def tell(self, name: str, records: int, total: int | None) -> None:
        pass

    def end(self, name: str, line: str) -> None:  # noqa: ARG002 - as every kind of bar has it
        click.echo(line, err=True)

    def make_room(self) -> None:
        pass

    def close(self) -> None:
        pass


class _Line:
    """A terminal without rich, or a single stream: one line, rewritten at most five times a second."""

    def __init__(self, waits: Callable[[], str]) -> None:
        self._waits = waits
        self._last = 0.0
        self._began = time.monotonic()

    def tell(self, name: str, records: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._last >= _SECONDS_BETWEEN:
            self._last = now
            rate = records / max(now - self._began, 0.001)
            of = f" of {total:,}" if total else ""
            left = f", {span((total - records) / rate)} left" if total and total > records and rate else ""
            wait = f", {waited}" if (waited := self._waits()) else ""
            text = f"{name}: {counted(records, 'record')}{of}, {rate:,.0f} a second{left}{wait} "
            click.echo(f"\r{text:<78.78}", nl=False, err=True)

    def end(self, name: str, line: str) -> None:  # noqa: ARG002 - as every kind of bar has it
        self.close()
        click.echo(line, err=True)

    def make_room(self) -> None:
        self.close()

    def close(self) -> None:
        if self._last:
            self._last = 0.0
            click.echo("\r" + " " * 78 + "\r", nl=False, err=True)

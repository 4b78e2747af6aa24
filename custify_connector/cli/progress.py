"""How a run goes, on a terminal: a bar for each stream, drawn by rich, which the extra `cli` installs.

Without rich or without a terminal, each stream is one line when it has ended. NO_COLOR is honoured.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

import click

from custify_connector.contract.events import Event, HeldBack, RateLimitWait, Retry, current_listener, listening

_SECONDS_BETWEEN = 0.1
_SECONDS_SHOWN = 2.0
_ENDING = "stopping; press ^C again to stop at once"


class Waits:
    """A listener that knows what the connector waits for; `text` is empty when nothing was reported lately."""

    def __init__(self) -> None:
        self._text = ""
        self._until = 0.0

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, (RateLimitWait, HeldBack)):
            self._say("waits for the rate limit", event.seconds)
        elif isinstance(event, Retry):
            self._say(f"retries in {event.seconds:.0f} s", event.seconds)

    def _say(self, text: str, seconds: float) -> None:
        self._text, self._until = text, time.monotonic() + max(seconds, _SECONDS_SHOWN)

    @property
    def text(self) -> str:
        """What is waited for at the moment."""
        return self._text if time.monotonic() < self._until else ""


class Bars(Protocol):
    """Shows streams; every call may come from any thread."""

    def tell(self, name: str, done: int, total: int | None, now: str) -> None:
        """Show how far a stream is; `now` is shown in place of its rate."""

    def end(self, name: str, line: str) -> None:
        """Show that a stream has ended, and print its line."""

    def close(self) -> None:
        """Leave the screen as it was, until the next call."""


class Progress:
    """Follows streams, on a terminal only; leave the `with` to end it.

    `streams` is how many there are, `ending` whether the run was asked to end. The line of a stream that has ended is
    printed without a terminal, too.
    """

    def __init__(self, streams: int = 1, ending: Callable[[], object] = lambda: False) -> None:
        self._lock = threading.RLock()
        self._waits = Waits()
        self._reported: dict[str, float] = {}
        self._stack = ExitStack()
        self._bars = _bars(lambda: _ENDING if ending() else self._waits.text, streams)

    def tell(self, name: str, done: int, total: int | None = None, now: str = "") -> None:
        """Show how much is done, of how much where that is known, and what is done `now`."""
        moment = time.monotonic()
        if now or moment - self._reported.get(name, -_SECONDS_BETWEEN) >= _SECONDS_BETWEEN:
            self._reported[name] = moment
            with self._lock:
                self._bars.tell(name, done, total, now)

    def end(self, name: str, line: str) -> None:
        """Show that a stream has ended, and print its line."""
        with self._lock:
            self._bars.end(name, line)

    def clear(self) -> None:
        """Leave the screen to what is printed next."""
        self._bars.close()

    def __enter__(self) -> "Progress":  # noqa: PYI034, UP037 - Self needs Python 3.11
        outer = current_listener()

        def hear(event: Event) -> None:
            self._waits(event)
            outer(event)

        self._stack.enter_context(listening(hear))
        self._stack.callback(self._bars.close)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stack.close()


def _bars(waits: Callable[[], str], streams: int) -> Bars:
    if not sys.stderr.isatty():
        return _Plain()
    try:
        from custify_connector.cli.rich_bars import RichBars  # noqa: PLC0415 - rich is an extra, and 60 ms
    except ImportError:
        return _Plain()
    return RichBars(waits, streams)


class _Plain:
    """Prints the lines of what has ended, and nothing before."""

    def tell(self, name: str, done: int, total: int | None, now: str) -> None:
        pass

    def end(self, name: str, line: str) -> None:  # noqa: ARG002 - as every kind of bar has it
        click.echo(line, err=True)

    def close(self) -> None:
        pass

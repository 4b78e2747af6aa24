"""How a run goes, on a terminal: a bar for each stream where rich is installed, a line rewritten in place elsewhere.

Without a terminal there is nothing to rewrite: then each stream is one line when it has ended. NO_COLOR is honoured.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from typing import Any, Protocol

import click

_SECONDS_BETWEEN = 0.2
_SECONDS_SHOWN = 2.0


class Waits(logging.Handler):
    """Listens for what the connector waits for, as its log tells it; `text` is empty when nothing was said lately."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._text = ""
        self._until = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line of the log."""
        said = record.getMessage()
        if said.startswith("waited "):
            self._say("waits for the rate limit", _SECONDS_SHOWN)
        elif " again in " in said:
            seconds = float(record.args[-1]) if isinstance(record.args, tuple) else 0.0  # type: ignore[arg-type]
            self._say(f"tries again in {seconds:.0f} s", max(seconds, _SECONDS_SHOWN))

    def _say(self, text: str, seconds: float) -> None:
        self._text, self._until = text, time.monotonic() + seconds

    @property
    def text(self) -> str:
        """What is waited for at the moment."""
        return self._text if time.monotonic() < self._until else ""


class Bars(Protocol):
    """Shows streams; every call may come from any thread."""

    def tell(self, name: str, records: int, total: int | None) -> None:
        """Show how far a stream is."""

    def end(self, name: str, text: str) -> None:
        """Show that a stream has ended."""

    def close(self) -> None:
        """Leave the screen as it was."""


class Progress:
    """Follows streams, on a terminal only; leave the `with` to end it.

    `streams` is how many there are: with more than one, the end of each is told, also without a terminal.
    """

    def __init__(self, streams: int = 1) -> None:
        self._waits = Waits()
        self._log = logging.getLogger("custify_connector")
        self._level = self._log.level
        self._lock = threading.Lock()
        self._bars = _bars(self._waits, streams)

    def tell(self, name: str, records: int, total: int | None = None) -> None:
        """Show how many records there are, of how many where that is known."""
        with self._lock:
            self._bars.tell(name, records, total)

    def end(self, name: str, text: str) -> None:
        """Show that a stream has ended, and how."""
        with self._lock:
            self._bars.end(name, text)

    def clear(self) -> None:
        """Leave the screen to what is printed next."""
        self._bars.close()

    def __enter__(self) -> "Progress":  # noqa: PYI034, UP037 - Self needs Python 3.11
        if not isinstance(self._bars, _Plain):
            self._log.addHandler(self._waits)
            self._log.setLevel(logging.DEBUG)
        return self

    def __exit__(self, *_exception: object) -> None:
        self._log.removeHandler(self._waits)
        self._log.setLevel(self._level)
        self._bars.close()


def _bars(waits: Waits, streams: int) -> Bars:
    if not sys.stderr.isatty():
        return _Plain(told=streams > 1)
    try:
        import rich  # noqa: F401, PLC0415 - an extra
    except ImportError:
        return _Line(waits)
    return _Line(waits) if streams == 1 else _Rich(waits)


class _Plain:
    """No terminal: one line for each of several streams, when it has ended."""

    def __init__(self, *, told: bool) -> None:
        self._told = told

    def tell(self, name: str, records: int, total: int | None) -> None:
        pass

    def end(self, name: str, text: str) -> None:
        if self._told:
            click.echo(f"{name}: {text}", err=True)

    def close(self) -> None:
        pass


class _Line:
    """A terminal without rich, or a single stream: one line, rewritten at most five times a second."""

    def __init__(self, waits: Waits) -> None:
        self._waits = waits
        self._last = 0.0
        self._began = time.monotonic()

    def tell(self, name: str, records: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._last >= _SECONDS_BETWEEN:
            self._last = now
            rate = records / max(now - self._began, 0.001)
            of = f" of {total:,}" if total else ""
            left = f", {_span((total - records) / rate)} left" if total and total > records and rate else ""
            wait = f", {self._waits.text}" if self._waits.text else ""
            text = f"{name}: {records:,} records{of}, {rate:,.0f} a second{left}{wait} "
            click.echo(f"\r{text:<78.78}", nl=False, err=True)

    def end(self, name: str, text: str) -> None:
        pass

    def close(self) -> None:
        if self._last:
            self._last = 0.0
            click.echo("\r" + " " * 78 + "\r", nl=False, err=True)


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"  # noqa: PLR2004 - short either way


class _Rich:
    """A terminal with rich: a bar for each stream under way, and what all of them wait for."""

    def __init__(self, waits: Waits) -> None:
        from rich import progress  # noqa: PLC0415 - an extra
        from rich.console import Console  # noqa: PLC0415 - an extra

        self._waits = waits
        self._tasks: dict[str, Any] = {}
        self._progress = progress.Progress(
            progress.TextColumn("{task.description:<20.20}"),
            progress.BarColumn(bar_width=16),
            progress.TextColumn("{task.completed:>9,.0f}"),
            progress.TextColumn("{task.fields[rate]:>10}"),
            progress.TextColumn("{task.fields[note]}", style="yellow"),
            console=Console(stderr=True, soft_wrap=False),
            refresh_per_second=5,
            transient=True,
        )
        self._progress.start()

    def tell(self, name: str, records: int, total: int | None) -> None:
        if name not in self._tasks:
            began = time.monotonic()
            task = self._progress.add_task(name, total=None, rate="", note="")
            self._tasks[name] = (task, began)
        task, began = self._tasks[name]
        rate = records / max(time.monotonic() - began, 0.5)
        left = f"{_span((total - records) / rate)} left" if total and total > records and rate else ""
        note = self._waits.text or left
        self._progress.update(task, completed=records, total=total, rate=f"{rate:,.0f}/s", note=note)

    def end(self, name: str, text: str) -> None:
        task, _began = self._tasks.pop(name, (None, 0.0))
        if task is not None:
            self._progress.remove_task(task)
        self._progress.console.print(f"{name}: {text}", markup=False, highlight=False)

    def close(self) -> None:
        self._progress.stop()

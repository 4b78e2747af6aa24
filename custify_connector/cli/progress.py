"""A line that tells how a run goes: rewritten in place on a terminal, absent elsewhere."""

from __future__ import annotations

import sys
import time

import click

_SECONDS_BETWEEN = 0.2


class Progress:
    """Shows `text`, at most five times a second, on a terminal only; leave the `with` to end the line."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._last = 0.0
        self._began = time.monotonic()

    def tell(self, name: str, records: int) -> None:
        """Show how many records there are, and how many a second."""
        now = time.monotonic()
        if self._shown and now - self._last >= _SECONDS_BETWEEN:
            self._last = now
            rate = records / max(now - self._began, 0.001)
            click.echo(f"\r{name}: {records:,} records, {rate:,.0f} a second ", nl=False, err=True)

    def __enter__(self) -> "Progress":  # noqa: PYI034, UP037 - Self needs Python 3.11
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._shown and self._last:
            click.echo("\r" + " " * 70 + "\r", nl=False, err=True)

"""A bar that tells how many of a known number of steps are done: rewritten in place on a terminal, absent elsewhere."""

from __future__ import annotations

import shutil
import sys

import click

_CELLS = 20


class Bar:
    """Shows how many of `total` steps are done, and what is at work; on a terminal only. The `with` takes it away."""

    def __init__(self, total: int) -> None:
        self._shown = sys.stderr.isatty()
        self._total = total

    def tell(self, done: int, now: str = "") -> None:
        """Show that `done` steps are done, and what goes on now; cut to the terminal's width."""
        full = _CELLS * done // max(self._total, 1)
        line = f"[{'#' * full}{'.' * (_CELLS - full)}] {done} of {self._total}  {now}"
        self._write(line[: shutil.get_terminal_size().columns - 1])

    def clear(self) -> None:
        """Take the bar away, for a line that stays."""
        self._write("")

    def __enter__(self) -> "Bar":  # noqa: PYI034, UP037 - Self needs Python 3.11
        return self

    def __exit__(self, *_exception: object) -> None:
        self.clear()

    def _write(self, line: str) -> None:
        if self._shown:
            click.echo(f"\r\x1b[K{line}", nl=False, err=True)

"""The bars of streams on a terminal, drawn by rich: one for each stream under way, and one for all of several.

Rates and times left are worked out when a bar is drawn, so that a stream that stands still is seen to. This file is
imported only where rich is installed.
"""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from custify_connector.host.words import span


class RichBars:
    """Shows `streams` streams; `waits` is what all of them wait for at the moment, empty when nothing."""

    def __init__(self, waits: Callable[[], str], streams: int) -> None:
        self._tasks: dict[str, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description:<18.18}"),
            BarColumn(bar_width=16),
            _Column(_done),
            _Column(lambda task: "" if task.id == self._all else task.fields["now"] or f"{_rate(task):>7,.0f}/s"),
            _Column(lambda task: "streams" if task.id == self._all else waits() or _left(task)),
            console=Console(stderr=True),
            refresh_per_second=5,
            transient=True,
            redirect_stdout=False,  # records are not to stand among the bars, on standard error
        )
        self._all = self._progress.add_task("done", total=streams, now="") if streams > 1 else None

    def tell(self, name: str, done: int, total: int | None, now: str) -> None:
        """See `progress.Bars`."""
        if name not in self._tasks:
            self._tasks[name] = self._progress.add_task(name, total=None, now=now)
        self._progress.start()
        self._progress.update(self._tasks[name], completed=done, total=total, now=now)

    def end(self, name: str, line: str) -> None:
        """See `progress.Bars`."""
        task = self._tasks.pop(name, None)
        if task is not None:
            self._progress.remove_task(task)
        if self._all is not None:
            self._progress.advance(self._all)
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """See `progress.Bars`."""
        self._progress.stop()


class _Column(ProgressColumn):
    """A column that is worked out from a task each time it is drawn."""

    def __init__(self, text_of: Callable[[Task], str]) -> None:
        super().__init__()
        self._text_of = text_of

    def render(self, task: Task) -> Text:
        """See `ProgressColumn`."""
        return Text(self._text_of(task), style="yellow", no_wrap=True)


def _done(task: Task) -> str:
    return f"{task.completed:>9,.0f}" + (f" of {task.total:,.0f}" if task.total is not None else "")


def _rate(task: Task) -> float:
    return task.completed / max(task.elapsed or 0.0, 0.5)


def _left(task: Task) -> str:
    rate = _rate(task)
    return f"{span(task.remaining / rate)} left" if task.remaining and rate else ""

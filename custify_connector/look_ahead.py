"""Pages asked ahead and taken in order: a few requests under way at once, a bounded number of pages in memory.

This file does not know what a page holds, or which ones are worth asking: `reading.ahead` says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from custify_connector import reading
from custify_connector.plans import ReadPlan
from custify_connector.reading import Page
from custify_connector.states import Progress

Fetch = Callable[[ReadPlan, Progress, int, threading.Event], tuple[Page, Progress]]


class LookAhead:
    """Takes pages in order and keeps up to `workers` requests under way; leave the `with` and none is left."""

    def __init__(self, fetch: Fetch, plan: ReadPlan, workers: int) -> None:
        self._fetch = fetch
        self._plan = plan
        self._workers = workers
        self._stop = threading.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._asked: dict[int, Future[tuple[Page, Progress]]] = {}

    def take(self, progress: Progress) -> tuple[Page, Progress]:
        """Return the next page; the pages after it that are worth asking are asked meanwhile."""
        number = progress.position.number
        waiting = self._asked.pop(number, None)
        wanted = reading.ahead(self._plan, progress.position, self._window)
        if waiting is None and len(wanted) == 1:
            return self._fetch(self._plan, progress, number, self._stop)
        first = waiting or self._ask(progress, number)
        for ahead in wanted:
            if ahead != number and ahead not in self._asked:
                self._asked[ahead] = self._ask(progress, ahead)
        page, answered = first.result()
        return replace(page, after=waiting is None), answered if waiting is None else _merged(progress, answered)

    @property
    def _window(self) -> int:
        """Half as many pages again as workers, so that one slow answer does not leave the others idle."""
        return self._workers + self._workers // 2 if self._workers > 1 else 1

    def _ask(self, progress: Progress, number: int) -> Future[tuple[Page, Progress]]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="custify-read")
        return self._pool.submit(self._fetch, self._plan, progress, number, self._stop)

    def flush(self) -> None:
        """Forget the pages that were asked ahead; the next ones are asked anew."""
        for future in self._asked.values():
            future.cancel()
        self._asked.clear()

    def __enter__(self) -> LookAhead:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *_exception: object) -> None:
        self.flush()
        self._stop.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def _merged(progress: Progress, answered: Progress) -> Progress:
    """Keep our own position, which has moved since the page was asked; only a refused filter is news."""
    position = replace(progress.position, narrowed=progress.position.narrowed and answered.position.narrowed)
    return replace(progress, position=position)

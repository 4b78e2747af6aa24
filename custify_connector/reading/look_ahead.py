"""Pages asked ahead and taken in order: a few requests under way at once, a bounded number of pages in memory.

This file does not know what a page holds, or which ones are worth asking: `reading.ahead` says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from custify_connector.reading import paging as reading
from custify_connector.reading.asking import Unread
from custify_connector.reading.paging import Page
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.state import Progress

Fetch = Callable[[Progress, int, threading.Event], Unread]
Answer = Future[Unread]
Room = Callable[[], int]


class LookAhead:
    """Takes pages in order and keeps up to `workers` requests under way; leave the `with` and none is left.

    `first` is the answer to the first page, when somebody else has asked for it already; `room` tells how many
    requests are worth having under way at the moment.
    """

    def __init__(
        self, fetch: Fetch, plan: ReadPlan, workers: int, first: Answer | None = None, room: Room | None = None
    ) -> None:
        self._fetch = fetch
        self._plan = plan
        self._workers = workers
        self._stop = threading.Event()
        self._pool: ThreadPoolExecutor | None = None
        self._first = first
        self._room = room or (lambda: workers)
        self._asked: dict[int, Answer] = {}

    def take(self, progress: Progress) -> tuple[Page, Progress]:
        """Return the next page, read here; the pages after it that are worth asking are asked meanwhile."""
        number = progress.position.number
        waiting, self._first = self._first or self._asked.pop(number, None), None
        wanted = reading.ahead(self._plan, progress.position, self._window)
        if waiting is None and len(wanted) == 1:
            page, answered = self._fetch(progress, number, self._stop)()
            return page, _merged(progress, answered)
        asked = waiting or self._ask(progress, number)
        for ahead in wanted:
            if ahead != number and ahead not in self._asked:
                self._asked[ahead] = self._ask(progress, ahead)
        page, answered = asked.result()()
        return replace(page, after=waiting is None), _merged(progress, answered)

    @property
    def _window(self) -> int:
        """Half as many pages again as there is room, so that one slow answer does not leave the others idle."""
        room = min(self._workers, self._room())
        return room + room // 4

    def _ask(self, progress: Progress, number: int) -> Answer:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._workers, thread_name_prefix="custify-read")
        return self._pool.submit(self._fetch, progress, number, self._stop)

    def flush(self) -> None:
        """Forget the pages that were asked ahead; the next ones are asked anew."""
        for future in self._asked.values():
            future.cancel()
        self._asked.clear()

    def __enter__(self) -> LookAhead:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, kind: type[BaseException] | None, *_exception: object) -> None:
        self.flush()
        self._stop.set()
        if self._pool is not None:
            self._pool.shutdown(wait=kind is not KeyboardInterrupt, cancel_futures=True)


def _merged(progress: Progress, answered: Progress) -> Progress:
    """Keep our own position, which may have moved since the page was asked, with what the answer taught."""
    ordered = progress.position.ordered and answered.position.ordered
    learned = (answered.started, answered.position.concessions, ordered)
    if learned == (progress.started, progress.position.concessions, progress.position.ordered):
        return progress
    position = replace(progress.position, concessions=answered.position.concessions, ordered=ordered)
    return replace(progress, started=answered.started, position=position)

"""Fetching pages: one at a time, and a few ahead of the one that is taken, in order and with bounded memory.

A refused request is asked more plainly, an answer that holds nothing at all once more. The first answer of a run also
says when the run started, by the service's clock. A page is asked on one thread and decoded on another, that of its
taker: records that wait decoded cost more than their bytes. Does not know what a page adds to a read.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import replace
from datetime import datetime, timezone
from itertools import islice

from custify_connector.checking.values import is_finite
from custify_connector.contract.errors import ServiceUnavailable, UnexpectedReply
from custify_connector.contract.events import PageRead
from custify_connector.exchange.client import Client
from custify_connector.exchange.replies import error_text, unavailable
from custify_connector.exchange.retrying import GivenUp
from custify_connector.exchange.wire import Failure, Request, Response, Undecoded, decode, http_date
from custify_connector.exchange.workers import Workers
from custify_connector.reading.page import Page, page_of
from custify_connector.reading.page_requests import (
    Window,
    enough_ahead,
    fall_back,
    page_request,
    pages_ahead,
    smaller_window,
)
from custify_connector.reading.plan import ReadPlan
from custify_connector.reading.position import without_order
from custify_connector.reading.state import CLOCKS_DIFFER, Progress

log = logging.getLogger("custify_connector")

_OK, _TIMES_ASKED = 200, 2

MOST_HELD_BYTES = 64_000_000
"""As much as one answer may have: pages that are as long as the last one wait for a late one up to this."""

Unread = Callable[[], tuple[Page, Progress]]
"""A page that was answered: call it on the thread that takes it."""


def ask(client: Client, plan: ReadPlan, progress: Progress, window: Window, stop: threading.Event) -> Unread:
    """Ask for one page."""
    request = page_request(plan, progress.position, window)
    try:
        response = _answer(client, request, plan.stream, stop)
    except _TooLarge as error:
        smaller = smaller_window(plan, progress.position.place, window)
        if smaller is None:
            raise ServiceUnavailable(str(error)) from None
        return ask(client, plan, progress, smaller, stop)
    if not response.ok and progress.position.place.collected == 0:
        plainer = fall_back(plan, progress.position, response.status)
        if plainer is not None:
            said = error_text(response.body) or "no reason given"
            left_out = plainer.fallbacks[-1]
            log.warning("%s: Custify refused the request (%s); %s", plan.stream, said, _WITHOUT[left_out])
            return ask(client, plan, replace(progress, position=plainer), window, stop)
    reached = progress if progress.started else replace(progress, started=_served_at(response, client, plan.stream))

    def read() -> tuple[Page, Progress]:
        answer = _decoded(client, request, response, plan.stream, stop)
        number, asked = window
        try:
            page = page_of(plan, request, number, answer)
        except UnexpectedReply:
            if not answer.ok or not isinstance(answer.body, dict):
                raise
            # A service in trouble may answer so once, as it may answer with HTML, which is asked for again, too.
            page = page_of(
                plan, request, number, _answer(client, replace(request, decoded_later=False), plan.stream, stop)
            )
        client.listener(PageRead(plan.stream, len(page.records), page.total))
        has_nan = _may_hold_nan(response) and not is_finite(page.records)
        length = len(response.body.content) if isinstance(response.body, Undecoded) else 0
        return replace(page, asked=asked, has_nan=has_nan, length=length), reached

    return read


_WITHOUT = {
    "path": "it is sent to the other documented path",
    "narrow": "it is sent again without the filter by the cursor, and more pages are read",
    "order": "it is sent again without sorting, and every page is read",
}
"""What is done about a refusal, by what is left out (`page_requests.fall_back`)."""


def _may_hold_nan(response: Response) -> bool:
    """Return whether it is worth looking at each value: an answer that is decoded at once is a short one."""
    body = response.body
    return not isinstance(body, Undecoded) or b"NaN" in body.content or b"Infinity" in body.content


class _TooLarge(ServiceUnavailable):
    """A page was larger than an answer may be: one of fewer records may not be."""


def _decoded(client: Client, request: Request, response: Response, where: str, stop: threading.Event) -> Response:
    """Return an answer decoded; one that is not JSON after all is asked again, where the client judges what comes."""
    if not isinstance(response.body, Undecoded):
        return response
    is_json, body = decode(response.body.content)
    if is_json and body is not None:
        return replace(response, body=body)
    return _answer(client, replace(request, decoded_later=False), where, stop)


def _answer(client: Client, request: Request, where: str, stop: threading.Event) -> Response:
    """Return the answer to a request; one that holds nothing at all is asked for once more.

    Raises ServiceUnavailable, and UnexpectedReply for a second answer without content: an empty list would be one.
    """
    place = f"{where}: {request.method} {request.path}"
    for _ in range(_TIMES_ASKED):
        verdict = client.exchange(request, repeatable=True, stop=stop)
        if isinstance(verdict, GivenUp):
            error = unavailable(verdict, place)
            is_too_large = isinstance(verdict.last, Failure) and verdict.last.kind == "too_large"
            raise _TooLarge(str(error)) if is_too_large else error
        if verdict.response.body is not None or verdict.response.status != _OK:
            return verdict.response
    raise UnexpectedReply(f"{place}: Custify answered {_OK} with nothing in it, {_TIMES_ASKED} times")


def _served_at(response: Response, client: Client, where: str) -> str:
    """Return when the service answered, by its own clock, or earlier: a cursor that is too late loses changes."""
    here = datetime.fromtimestamp(client.clock.wall(), timezone.utc)
    there = http_date(response.headers.get("date"))
    if there is None:
        return max(_EARLIEST, here - CLOCKS_DIFFER).isoformat()
    if abs(there - here) > CLOCKS_DIFFER:
        log.warning(
            "%s: Custify's clock says %s and this machine's %s: the earlier one is used. Correct the wrong one",
            where, there.isoformat(), here.isoformat(timespec="seconds"),
        )  # fmt: skip
    return max(_EARLIEST, min(there, here) if there - here > CLOCKS_DIFFER else there).isoformat()


_EARLIEST = datetime(2, 1, 1, tzinfo=timezone.utc)
"""A moment is held against others some days before it: there must be such a day."""


_FIRST_WANTED = 8
_NO_WAIT_SECONDS = 0.01
"""Pages that come sooner cost less than more requests under way: 32 of a quick service take half as long again as 8."""

Fetch = Callable[[Progress, Window, threading.Event], Unread]
Answer = Future[Unread]
Room = Callable[[], int]
MakeWorkers = Callable[[int, str], Workers]


class LookAhead:
    """Takes pages in order and keeps up to `workers` requests under way; after the `with`, none is left.

    `first` is the answer to the first page, where it has been asked already; `room` returns how many requests are
    worth having under way at the moment; `make` makes the threads that ask. `ahead` times as many pages may have been
    asked in all, those included that are answered and wait for one that is late.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - the last three are a call's own
        self,
        fetch: Fetch,
        plan: ReadPlan,
        workers: int,
        first: Answer | None = None,
        room: Room | None = None,
        make: MakeWorkers = Workers,
        ahead: int = 1,
    ) -> None:
        self._ahead = ahead
        self._length = 1
        self._wanted = _FIRST_WANTED
        self._fetch = fetch
        self._plan = plan
        self._workers = workers
        self._stop = threading.Event()
        self._make = make
        self._pool: Workers | None = None
        self._first = first
        self._room = room or (lambda: workers)
        self._asked: dict[Window, Answer] = {}

    def take(self, progress: Progress) -> tuple[Page, Progress]:
        """Return the next page, decoded here; the pages after it that are worth asking are asked meanwhile."""
        place = progress.position.place
        window = (place.number, place.asked)
        waiting, self._first = self._first or self._asked.pop(window, None), None
        if waiting is None:
            self.flush()  # what was asked ahead begins elsewhere
        asked = waiting or self._ask(progress, window)
        few = self._window
        most = enough_ahead(progress.position, few, min(self._ahead * few, MOST_HELD_BYTES // self._length))
        for ahead in islice(pages_ahead(self._plan, progress.position, most), 1, None):
            if len(self._asked) + 1 >= few and not self._has_room(asked):
                break
            if ahead not in self._asked:
                self._asked[ahead] = self._ask(progress, ahead)
        self._wait(asked)
        page, answered = asked.result()()
        self._length = max(1, page.length)
        return replace(page, in_turn=waiting is None), _merged(progress, answered)

    def _wait(self, asked: Answer) -> None:
        """Wait for an answer; twice as many requests are worth having under way after one that was long in coming."""
        wait((asked,), _NO_WAIT_SECONDS)
        if not asked.done():
            self._wanted = min(2 * self._wanted, self._workers)

    @property
    def _most(self) -> int:
        return min(self._workers, self._room(), self._wanted)

    @property
    def _window(self) -> int:
        """A quarter more pages than there is room for, so that the next ones are asked while a page is decoded."""
        return self._most + self._most // 4

    def _has_room(self, asked: Answer) -> bool:
        return self._pool is not None and self._pool.has_room(self._most, asked)

    def _ask(self, progress: Progress, window: Window) -> Answer:
        if self._pool is None:
            self._pool = self._make(self._workers, "custify-read")
        return self._pool.submit(self._fetch, progress, window, self._stop)

    def flush(self) -> None:
        """Forget the pages that were asked ahead; the next ones are asked again."""
        for future in self._asked.values():
            future.cancel()
        self._asked.clear()

    def __enter__(self) -> LookAhead:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *_exception: object) -> None:
        self.flush()
        self._stop.set()
        if self._pool is not None:
            self._pool.close()


def _merged(progress: Progress, answered: Progress) -> Progress:
    """Return our own position, which may have moved since the page was asked, with what the answer taught."""
    position = replace(progress.position, fallbacks=answered.position.fallbacks)
    if not answered.position.delivered.ordered:
        position = without_order(position)
    return replace(progress, started=answered.started, position=position)

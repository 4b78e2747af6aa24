"""Threads that make requests, and never keep the interpreter alive.

The threads of `concurrent.futures` are joined when the interpreter ends: one that waits for a service that hangs would
keep a script alive until its timeout. Those here are daemons. This file does not know what is done on a thread.
"""

from __future__ import annotations

import queue
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from time import monotonic
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS = 1.0
"""How long an end waits for what is under way."""

AHEAD = 6
"""How many times as much as is under way may wait for an answer that is late. Where latency is log-normal, one answer
in twenty takes four times the median, and one in ten thousand twenty times: more would gain nothing."""


class Stopped(Exception):
    """Ends a request's waiting when its answer is of no use any more; not an error."""


class Abandoned(Stopped):
    """What was under way when it was left alone is unclear."""


class Workers:
    """At most `most` threads, each made when there is work that no other is free for."""

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)
        self._threads: list[threading.Thread] = []
        self._pending: set[Future[Any]] = set()
        self._lock = threading.Condition()
        self._is_closed = False
        self._has_failed = False

    def submit(self, function: Callable[P, T], *arguments: P.args, **words: P.kwargs) -> Future[T]:
        """Call a function on a thread; raises RuntimeError once these are closed: no thread would end the call."""
        future: Future[T] = Future()

        def work() -> None:
            _settle(future, function, arguments, words)

        with self._lock:
            if self._is_closed:
                raise RuntimeError("the workers are closed")
            self._pending.add(future)
            self._work.put(work)
            self._make_thread()
        future.add_done_callback(self._forget)
        return future

    def _make_thread(self) -> None:
        if self._idle.acquire(blocking=False) or len(self._threads) == self._most:
            return
        thread = threading.Thread(target=self._run, name=f"{self._name}_{len(self._threads)}", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads: those that there are do the work
            if not self._threads:
                raise
        else:
            self._threads.append(thread)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
            del work  # what it returned is not held while the next is waited for
            self._idle.release()

    def _forget(self, future: Future[Any]) -> None:
        with self._lock:
            self._pending.discard(future)
            self._has_failed |= not future.cancelled() and future.exception() is not None
            self._lock.notify_all()

    def has_room(self, most: int, first: Future[Any]) -> bool:
        """Wait until fewer than `most` calls are under way, at longest for `first`; return whether they are.

        There is no room once a call has raised: others may well do the same.
        """
        with self._lock:
            self._lock.wait_for(lambda: len(self._pending) < most or first not in self._pending or self._has_failed)
            return len(self._pending) < most and not self._has_failed

    def abandon(self) -> None:
        """Let no caller wait any longer for what is under way."""
        with self._lock:
            pending = list(self._pending)
        for future in pending:
            if not future.cancel():
                with suppress(InvalidStateError):
                    future.set_exception(Abandoned())

    def close(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Begin nothing more, and wait so long at most for what is under way."""
        with self._lock:
            pending, self._is_closed = list(self._pending), True
        for future in pending:
            future.cancel()
        for _ in self._threads:
            self._work.put(None)
        # While the interpreter ends, no other thread runs: there is nothing to wait for.
        until = monotonic() + (0 if sys.is_finalizing() else seconds)
        for thread in self._threads:
            thread.join(max(0.0, until - monotonic()))


def _settle(future: Future[T], function: Callable[..., T], arguments: Any, words: Any) -> None:  # noqa: ANN401 - of any function
    if not future.set_running_or_notify_cancel():
        return
    with suppress(InvalidStateError):  # it was abandoned meanwhile
        try:
            result = function(*arguments, **words)
        except BaseException as error:  # noqa: BLE001 - raised again where the result is taken
            future.set_exception(error)
        else:
            future.set_result(result)

"""Several streams side by side: each in a thread of its own, none stopped by another's failure.

Decides how many run at once, and that a refused key ends them all. It does not know what a stream is.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from dataclasses import dataclass

from custify_connector.contract.errors import ConnectorError, CredentialRefused, PermissionRefused
from custify_connector.host.runs import ReadCount

AT_ONCE = 4

Read = Callable[[Callable[[], bool]], ReadCount]
"""Reads one stream; it is given a function that says whether it should end."""


@dataclass(frozen=True)
class Ended:
    """The outcome of one stream: its counters, or the error that ended it; neither when it was never begun."""

    count: ReadCount | None
    error: ConnectorError | None
    seconds: float = 0.0

    @property
    def whole(self) -> bool:
        """Whether the stream came to its end."""
        return self.count is not None and not self.count.ended


def read_all(
    reads: Mapping[str, Read],
    ended: Callable[[], bool],
    tell: Callable[[str, Ended], None] = lambda _name, _ended: None,
    at_once: int = AT_ONCE,
) -> dict[str, Ended]:
    """Run every read, `at_once` of them side by side; returns the outcome of each, in their order.

    `tell` is called as each ends. Once the key is refused, those under way come to an end and no other is begun.
    """
    refused = threading.Event()
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="custify-stream")

    def stopped() -> bool:
        return refused.is_set() or ended()

    try:
        waiting = {pool.submit(copy_context().run, _one, read, stopped): name for name, read in reads.items()}
        done = dict(_as_they_end(waiting, refused, tell))
    except BaseException:
        refused.set()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
    return {name: done[name] for name in reads}


def _as_they_end(
    waiting: dict[Future[Ended], str], refused: threading.Event, tell: Callable[[str, Ended], None]
) -> list[tuple[str, Ended]]:
    done = []
    while waiting:
        # Woken now and then, so that a signal is not kept waiting.
        for future in wait(waiting, timeout=0.2, return_when=FIRST_COMPLETED).done:
            name, ended = waiting.pop(future), future.result()
            if isinstance(ended.error, CredentialRefused) and not isinstance(ended.error, PermissionRefused):
                refused.set()
            tell(name, ended)
            done.append((name, ended))
    return done


def _one(read: Read, stopped: Callable[[], bool]) -> Ended:
    if stopped():
        return Ended(None, None)
    began = time.monotonic()
    try:
        return Ended(read(stopped), None, time.monotonic() - began)
    except ConnectorError as error:
        return Ended(None, error, time.monotonic() - began)

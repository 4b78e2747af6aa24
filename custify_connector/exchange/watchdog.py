"""One deadline for a whole exchange: connecting, the handshake, the head and the body of an answer.

A socket's timeout is that of one wait, so a server that sends a byte now and then is never late by it. The watchdog
ends a call that is not over at its deadline (`connections`). Does not know what is asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from custify_connector.exchange.connections import Call

_LOOKS_SECONDS = 0.1


class Watchdog:
    """Watches the calls under way, on a thread that is there only while it is open."""

    def __init__(self) -> None:
        self._deadlines: dict[Call, float] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    @contextmanager
    def watching(self, call: Call, seconds: float) -> Iterator[float]:
        """Watch a call, and yield the moment at which it must be over, by the monotonic clock."""
        deadline = time.monotonic() + seconds
        self._add(call, deadline)
        try:
            yield deadline
        finally:
            with self._changed:
                del self._deadlines[call]

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(1)

    def _add(self, call: Call, deadline: float) -> None:
        with self._changed:
            self._deadlines[call] = deadline
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="custify-watchdog", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _watch(self) -> None:
        with self._changed:
            while not self._is_closed:
                now = time.monotonic()
                for call, deadline in self._deadlines.items():
                    if deadline <= now and not call.cut:
                        call.end("no complete response within the time limit", "timeout")
                self._changed.wait(_LOOKS_SECONDS if self._deadlines else None)

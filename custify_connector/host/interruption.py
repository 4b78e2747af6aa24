"""SIGINT and SIGTERM as a request to come to an end: what is under way is given a moment, nothing new is begun.

Every hook that is called meanwhile hears it. A second signal ends the run at once.
"""

from __future__ import annotations

import queue
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from custify_connector.contract.interrupts import Interrupt, interruptible


class Interruption:
    """Whether the run was asked to end, and the exit code that this stands for (130 or 143)."""

    def __init__(self) -> None:
        self._signal: int | None = None
        # A handler runs between any two steps of the main thread, which may hold any lock. This queue has none.
        self._received: queue.SimpleQueue[int | None] = queue.SimpleQueue()

    def __bool__(self) -> bool:
        return self._signal is not None

    @property
    def exit_code(self) -> int:
        """128 plus the signal's number, as shells have it."""
        return 128 + (self._signal or 0)

    def receive(self, number: int, _frame: FrameType | None) -> None:
        """Take a signal; the second one is a KeyboardInterrupt."""
        if self._signal is not None:
            raise KeyboardInterrupt
        self._signal = number
        self._received.put(number)

    @contextmanager
    def passed_on(self) -> Iterator[None]:
        """Let the hooks that are called inside hear the first signal."""
        interrupt = Interrupt()

        def wait() -> None:
            if self._received.get() is not None:
                interrupt.set()

        threading.Thread(target=wait, name="custify-interrupt", daemon=True).start()
        try:
            with interruptible(interrupt):
                yield
        finally:
            self._received.put(None)


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Listen for the two signals; one that is listened for is shared, and outside the main thread none is."""
    if (outer := _listening()) is not None:
        yield outer
        return
    asked = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.signal(number, asked.receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with asked.passed_on():
            yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _listening() -> Interruption | None:
    outer = getattr(signal.getsignal(signal.SIGINT), "__self__", None)
    is_ours = threading.current_thread() is threading.main_thread() and isinstance(outer, Interruption)
    return outer if is_ours else None

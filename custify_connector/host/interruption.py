"""SIGINT and SIGTERM as a request to come to an end: what is under way is finished, nothing new is begun.

A second signal ends the run at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interruption:
    """Tells whether the run was asked to end, and the exit code that this stands for (130 or 143)."""

    def __init__(self) -> None:
        self._signal: int | None = None

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


@contextmanager
def interruption() -> Iterator[Interruption]:
    """Listen for the two signals; outside the main thread nothing is listened for."""
    asked = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.signal(number, asked.receive) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

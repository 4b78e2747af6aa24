"""How a host asks the hooks that run to come to an end, also while it waits for what they give.

    interrupt = Interrupt()
    with interruptible(interrupt):
        batches = hooks.read_source(...)
    ...
    interrupt.set()  # from any thread

A connector takes `current_interrupt()` when a hook is called. Once that is set it begins nothing new and gives what is
under way a moment: a read then raises `Interrupted`, a write gives the rest of its receipts.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Interrupt:
    """A request to end, made once; what listens is called in the thread that makes it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._set = False
        self._listeners: list[Callable[[], None]] = []

    def is_set(self) -> bool:
        """Whether the request was made."""
        return self._set

    def set(self) -> None:
        """Make the request."""
        with self._lock:
            self._set = True
            listeners, self._listeners = self._listeners, []
        for listener in listeners:
            listener()

    @contextmanager
    def heard(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` once the request is made, at once if it was made already."""
        with self._lock:
            late = self._set
            if not late:
                self._listeners.append(listener)
        if late:
            listener()
        try:
            yield
        finally:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)


_interrupt: ContextVar[Interrupt | None] = ContextVar("interrupt", default=None)


@contextmanager
def interruptible(interrupt: Interrupt) -> Iterator[None]:
    """Let every hook that is called inside hear a request to end; a thread needs a copy of the context."""
    token = _interrupt.set(interrupt)
    try:
        yield
    finally:
        _interrupt.reset(token)


def current_interrupt() -> Interrupt:
    """Return the request of the hook that is called; one that is never made where the host has none."""
    return _interrupt.get() or Interrupt()

"""The listener: connections on loopback, a thread for each.

Decided here: how it starts, and how it stops at once with connections open. This file does not know HTTP.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import TYPE_CHECKING

from .connection import Connection

if TYPE_CHECKING:
    from collections.abc import Callable

    from .wire import Delivery, Request

_LOOPBACK = "127.0.0.1"
_WAITING = 128


class Server:
    """Listens on 127.0.0.1 as soon as it is made; `port` 0 takes a free one."""

    def __init__(self, port: int, answer: Callable[[Request], Delivery]) -> None:
        self._answer = answer
        self._stopping = False
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server((_LOOPBACK, port), backlog=_WAITING)
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, name="sandbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the listener and every connection; safe to call twice."""
        if self._stopping:
            return
        self._stopping = True
        # A listener that blocks in accept is woken by a connection on every system; closing it is not enough on all.
        with contextlib.suppress(OSError):
            socket.create_connection((_LOOPBACK, self.port), timeout=1).close()
        self._thread.join(timeout=1)
        self._listener.close()
        with self._lock:
            connections = list(self._open)
        for connected in connections:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            connected, _ = self._listener.accept()
            if self._stopping:
                connected.close()
                return
            with self._lock:
                self._open.add(connected)
            threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def _serve(self, connected: socket.socket) -> None:
        try:
            Connection(connected, self._answer).serve()
        finally:
            with self._lock:
                self._open.discard(connected)

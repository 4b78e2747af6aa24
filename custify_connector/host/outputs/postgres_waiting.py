"""How long PostgreSQL may keep a run waiting, and how a wait ends when the run is asked to end.

Decides a bound for each wait. What the user set holds instead: in the address, a variable, a service file, for the role
or on the server. This file does not know what is asked of the server.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from custify_connector.contract.errors import Interrupted
from custify_connector.contract.interrupts import Interrupt, current_interrupt

if TYPE_CHECKING:
    import psycopg

CONNECT_SECONDS = 30
_KEEPALIVES = {"keepalives_idle": 60, "keepalives_interval": 10, "keepalives_count": 6}
"""A host that is gone is noticed within two minutes; the system's own bounds are hours."""
_LIMITS = """
SELECT set_config(name, CASE name WHEN 'lock_timeout' THEN '5min' ELSE '1h' END, true)
FROM pg_settings WHERE name IN ('lock_timeout', 'statement_timeout') AND source = 'default'
"""
_STATEMENT_LIMIT = "SELECT setting::bigint / 1000.0 FROM pg_settings WHERE name = 'statement_timeout'"
_SILENT_SECONDS = 60.0
"""How much longer than its own limit a server may take: then it does not answer at all."""
_LOOK_SECONDS, _CANCEL_SECONDS = 0.1, 0.8

Item = TypeVar("Item")


def parameters(given: dict[str, Any]) -> dict[str, Any]:
    """Return what bounds the waits of a connection; `given` are the parameters of its address."""
    own: dict[str, Any] = {} if "PGCONNECT_TIMEOUT" in os.environ else {"connect_timeout": CONNECT_SECONDS}
    # What is set here would hide the lines of a service file.
    own |= {} if "service" in given or "PGSERVICE" in os.environ else _KEEPALIVES
    return {name: value for name, value in own.items() if name not in given}


def until_asked_to_end(items: Iterator[Item]) -> Iterator[Item]:
    """Yield items; raises Interrupted once the run is asked to end."""
    asked = current_interrupt()
    for item in items:
        if asked.is_set():
            raise Interrupted("the run was stopped")
        yield item


def opened(connect: Callable[[], psycopg.Connection[Any]]) -> psycopg.Connection[Any]:
    """Connect; raises Interrupted when the run is asked to end meanwhile, and what `connect` raises.

    A thread of its own does it: no name service and no handshake ends sooner for a signal.
    """
    found: Future[psycopg.Connection[Any]] = Future()

    def work() -> None:
        try:
            connection = connect()
        except Exception as error:  # noqa: BLE001 - it is raised where it is waited for
            with suppress(InvalidStateError):
                found.set_exception(error)
            return
        try:
            found.set_result(connection)
        except InvalidStateError:
            connection.close()

    def leave() -> None:
        found.cancel()

    with current_interrupt().heard(leave):
        threading.Thread(target=work, name="custify-connect", daemon=True).start()
        try:
            return found.result()
        except CancelledError:
            raise Interrupted("the run was stopped while it connected to the database") from None
        finally:
            leave()


class Watch:
    """Looks at a connection while it is used; `ended` says that a wait was ended for the run, `gave_up` for silence."""

    def __init__(self) -> None:
        self.ended = self.gave_up = False
        self._limit = _SILENT_SECONDS
        self._since = time.monotonic()

    def limit(self, connection: psycopg.Connection[Any]) -> None:
        """Let the server end what takes too long, unless the user set bounds, and learn what it takes for that."""
        connection.execute(_LIMITS)
        ((seconds,),) = connection.execute(_STATEMENT_LIMIT)
        self._limit = float(seconds) + _SILENT_SECONDS if seconds else threading.TIMEOUT_MAX

    def begin(self) -> None:
        """Take note that a statement begins."""
        self._since = time.monotonic()

    @contextmanager
    def over(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """Look at a connection until the block ends."""
        done = threading.Event()
        # Of its own, so that it can be shut down whatever became of the connection meanwhile.
        line = socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        look = (connection, line, current_interrupt(), done)
        threading.Thread(target=self._look, args=look, name="custify-watch", daemon=True).start()
        try:
            yield
        finally:
            done.set()

    def _look(
        self, connection: psycopg.Connection[Any], line: socket.socket, asked: Interrupt, done: threading.Event
    ) -> None:
        asked_at = None
        with line:
            while not done.wait(_LOOK_SECONDS):
                now = time.monotonic()
                if connection.info.transaction_status.name != "ACTIVE":
                    self.begin()
                elif asked.is_set():
                    self.ended, asked_at = True, asked_at or now
                    if now - asked_at < _CANCEL_SECONDS:
                        # Each time: a cancellation that comes between two statements has no effect on the next one.
                        threading.Thread(target=_cancel, args=(connection,), name="custify-cancel", daemon=True).start()
                    else:
                        _hang_up(line)
                elif now - self._since > self._limit:
                    self.gave_up = True
                    _hang_up(line)


def _cancel(connection: psycopg.Connection[Any]) -> None:
    """Ask the server to end a statement; in a thread of its own, since older libraries of PostgreSQL wait for it."""
    with suppress(Exception):
        connection.cancel_safe(timeout=_CANCEL_SECONDS)


def _hang_up(line: socket.socket) -> None:
    with suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)

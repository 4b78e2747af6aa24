"""A rate budget that processes share: a small SQLite file that holds when requests counted.

Decides how several processes on one machine stay below one limit together. A process that is killed leaves nothing
to clean up: its requests leave the window by themselves. This file does not know what is sent.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.storage import database
from custify_connector.storage.database import Schema, StorageError

# Nothing here needs to survive a power cut, so nothing waits for the disk.
_SCHEMA = Schema(
    b"CfyB",
    frozenset({"counted", "blocked"}),
    (
        """
CREATE TABLE IF NOT EXISTS counted (at REAL NOT NULL);
CREATE INDEX IF NOT EXISTS counted_at ON counted (at);
CREATE TABLE IF NOT EXISTS blocked (until REAL NOT NULL)
""",
    ),
    synchronous="OFF",
)
_BUSY_SECONDS = 30.0


class BudgetFile:
    """The window that all processes with this file share; times are those of the machine's monotonic clock.

    Each call may raise ConfigurationError: the file cannot be used (any more), as on a full disk.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        with _named():
            self._database = database.connect(path, _SCHEMA, _BUSY_SECONDS, one_thread=False)

    def try_to_count(self, now: float, counts_at: float, requests: int, seconds: float) -> float:
        """Count a request at `counts_at` and return 0, or return how long to wait when the window is full."""
        with self._transaction():
            wait = self._wait(now, requests, seconds)
            if wait <= 0:
                self._database.execute("INSERT INTO counted (at) VALUES (?)", (counts_at,))
            return wait

    def add(self, moments: Iterable[float]) -> None:
        """Count requests that were made before this file was named."""
        with self._transaction():
            self._database.executemany("INSERT INTO counted (at) VALUES (?)", [(at,) for at in moments])

    def _wait(self, now: float, requests: int, seconds: float) -> float:
        # A time far in the future is left over from before the machine was started anew.
        bounds = (now - seconds, now + max(seconds, _FARTHEST_AHEAD))
        self._database.execute("DELETE FROM counted WHERE at <= ? OR at > ?", bounds)
        self._database.execute("DELETE FROM blocked WHERE until > ?", (now + _LONGEST_BLOCK,))
        (blocked,) = self._database.execute("SELECT max(until) FROM blocked").fetchone()
        held = blocked - now if blocked is not None else 0.0
        full = self._database.execute(
            "SELECT at FROM counted ORDER BY at DESC LIMIT 1 OFFSET ?", (requests - 1,)
        ).fetchone()
        return max(held, full[0] + seconds - now if full else 0.0, 0.0)

    def put_off(self, counted_at: float, moment: float) -> None:
        """Let a request that was counted at one moment count at a later one."""
        with self._transaction():
            one = "SELECT rowid FROM counted WHERE at = ? LIMIT 1"
            self._database.execute(f"UPDATE counted SET at = ? WHERE rowid = ({one})", (moment, counted_at))  # noqa: S608 - constant text

    def hold_back(self, until: float) -> None:
        """Let no process send before `until`."""
        with self._transaction():
            self._database.execute("DELETE FROM blocked WHERE until < ?", (until,))
            self._database.execute("INSERT INTO blocked (until) VALUES (?)", (until,))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _named(), database.explained(self.path), self._lock, self._database:
            self._database.execute("BEGIN IMMEDIATE")
            yield

    def close(self) -> None:
        """Close the file; it stays."""
        with self._lock:
            self._database.close()


@contextmanager
def _named() -> Iterator[None]:
    """Name the setting that names the file, too, when it cannot be used."""
    try:
        yield
    except StorageError as error:
        raise ConfigurationError(
            tuple(Fault("settings.budget", f"{each.place} {each.reason}") for each in error.faults)
        ) from None


_LONGEST_BLOCK = 300.0
_FARTHEST_AHEAD = 1.0

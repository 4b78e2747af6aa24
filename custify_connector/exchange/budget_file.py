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
        """
ALTER TABLE counted ADD COLUMN ahead REAL;
ALTER TABLE blocked ADD COLUMN ahead REAL;
ALTER TABLE blocked ADD COLUMN since REAL
""",
    ),
    synchronous="OFF",
)
_BUSY_SECONDS = 30.0
_LONGEST_BLOCK = 300.0

RESERVED_SECONDS = 10.0
"""How far ahead a request may be counted at most."""

# A moment has two readings: by the monotonic clock, and by the wall clock, which a row knows by how far that was ahead.
# After a restart only the second is right, after a change of the wall clock only the first. A reading that lies in the
# future is wrong; of two that may be right, the later holds.
_BY_WALL = "coalesce(ahead, :ahead) - :ahead"
_AT = f"""max(CASE WHEN at <= :far THEN at ELSE -1e300 END,
    CASE WHEN at + {_BY_WALL} <= :soon THEN at + {_BY_WALL} ELSE -1e300 END)"""
_UNTIL = f"""max(CASE WHEN coalesce(since, :soon) <= :soon AND until <= :longest THEN until ELSE -1e300 END,
    CASE WHEN since + {_BY_WALL} <= :soon THEN until + {_BY_WALL} ELSE -1e300 END)"""


class BudgetFile:
    """The window that all processes with this file share; times are those of the machine's monotonic clock.

    `ahead` is by how many seconds the wall clock is ahead of that one, at the moment of the call.
    Each call may raise ConfigurationError: the file cannot be used (any more), as on a full disk.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        with _named():
            self._database = database.connect(path, _SCHEMA, _BUSY_SECONDS, one_thread=False)

    def try_to_count(self, now: float, counts_at: float, requests: int, seconds: float, ahead: float = 0.0) -> float:
        """Count a request at `counts_at` and return 0, or return how long to wait when the window is full."""
        with self._transaction():
            wait = self._wait(now, requests, seconds, ahead)
            if wait <= 0:
                self._database.execute("INSERT INTO counted (at, ahead) VALUES (?, ?)", (counts_at, ahead))
            return wait

    def add(self, moments: Iterable[float], ahead: float = 0.0) -> None:
        """Count requests that were made before this file was named."""
        with self._transaction():
            rows = [(at, ahead) for at in moments]
            self._database.executemany("INSERT INTO counted (at, ahead) VALUES (?, ?)", rows)

    def _wait(self, now: float, requests: int, seconds: float, ahead: float) -> float:
        run = self._database.execute
        moments = {
            "now": now,
            "ahead": ahead,
            "gone": now - seconds,
            "soon": now + 1.0,
            "longest": now + _LONGEST_BLOCK,
        }
        moments |= {"far": now + max(seconds, RESERVED_SECONDS) + 1.0, "others": requests - 1}
        # By both clocks in the future: from before a restart, and the wall clock was set back since. It may be recent.
        run(f"UPDATE counted SET at = :now, ahead = :ahead WHERE at > :far AND at + {_BY_WALL} > :soon", moments)  # noqa: S608 - constant text
        run(f"DELETE FROM counted WHERE {_AT} <= :gone", moments)  # noqa: S608 - as above
        run(f"DELETE FROM blocked WHERE {_UNTIL} <= :now", moments)  # noqa: S608 - as above
        (blocked,) = run(f"SELECT max({_UNTIL}) FROM blocked", moments).fetchone()  # noqa: S608 - as above
        newest = f"SELECT {_AT} FROM counted ORDER BY 1 DESC LIMIT 1 OFFSET :others"  # noqa: S608 - as above
        full = run(newest, moments).fetchone()
        held = blocked - now if blocked is not None else 0.0
        return max(held, full[0] + seconds - now if full else 0.0, 0.0)

    def move(self, counted_at: float, moment: float) -> None:
        """Let a request that was counted at one moment count at another."""
        with self._transaction():
            one = "SELECT rowid FROM counted WHERE at = ? LIMIT 1"
            self._database.execute(f"UPDATE counted SET at = ? WHERE rowid = ({one})", (moment, counted_at))  # noqa: S608 - constant text

    def hold_back(self, until: float, since: float | None = None, ahead: float = 0.0) -> None:
        """Let no process send before `until`."""
        with self._transaction():
            self._database.execute("INSERT INTO blocked (until, since, ahead) VALUES (?, ?, ?)", (until, since, ahead))

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

"""SQLite files with the write-ahead log turned on: readers and one writer do not wait for each other, nor for the disk.

Decides what happens when several processes open a new file at the same moment. It does not know what is in it.
"""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

_PAUSE_SECONDS = 0.01


def opened(path: Path, script: str, busy_seconds: float, *, one_thread: bool = True) -> sqlite3.Connection:
    """Open a file, and run a script that sets it up; each statement is a transaction of its own unless one is begun.

    Raises sqlite3.Error when it cannot be used, and leaves nothing open then.
    """
    database = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=one_thread)
    try:
        turn_on(database, busy_seconds)
        database.executescript(script)
    except sqlite3.Error:
        database.close()
        raise
    return database


def turn_on(database: sqlite3.Connection, seconds: float) -> None:
    """Turn the log on; raises sqlite3.OperationalError when the file is in use by others for longer than `seconds`.

    SQLite itself does not wait here, whatever its timeout: whoever comes second is refused at once.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(_PAUSE_SECONDS)

"""A small SQLite file of this machine, opened for a moment: by several processes, after crashes, on a full disk.

Decides how long another process is waited for, and what each failure is called. It does not know what is in it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.exchange import write_ahead

BUSY_SECONDS = 5.0


@contextmanager
def opened(path: Path, schema: str, busy_seconds: float = BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
    """Open a file, made with this schema when it is new; a statement is a transaction of its own unless one is begun.

    Raises ConfigurationError when it cannot be used, also from within.
    """
    script = f"PRAGMA synchronous = NORMAL; {schema};"
    with told(path), closing(write_ahead.opened(path, script, busy_seconds)) as database:
        yield database


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Raise ConfigurationError, which says what to do, for what SQLite raises about a file."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        raise ConfigurationError((Fault(str(path), _words(error)),)) from None


def _words(error: sqlite3.Error) -> str:
    text = str(error)
    if "locked" in text:
        return "is in use by another process: try again when that has ended"
    if "not a database" in text or "malformed" in text or "no such column" in text or "no column" in text:
        return "is damaged: put a copy of it back, or move it away; a new one is made then"
    if "full" in text:
        return "cannot be written: the disk is full; what it held is unchanged"
    if "readonly" in text or "unable to open" in text:
        return "cannot be written: check the permissions of the file and of its folder"
    return f"cannot be used: {text}"

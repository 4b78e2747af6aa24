"""One run at a time for an output: a lock that ends with the process that holds it, whatever ends that.

It knows one file; it does not know what is being kept from others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from custify_connector.contract.errors import ConfigurationError, Fault


@contextmanager
def held(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder of our own, which is made when it is missing, and removed again when it is empty in the end.

    Raises ConfigurationError when another run holds it, or it cannot be made.
    """
    try:
        folder.mkdir(exist_ok=True)
        database = sqlite3.connect(folder / "lock", isolation_level=None, timeout=0)
    except (OSError, sqlite3.Error) as error:
        raise ConfigurationError((Fault(what, f"cannot be written: {_reason(error)}"),)) from None
    with closing(database):
        _begin(database, what)
        try:
            yield
        finally:
            _remove(folder)


def _begin(database: sqlite3.Connection, what: str) -> None:
    try:
        database.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise ConfigurationError((Fault(what, f"cannot be written: {error}"),)) from None
        reason = "another run of custify is writing it: wait until that has ended"
        raise ConfigurationError((Fault(what, reason),)) from None


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _remove(folder: Path) -> None:
    """Remove the folder where nothing but the lock is left in it, while the lock still keeps others out."""
    with suppress(OSError):  # some systems do not remove what is open: then it stays, and does no harm
        if {each.name for each in folder.iterdir()} <= {"lock", "lock-journal"}:
            for each in folder.iterdir():
                each.unlink()
            folder.rmdir()

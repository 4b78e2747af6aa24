"""SQLite files: one way to open them, to know whose they are, and to bring an older one to the newest schema.

Several processes may open a new file, or an old one, at the same moment. Each step from one version to the next is one
transaction: a process that is killed leaves the version before it or after it. It does not know what is in a file.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from custify_connector.contract.errors import ConfigurationError, Fault

BUSY_SECONDS = 5.0
_PAUSE_SECONDS = 0.01
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
_DAMAGED = "is damaged: restore a copy, or move it away to start with a new one"
_FORBIDDEN = "cannot be written: check the permissions of the file and of its folder"
_REASONS = (
    ("locked", "is in use by another process: try again when that has ended"),
    ("not a database", _DAMAGED),
    ("malformed", _DAMAGED),
    ("no such column", _DAMAGED),
    ("no column", _DAMAGED),
    ("full", "cannot be written: the disk is full; what it held is unchanged"),
    ("readonly", _FORBIDDEN),
    ("disk I/O error", "cannot be read or written: check that its disk works, has room, and takes files of this size"),
)
"""What SQLite says of a file, by a part of its text, and what that means for who uses it."""

Migration = str | Callable[[sqlite3.Connection], object]
"""Brings a file of one version to the next: statements, or what runs them. It must not begin or end a transaction."""


@dataclass(frozen=True)
class Schema:
    """What a kind of file holds.

    `application_id` marks the files of this kind, and is never used for another; ASCII letters make it readable.
    `migrations[n]` brings version n to n + 1; one that was released never changes. Files of 0.1.0 have no mark and
    version 0, and may hold the tables `unmarked` already. `synchronous` is SQLite's setting of that name.
    """

    application_id: bytes
    unmarked: frozenset[str]
    migrations: tuple[Migration, ...]
    synchronous: Literal["OFF", "NORMAL"] = "NORMAL"


class StorageError(ConfigurationError):
    """A file cannot be used: in use, damaged, of another kind, of a newer version, on a full disk, not permitted."""


def connect(
    path: Path, schema: Schema, busy_seconds: float = BUSY_SECONDS, *, one_thread: bool = True
) -> sqlite3.Connection:
    """Open a file, which is made when it is missing; each statement is a transaction unless one is begun.

    Raises StorageError, and leaves nothing open and the file as it was then.
    """
    with explained(path):
        database = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=one_thread)
        try:
            _prepare(database, path, schema, busy_seconds)
        except BaseException:
            database.close()
            raise
        return database


@contextmanager
def opened(path: Path, schema: Schema, busy_seconds: float = BUSY_SECONDS) -> Iterator[sqlite3.Connection]:
    """Open a file for a moment; raises StorageError, also for what SQLite raises within."""
    with explained(path), closing(connect(path, schema, busy_seconds)) as database:
        yield database


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Raise StorageError, which says what to do, for what the system or SQLite raises; IntegrityError stays."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.Error as error:
        raise _refusal(path, _reason(path, str(error))) from None
    except OSError as error:
        raise _refusal(path, f"cannot be written: {error.strerror or error}") from None


@contextmanager
def decoded(path: Path) -> Iterator[None]:
    """Raise StorageError for a value of a file that is not what was written there."""
    try:
        yield
    except (TypeError, ValueError):
        raise _refusal(path, _DAMAGED) from None


def _prepare(database: sqlite3.Connection, path: Path, schema: Schema, seconds: float) -> None:
    """Check the file and bring it up to date, again and again while other processes do so.

    SQLite itself does not wait for a file whose journal mode another process changes, whatever its timeout.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            _check(database, path, schema)
            database.execute("PRAGMA journal_mode = WAL")
            database.execute(f"PRAGMA synchronous = {schema.synchronous}")
            while _version(database) < len(schema.migrations):
                _migrate(database, schema)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(_PAUSE_SECONDS)


def _check(database: sqlite3.Connection, path: Path, schema: Schema) -> None:
    """Refuse a file of another kind or a newer version, before anything in it changes."""
    with database:  # another process may bring it up to date meanwhile: one moment is looked at
        database.execute("BEGIN")
        (mark,), version = database.execute("PRAGMA application_id").fetchone(), _version(database)
        tables = {name for (name,) in database.execute(_TABLES)} if mark == version == 0 else None
    if tables is not None and tables <= schema.unmarked:
        return
    if mark != _mark(schema):
        raise _refusal(path, "is a database of another kind, which stays as it is: name another file")
    if version > len(schema.migrations):
        reason = f"was written by a newer custify (version {version}; this one knows {len(schema.migrations)})"
        raise _refusal(path, f"{reason}: install the newer one, or name another file")


def _migrate(database: sqlite3.Connection, schema: Schema) -> None:
    """Bring a file to the next version in one transaction, unless another process was first."""
    with database:
        database.execute("BEGIN IMMEDIATE")
        version = _version(database)
        if version < len(schema.migrations):
            _run(database, schema.migrations[version])
            database.execute(f"PRAGMA application_id = {_mark(schema)}")
            database.execute(f"PRAGMA user_version = {version + 1}")


def _run(database: sqlite3.Connection, migration: Migration) -> None:
    if callable(migration):
        migration(database)
        return
    for statement in migration.split(";"):  # `executescript` would end the transaction
        database.execute(statement)


def _version(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def _mark(schema: Schema) -> int:
    return int.from_bytes(schema.application_id, "big")


def _refusal(path: Path, reason: str) -> StorageError:
    return StorageError((Fault(str(path), reason),))


def _reason(path: Path, text: str) -> str:
    if "unable to open" in text:
        return _unopened(path)
    return next((reason for words, reason in _REASONS if words in text), f"cannot be used: {text}")


def _unopened(path: Path) -> str:
    if os.path.isdir(path):  # noqa: PTH112 - what may not be looked at is not a directory, and not an error
        return "cannot be used: it is a directory; name a file"
    if not os.path.exists(path.parent):  # noqa: PTH110 - as above
        return f"cannot be used: there is no folder {path.parent}"
    return _FORBIDDEN

"""The journal of a write run: which rows were handed over, and what became of them, one commit a row.

Decides what a resumed run sends again. A row's content is kept as a hash only; it does not know hooks or Custify.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

from custify_connector.checking.values import dumped
from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.storage import database, locks
from custify_connector.storage.database import Schema

_SCHEMA = Schema(
    b"CfyJ",
    frozenset({"rows", "run"}),
    (
        """
CREATE TABLE IF NOT EXISTS rows (place INTEGER PRIMARY KEY, hash BLOB NOT NULL, receipt BLOB);
CREATE TABLE IF NOT EXISTS run (destination TEXT NOT NULL, finished INTEGER NOT NULL)
""",
    ),
)
_DECIDED = frozenset({"sent", "unchanged", "rejected"})


@dataclass(frozen=True)
class Entry:
    """What is known of a row: the hash of its record, and its receipt, None when the run ended before there was one."""

    hash: bytes
    receipt: Receipt | None

    @property
    def decided(self) -> bool:
        """Whether the row needs nothing more."""
        return self.receipt is not None and self.receipt.outcome in _DECIDED

    @property
    def unclear(self) -> bool:
        """Whether the row may have arrived, or not."""
        return self.receipt is None or (self.receipt.outcome == "failed" and self.receipt.code == "unclear")


def hash_of(record: Mapping[str, Any]) -> bytes:
    """Return a hash of all that a record holds."""
    return hashlib.sha256(dumped(record)).digest()


class Journal:
    """The rows of one run by their place in the input. A killed process loses nothing that was written here.

    Nothing is made before the first row. Each call may raise ConfigurationError: the file cannot be used, belongs
    to another destination (a `destination` of None takes any), or is in use by another run, which would send the same
    rows.
    """

    def __init__(self, path: Path, destination: str | None, *, resume: bool) -> None:
        self.path = path
        self._destination = destination
        self._resume = resume
        self._held = ExitStack()

    @cached_property
    def _database(self) -> sqlite3.Connection:
        with database.explained(self.path), ExitStack() as held:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(locks.held(self.path.with_name(self.path.name + ".run"), str(self.path)))
            if not self._resume:
                remove(self.path)
            opened = database.connect(self.path, _SCHEMA)
            held.callback(opened.close)
            self._claim(opened)
            self._held = held.pop_all()
        return opened

    def _claim(self, opened: sqlite3.Connection) -> None:
        row = opened.execute("SELECT destination FROM run").fetchone()
        if row is None:
            opened.execute("INSERT INTO run (destination, finished) VALUES (?, 0)", (self._destination,))
        elif self._destination not in {row[0], None}:
            reason = f"is the journal of a run to {row[0]}, not to {self._destination}: name another with --journal"
            raise ConfigurationError((Fault(str(self.path), reason),))

    @property
    def finished(self) -> bool:
        """Whether the run that wrote it came to its end, with every row decided."""
        found = self._run("SELECT finished FROM run")
        return bool(found and found[0])

    def finish(self) -> None:
        """Write down that every row is decided: to resume the run does nothing more."""
        self._run("UPDATE run SET finished = 1")

    def find(self, place: int) -> Entry | None:
        """Return what is known of a row, None when it was never handed over."""
        found = self._run("SELECT hash, receipt FROM rows WHERE place = ?", place)
        if found is None:
            return None
        with database.decoded(self.path):
            return Entry(found[0], Receipt(**orjson.loads(found[1])) if found[1] else None)

    def give(self, place: int, record_hash: bytes) -> None:
        """Write down that a row is handed over now."""
        self._run("INSERT OR REPLACE INTO rows (place, hash) VALUES (?, ?)", place, record_hash)

    def decide(self, place: int, receipt: Receipt) -> None:
        """Write down what became of a row."""
        kept = orjson.dumps(dataclasses.asdict(dataclasses.replace(receipt, response=None)))
        self._run("UPDATE rows SET receipt = ? WHERE place = ?", kept, place)

    def _run(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        """Run a statement, and return its first row, None when it has none."""
        with database.explained(self.path):
            row: tuple[Any, ...] | None = self._database.execute(statement, values).fetchone()
            return row

    def close(self) -> None:
        """Close the file; it stays."""
        self._held.close()


def is_unfinished(path: Path) -> bool:
    """Tell whether there is a journal of a run that did not come to its end."""
    if not path.exists():
        return False
    try:
        with database.opened(path, _SCHEMA) as opened:
            return bool(opened.execute("SELECT finished FROM run").fetchone() != (1,))
    except ConfigurationError:
        return True


def remove(path: Path) -> None:
    """Remove a journal, with the files that SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)

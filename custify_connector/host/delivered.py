"""What was delivered last for each key, as hashes, so that an equal record need not be sent again.

Bounded: beyond so many keys, those that were delivered longest ago are forgotten, and sent again when they come. It
does not know what a record means.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from custify_connector.checking.values import dumped
from custify_connector.storage import database
from custify_connector.storage.database import Schema

MAXIMUM_KEYS = 1_000_000
_FORGET_EVERY = 10_000

_SCHEMA = Schema(
    b"CfyD",
    frozenset({"delivered"}),
    (
        """
CREATE TABLE IF NOT EXISTS delivered (key BLOB PRIMARY KEY, hash BLOB NOT NULL, turn INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS delivered_turn ON delivered (turn)
""",
    ),
)


class Delivered:
    """A store of hashes by key.

    Each call may raise ConfigurationError: the file cannot be used, as on a full disk.
    """

    def __init__(self, path: Path, maximum: int = MAXIMUM_KEYS) -> None:
        self._maximum = maximum
        self._path = path
        with database.explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = database.connect(path, _SCHEMA)
        self._turn = (self._run("SELECT coalesce(max(turn), 0) FROM delivered") or (0,))[0]

    def holds(self, key: dict[str, Any], record_hash: bytes) -> bool:
        """Tell whether this very record was the last that was delivered for its key."""
        found = self._run("SELECT hash FROM delivered WHERE key = ?", _name(key))
        return found is not None and found[0] == record_hash

    def keep(self, key: dict[str, Any], record_hash: bytes) -> None:
        """Remember a delivered record."""
        self._turn += 1
        values = (_name(key), record_hash, self._turn)
        self._run("INSERT OR REPLACE INTO delivered (key, hash, turn) VALUES (?, ?, ?)", *values)
        if self._turn % min(_FORGET_EVERY, self._maximum) == 0:
            self._forget()

    def forget(self, key: dict[str, Any]) -> None:
        """Know nothing about a key any more."""
        self._run("DELETE FROM delivered WHERE key = ?", _name(key))

    def _forget(self) -> None:
        oldest = "SELECT turn FROM delivered ORDER BY turn DESC LIMIT 1 OFFSET ?"
        self._run(f"DELETE FROM delivered WHERE turn <= ({oldest})", self._maximum)  # noqa: S608 - constant text

    def _run(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        """Run a statement, and return its first row, None when it has none."""
        with database.explained(self._path):
            row: tuple[Any, ...] | None = self._database.execute(statement, values).fetchone()
            return row

    def close(self) -> None:
        """Close the file; it stays."""
        self._database.close()


def _name(key: dict[str, Any]) -> bytes:
    return dumped(key)

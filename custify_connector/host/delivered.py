"""What was delivered last to an account, as hashes, so that an equal record need not be sent again.

Decides which of it a record that is sent may change, whatever its destination: that is forgotten before the record
leaves, so a run that ends in between forgets too much and never too little. Bounded: beyond so many records, those that
were delivered longest ago are forgotten. It does not know what a record means.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from custify_connector.checking.identity import field_value, key_of
from custify_connector.checking.values import dumped
from custify_connector.storage import database
from custify_connector.storage.database import Schema

MAXIMUM_RECORDS = 1_000_000
_FORGET_EVERY = 10_000


def _by_names(opened: sqlite3.Connection) -> None:
    """Keep what names a record beside it. What 0.1.0 kept, for whichever account, is sent once more."""
    opened.execute("DROP TABLE delivered")
    opened.execute(
        "CREATE TABLE delivered (id INTEGER PRIMARY KEY AUTOINCREMENT, destination TEXT NOT NULL, key BLOB NOT NULL,"
        " fields BLOB NOT NULL, hash BLOB, UNIQUE (destination, key))"
    )
    opened.execute("CREATE INDEX delivered_fields ON delivered (destination, fields)")
    opened.execute("CREATE TABLE names (name BLOB NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (name, id)) WITHOUT ROWID")
    opened.execute("CREATE INDEX names_id ON names (id)")
    opened.execute("CREATE TABLE forms (destination TEXT, fields BLOB, PRIMARY KEY (destination, fields))")
    opened.execute("CREATE TRIGGER forgotten AFTER DELETE ON delivered BEGIN DELETE FROM names WHERE id = old.id; END")


_SCHEMA = Schema(
    b"CfyD",
    frozenset({"delivered"}),
    (
        """
CREATE TABLE IF NOT EXISTS delivered (key BLOB PRIMARY KEY, hash BLOB NOT NULL, turn INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS delivered_turn ON delivered (turn)
""",
        _by_names,
    ),
)


class Delivered:
    """A store of one account: for each destination the hash of a record by its key.

    `described` are the descriptions of all destinations of the connector; `destination` is that of this run. Each call
    may raise ConfigurationError: the file cannot be used, as on a full disk.
    """

    def __init__(
        self,
        path: Path,
        destination: str,
        described: Mapping[str, Mapping[str, Any]],
        maximum: int = MAXIMUM_RECORDS,
    ) -> None:
        self._path = path
        self._destination = destination
        self._described = described
        self._maximum = maximum
        with database.explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = database.connect(path, _SCHEMA)

    def holds(self, record: Mapping[str, Any], record_hash: bytes) -> bool:
        """Return whether this very record was the last of its key, and nothing sent since may have changed it."""
        key = self._key(record)
        statement = "SELECT hash FROM delivered WHERE destination = ? AND key = ?"
        return key is not None and self._all(statement, self._destination, key) == [(record_hash,)]

    def touch(self, record: Mapping[str, Any]) -> int | None:
        """Forget what a record that is about to be sent may change; returns a token for `keep`.

        The token is None for a record that cannot be kept: it has no key, or one that it may change is under way.
        """
        with database.explained(self._path), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            is_alone = self._forget(record)
            key = self._key(record)
            is_kept = key is not None and is_alone and self._described.get(self._destination, {}).get("comparable")
            return self._under_way(record, key) if key is not None and is_kept else None

    def forget(self, record: Mapping[str, Any]) -> None:
        """Forget what a record that is about to be sent to another account may change, should both be one."""
        with database.explained(self._path), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            self._forget(record)

    def keep(self, token: int | None, record_hash: bytes) -> None:
        """Remember a record that was delivered, unless another was sent since that may have changed it."""
        if token is None:
            return
        self._all("UPDATE delivered SET hash = ? WHERE id = ? AND hash IS NULL", record_hash, token)

    def _key(self, record: Mapping[str, Any]) -> bytes | None:
        key = key_of(record, self._identity(self._destination))
        return None if key is None else dumped(key)

    def _identity(self, destination: str) -> list[list[str]]:
        found: list[list[str]] = self._described.get(destination, {}).get("identity", [])
        return found

    def _forget(self, record: Mapping[str, Any]) -> bool:
        """Forget what the record may change; returns whether none of it was under way."""
        if self._described.get(self._destination, {}).get("destructive", False):
            is_alone = not self._all("SELECT 1 FROM delivered WHERE hash IS NULL LIMIT 1")
            self._all("DELETE FROM delivered")
            return is_alone
        found = {place for destination in self._destinations() for place in self._changed(destination, record)}
        held = [self._all("SELECT hash FROM delivered WHERE id = ?", place)[0][0] for place in found]
        self._database.executemany("DELETE FROM delivered WHERE id = ?", [(place,) for place in found])
        return None not in held

    def _destinations(self) -> list[str]:
        return [name for (name,) in self._all("SELECT DISTINCT destination FROM forms")]

    def _changed(self, destination: str, record: Mapping[str, Any]) -> Iterator[int]:
        """Yield what is kept of a destination and may be changed by the record.

        A destination that comes after another one refers to its records, and does not change them.
        """
        if destination in self._described.get(self._destination, {}).get("after", ()):
            return
        alternatives = self._identity(destination)
        names = list(_names(record, alternatives))
        if destination != self._destination:
            names += [_name([""], [text]) for text in _texts(record)]
        for name in names:
            yield from (
                place
                for (place,) in self._all(
                    "SELECT id FROM names JOIN delivered USING (id) WHERE name = ? AND destination = ?",
                    name,
                    destination,
                )
            )
        if self._destination not in self._described.get(destination, {}).get("after", ()):
            yield from self._incomparable(destination, _forms(record, alternatives))

    def _incomparable(self, destination: str, forms: set[bytes]) -> Iterator[int]:
        """Yield what is named in no way in which the record is named: it may be the same."""
        for (kept,) in self._all("SELECT fields FROM forms WHERE destination = ?", destination):
            if forms.isdisjoint(kept.split(b"\n")):
                statement = "SELECT id FROM delivered WHERE destination = ? AND fields = ?"
                yield from (place for (place,) in self._all(statement, destination, kept))

    def _under_way(self, record: Mapping[str, Any], key: bytes) -> int:
        alternatives = self._identity(self._destination)
        fields = b"\n".join(sorted(_forms(record, alternatives)))
        self._all("INSERT OR IGNORE INTO forms VALUES (?, ?)", self._destination, fields)
        token = self._database.execute(
            "INSERT INTO delivered (destination, key, fields) VALUES (?, ?, ?)", (self._destination, key, fields)
        ).lastrowid
        values = [field_value(record, fields[0]) for fields in alternatives if len(fields) == 1]
        names = {*_names(record, alternatives), *(_name([""], [text]) for text in _texts({"": values}))}
        self._database.executemany("INSERT OR IGNORE INTO names VALUES (?, ?)", [(name, token) for name in names])
        if token and token % min(_FORGET_EVERY, self._maximum) == 0:
            oldest = "SELECT id FROM delivered ORDER BY id DESC LIMIT 1 OFFSET ?"
            self._all(f"DELETE FROM delivered WHERE id <= ({oldest})", self._maximum)  # noqa: S608 - constant text
        return token or 0

    def _all(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with database.explained(self._path):
            return self._database.execute(statement, values).fetchall()

    def close(self) -> None:
        """Close the file; it stays."""
        self._database.close()


def _names(record: Mapping[str, Any], alternatives: Iterable[list[str]]) -> Iterator[bytes]:
    """Yield a name for each way in which a record is named."""
    for fields in alternatives:
        if (key := key_of(record, [fields])) is not None:
            yield _name(fields, [key[field] for field in fields])


def _forms(record: Mapping[str, Any], alternatives: Iterable[list[str]]) -> set[bytes]:
    """Return the ways in which a record is named, whatever its values."""
    return {dumped(fields) for fields in alternatives if key_of(record, [fields]) is not None}


def _name(fields: list[str], values: list[Any]) -> bytes:
    return dumped([fields, values])


def _texts(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield the plain values of a record, and of its lists, as text."""
    for value in record.values():
        yield from (str(each) for each in (value if isinstance(value, list) else [value]) if _is_plain(each))


def _is_plain(value: object) -> bool:
    return isinstance(value, (str, int, float)) and not isinstance(value, bool) and value != ""

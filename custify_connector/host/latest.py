"""The newest record of each thing that a run sent to an account, so that an older one is not sent over it unnoticed.

A thing is known by hashes of the ways in which its records name it; whose turn it was is kept beside them, in the file
of the runs. Bounded, as the rows are. It knows what a connector describes of a destination; it does not know Custify.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, combinations, product
from pathlib import Path
from typing import Any

from custify_connector.checking.identity import field_value, may_repeat
from custify_connector.checking.values import dumped
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.account import Account
from custify_connector.storage import database

KEPT = 2_000_000
"""How many names are kept; those that were given longest ago go first."""

TABLES = """
CREATE TABLE latest (name BLOB, account TEXT, stored TEXT, began INTEGER NOT NULL, line INTEGER NOT NULL,
  run INTEGER NOT NULL, PRIMARY KEY (name, account)) WITHOUT ROWID
"""
_NAME_BYTES = 16
_SENT = "SELECT run, began, account, stored FROM latest WHERE name = ? AND (began, line) > (?, ?)"
_PASSED = "SELECT 0, began, ?, NULL FROM passed WHERE name = ? AND (began, line) > (?, ?)"

Turn = tuple[int, int]
"""When a row was given: the milliseconds since 1970 at which its run began, and its line there."""

Fields = tuple[str, ...]


@dataclass(frozen=True)
class Sent:
    """A record that an account has: the names of what it is about, and its turn."""

    names: tuple[bytes, ...]
    account: Account
    turn: Turn


@dataclass(frozen=True)
class Newer:
    """The run that sent a newer record, 0 for this one; when that record's own run began, and to which account."""

    run: int
    began: int
    account: Account


def add(opened: sqlite3.Connection, run: int, sent: Sent) -> None:
    """Store what a run sent, unless what is stored is newer, within the transaction that is open."""
    opened.executemany(
        "INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET stored = excluded.stored,"
        " began = excluded.began, line = excluded.line, run = excluded.run"
        " WHERE (excluded.began, excluded.line) >= (began, line)",
        [(name, sent.account.key, sent.account.stored, *sent.turn, run) for name in sent.names],
    )


def prune(opened: sqlite3.Connection, keep: int = KEPT) -> None:
    """Forget the oldest beyond so many, within the open transaction."""
    oldest = "SELECT began, line FROM latest ORDER BY began DESC, line DESC LIMIT 1 OFFSET ?"
    opened.execute(f"DELETE FROM latest WHERE (began, line) <= ({oldest})", (keep,))  # noqa: S608 - constant text


@dataclass(frozen=True)
class Things:
    """How the records of one destination name what they set.

    `kind` is what the destination is about, which others change as well: `upsert_person`, `delete_person`. `choices`
    are the fields with a few fixed values: they say what is done to a thing, as `add` or `remove`, not which it is.
    """

    kind: str
    identity: tuple[Fields, ...]
    choices: frozenset[str]
    repeat: str

    @classmethod
    def of(cls, place: str, endpoint: str, described: Mapping[str, Any]) -> Things:
        """Return those of a destination at a place, which is that of an account."""
        fields = described.get("schema", {}).get("properties", {})
        choices = frozenset(name for name, schema in fields.items() if isinstance(schema, dict) and "enum" in schema)
        identity = tuple(tuple(each) for each in described.get("identity", ()))
        noun = endpoint.partition("_")[2] or endpoint
        return cls(f"{place} {noun}", identity, choices, described.get("repeat", "never"))

    def names(self, record: Mapping[str, Any]) -> tuple[bytes, ...]:
        """Return the names under which a record is kept; none for one that only adds something."""
        ways = self._ways(record)
        before = [fields for fields, _ in ways]
        return tuple(
            self._name(fields, values, tuple(before[:place]))
            for place, (fields, each) in enumerate(ways)
            for values in each
        )

    def sought(self, record: Mapping[str, Any]) -> Iterator[bytes]:
        """Yield the names of records of the same thing: the first way in which both are named decides."""
        ways = self._ways(record)
        own = {fields for fields, _ in ways}
        for fields, each in ways:
            stronger = [other for other in self.identity[: self.identity.index(fields)] if other not in own]
            for values, without in product(each, _subsets(stronger)):
                yield self._name(fields, values, without)

    def _ways(self, record: Mapping[str, Any]) -> list[tuple[Fields, list[tuple[str, ...]]]]:
        """Return the ways in which a record is named, each with its values; none for one that only adds something."""
        found = [(fields, self._values(record, fields)) for fields in self.identity]
        ways = [(fields, values) for fields, values in found if values]
        is_its_own = bool(ways) and ways[0][0] == self.identity[0] and len(self.identity[0]) == 1
        return ways if is_its_own or may_repeat(self.repeat, record) else []

    def _values(self, record: Mapping[str, Any], fields: Fields) -> list[tuple[str, ...]]:
        """Return what a record has in fields, with each element of a list for itself."""
        telling = [name for name in fields if name not in self.choices] or fields
        return list(product(*(_texts(field_value(record, name)) for name in telling)))

    def _name(self, fields: Fields, values: tuple[str, ...], before: tuple[Fields, ...]) -> bytes:
        text = dumped([self.kind, fields, values, before])
        return hashlib.blake2b(text, digest_size=_NAME_BYTES).digest()


def _texts(value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for each in values if each is not None and (text := str(each).strip().casefold())]


def _subsets(ways: list[Fields]) -> Iterator[tuple[Fields, ...]]:
    return chain.from_iterable(combinations(ways, count) for count in range(len(ways) + 1))


@dataclass
class Latest:
    """The file in which the runs of this machine keep what they sent, looked at for one destination and account.

    `connect` opens the file, at `path`. Where that fails, nothing is known of later runs; `say` is given that once.
    `died` returns the runs that were killed, by number and time: what they sent last may not have been recorded.
    """

    path: Path
    connect: Callable[[], sqlite3.Connection]
    things: Things
    account: Account
    same_account: bool = False
    say: Callable[[str], None] = lambda _text: None
    died: Callable[[], list[tuple[int, int]]] = list
    _said: set[str] = field(default_factory=set)
    _is_readable: bool = True
    _held: ExitStack = field(default_factory=ExitStack)

    def sent(self, record: Mapping[str, Any], turn: Turn) -> Sent | None:
        """Return what is kept of a record that was sent; None where it names nothing that it sets."""
        names = self.things.names(record)
        return Sent(names, self.account, turn) if names else None

    def newer(self, record: Mapping[str, Any], turn: Turn) -> Newer | None:
        """Return the newest record of the same thing that was sent, if any is newer; another key's is said only."""
        found = [newer for name in self.things.sought(record) for newer in self._later(name, turn)]
        known = [each for each in found if self.same_account or each.account.is_same(self.account)]
        if not known and found:
            reason = f"run {found[0].run} sent newer records with another key at {self.account.place}"
            self._say_once(f"{reason}: if that is the same account, add --same-account")
        elif not known and (killed := next((run for run, began in self._killed if began > turn[0]), None)):
            self._say_once(f"run {killed} was killed: whether it sent newer records in its last second is not known")
        return max(known, key=lambda each: each.began, default=None)

    def _later(self, name: bytes, turn: Turn) -> list[Newer]:
        rows = self._rows(f"{_SENT} UNION ALL {_PASSED}", name, *turn, self.account.key, name, *turn)
        return [Newer(run, began, Account(self.account.place, key, stored)) for run, began, key, stored in rows]

    @cached_property
    def _killed(self) -> list[tuple[int, int]]:
        return self.died() if self._is_readable else []

    @cached_property
    def _opened(self) -> sqlite3.Connection:
        opened = self._held.enter_context(closing(self.connect()))
        opened.execute("CREATE TEMP TABLE passed (name BLOB PRIMARY KEY, began INTEGER, line INTEGER) WITHOUT ROWID")
        return opened

    def close(self) -> None:
        """Close the file; it stays."""
        self._held.close()

    def passed(self, record: Mapping[str, Any], turn: Turn) -> None:
        """Take note of a record that this run is about to send: it comes before older ones of one file."""
        for name in self.things.names(record):
            self._rows("INSERT OR REPLACE INTO passed VALUES (?, ?, ?)", name, *turn)

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        try:
            with database.explained(self.path):
                return self._opened.execute(statement, values).fetchall() if self._is_readable else []
        except ConfigurationError as error:
            self._say_once(f"whether later runs sent newer records is not known: {error}")
            self._is_readable = False
            return []

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self.say(text)

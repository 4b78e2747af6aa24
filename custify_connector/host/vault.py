"""The credentials of this machine by name: what is known of each in a table, its key in a key store.

Decides in which order the two change, so that a crash at any point leaves the old credential or the new one, never
half of each. It does not know how a key is tested.
"""

from __future__ import annotations

import dataclasses
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, NoReturn

from custify_connector.checking.secret import Secret
from custify_connector.checking.wording import suggestion
from custify_connector.contract import CredentialReport
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import home, key_stores, words
from custify_connector.host.key_stores import KeyStore, Kind
from custify_connector.storage.database import Schema, decoded, opened

RESERVED = "environment"
"""The name that runs with the key of CUSTIFY_API_KEY have."""


@dataclass(frozen=True)
class Entry:
    """What is known of a credential, its key aside; times are ISO 8601 in UTC, None when there was none.

    `store` and `handle` tell where the key is; `id` is chosen once. `tested_code` is the code of the last test,
    `verified_at` the time of the last test that succeeded.
    """

    name: str
    description: str
    base_url: str | None
    allow_host: str | None
    store: Kind
    handle: str
    added: str
    verified_at: str | None = None
    tested_at: str | None = None
    tested_code: str | None = None
    used_at: str | None = None
    id: str | None = None


_COLUMNS = ", ".join(field.name for field in dataclasses.fields(Entry))
_PLACES = ", ".join("?" for _ in dataclasses.fields(Entry))
_SCHEMA = Schema(
    b"CfyV",
    frozenset({"credentials"}),
    (
        """
CREATE TABLE IF NOT EXISTS credentials (name, description, base_url, allow_host, store, handle, added, verified_at,
  tested_at, tested_code, used_at, PRIMARY KEY (name))
""",
        # An id stays with a credential when its name or its key is replaced.
        "ALTER TABLE credentials ADD COLUMN id; UPDATE credentials SET id = lower(hex(randomblob(8)))",
    ),
)


class CredentialMapping(dict[str, Any]):
    """A credential as the hooks take it. Printing it, as a traceback or a debugger may, does not show the key.

    `stored` is the lasting id of one that is stored, whatever its name or key; None for any other.
    """

    stored: str | None = None

    def __repr__(self) -> str:
        return repr({name: Secret(value) if name == "api_key" else value for name, value in self.items()})

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a credential cannot be pickled or copied into another process")


class OpaqueMapping(CredentialMapping):
    """A credential of another connector: it is unknown which of its fields are secret, so it shows none."""

    def __repr__(self) -> str:
        return repr(dict.fromkeys(self, Secret("")))

    __str__ = __repr__


def now() -> str:
    """Return the time as it is kept."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


class Vault:
    """The credentials in the data directory; nothing is made before the first. Every call may raise ConfigurationError.

    That is: no such credential, a table in use or damaged, a keyring that is locked, a full disk.
    """

    def __init__(self) -> None:
        self._folder = home.directory()
        self.path = self._folder / "credentials.sqlite"

    def entries(self) -> list[Entry]:
        """Return every credential, by name."""
        if not self.path.exists():
            return []
        with opened(home.private(self.path), _SCHEMA) as database:
            rows = database.execute(f"SELECT {_COLUMNS} FROM credentials ORDER BY name")  # noqa: S608 - our own names
            with decoded(self.path):
                return [_entry(row) for row in rows]

    def find(self, name: str) -> Entry:
        """Return one credential; raises ConfigurationError, with the name that was meant where one is close."""
        known = {entry.name: entry for entry in self.entries()}
        if name not in known:
            remedy = suggestion(name, known) if known else ": custify credential add stores one"
            raise ConfigurationError((Fault("credential", f"there is no {name!r}{remedy}"),))
        return known[name]

    def credential(self, name: str) -> CredentialMapping:
        """Return a credential as the hooks take it, with its key."""
        entry = self.find(name)
        key = self._store(entry.store).get(entry.handle)
        if key is None:
            reason = f"the key of {name!r} is no longer in {self._store(entry.store).place}"
            raise ConfigurationError((Fault("credential", f"{reason}: custify credential rotate {name}"),))
        return mapping_of(entry, key)

    def place_of(self, entry: Entry) -> str:
        """Return where a credential's key is, in words; a keyring is not asked."""
        return self._store("file").place if entry.store == "file" else "the system's keyring"

    def refuse_taken(self, name: str) -> None:
        """Raise ConfigurationError when there is such a credential already, or there can be none of this name."""
        if name == RESERVED or not name.strip() or not words.is_one_line(name) or name.startswith("-"):
            raise ConfigurationError((Fault("credential", f"{name!r} cannot be a name: choose another"),))
        if any(entry.name == name for entry in self.entries()):
            remedy = f"custify credential rotate {name} replaces its key, rename and remove make room"
            raise ConfigurationError((Fault("credential", f"there is {name!r} already: {remedy}"),))

    def add(self, entry: Entry, key: Secret, store: KeyStore) -> Entry:
        """Keep a new credential; its store and handle are chosen here."""
        self.refuse_taken(entry.name)
        kept = dataclasses.replace(entry, store=store.kind, handle=_handle(entry.name), id=secrets.token_hex(8))
        with self._changing() as database, _kept(store, kept.handle, key):
            try:
                database.execute(
                    f"INSERT INTO credentials ({_COLUMNS}) VALUES ({_PLACES})",  # noqa: S608 - question marks
                    dataclasses.astuple(kept),
                )
            except sqlite3.IntegrityError:
                self.refuse_taken(entry.name)
                raise
        return kept

    def rotate(self, name: str, key: Secret, report: CredentialReport) -> None:
        """Replace the key by a verified one; the old one goes last."""
        entry = self.find(name)
        store, handle = self._store(entry.store), _handle(name)
        with self._changing() as database, _kept(store, handle, key):
            database.execute("UPDATE credentials SET handle = ? WHERE name = ?", (handle, name))
        with self._changing():
            store.drop(entry.handle)
        self.tested(name, report)

    def rename(self, name: str, new: str) -> None:
        """Give a credential another name; its key stays where it is."""
        self.find(name)
        self.refuse_taken(new)
        with self._changing() as database:
            database.execute("UPDATE credentials SET name = ? WHERE name = ?", (new, name))

    def remove(self, name: str) -> None:
        """Forget a credential, its key first: what cannot be forgotten stays on the list."""
        entry = self.find(name)
        with self._changing() as database:
            self._store(entry.store).drop(entry.handle)
            database.execute("DELETE FROM credentials WHERE name = ?", (name,))

    def tested(self, name: str, report: CredentialReport) -> None:
        """Record what a test found."""
        with self._changing() as database:
            database.execute(
                "UPDATE credentials SET tested_at = ?, tested_code = ?, verified_at = coalesce(?, verified_at)"
                " WHERE name = ?",
                (now(), report.code, report.verified_at, name),
            )

    def used(self, name: str) -> None:
        """Record that a command takes it now; a failure of this is not a reason to stop the command."""
        with suppress(ConfigurationError), self._changing() as database:
            database.execute("UPDATE credentials SET used_at = ? WHERE name = ?", (now(), name))

    def store(self, kind: Kind | None = None) -> KeyStore:
        """Return the store for a new key: of this kind, or the best that there is."""
        return self._store(kind) if kind else key_stores.preferred(self._folder)

    def _store(self, kind: Kind) -> KeyStore:
        return key_stores.of_kind(kind, self._folder)

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """Hold the table for a change: of all processes one at a time, and all of the change or none."""
        home.made()
        with opened(home.private(self.path), _SCHEMA) as database:
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("COMMIT")


@contextmanager
def _kept(store: KeyStore, handle: str, key: Secret) -> Iterator[None]:
    """Keep a key before the table speaks of it, and forget it again when the table could not be changed."""
    store.put(handle, key)
    try:
        yield
    except BaseException:
        with suppress(ConfigurationError):
            store.drop(handle)
        raise


def _entry(row: tuple[Any, ...]) -> Entry:
    entry = Entry(*row)
    if not all(isinstance(text, str) for text in (entry.name, entry.handle, *filter(None, row))):
        raise TypeError("a credential's fields are texts")
    return entry


def _handle(name: str) -> str:
    return f"{name} {secrets.token_hex(8)}"


def mapping_of(entry: Entry, key: Secret) -> CredentialMapping:
    """Return the mapping that the hooks take for an entry and its key."""
    optional = {"description": entry.description, "base_url": entry.base_url, "allow_host": entry.allow_host}
    given = {name: value for name, value in optional.items() if value}
    credential = CredentialMapping({"name": entry.name, "api_key": key.reveal(), **given})
    credential.stored = entry.id
    return credential

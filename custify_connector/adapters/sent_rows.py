"""The rows of a stream that were sent, in a file of SQLite: what a later sync asks before it sends one.

A row is a digest; what it holds is not in the file. It does not know hosts, and decides nothing.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

from custify_connector.checking.secret import Secret
from custify_connector.host.account import Account, account_of
from custify_connector.plugin import connector
from custify_connector.storage import database, locks
from custify_connector.storage.database import Schema

_SCHEMA = Schema(
    b"CfyR",
    frozenset(),
    ("CREATE TABLE rows (digest BLOB PRIMARY KEY, sent INTEGER NOT NULL) WITHOUT ROWID",),
)

Fate = Literal["sent", "unclear"]


class SentRows:
    """The rows of one stream to one destination of one account; no other process may use them meanwhile.

    `whose` is what `account` returns. Each call may raise ConfigurationError: the file cannot be used, or another sync
    holds it.
    """

    def __init__(self, folder: Path, whose: Account, stream: str, endpoint: str) -> None:
        digest = hashlib.sha256(f"{whose.place}\0{whose.key}\0{stream}".encode(errors="surrogatepass")).hexdigest()[:32]
        self._path = folder / f"{endpoint}-{digest}.sent"
        with ExitStack() as held, database.explained(self._path):
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(locks.held(self._path.with_name(self._path.name + ".run"), str(self._path)))
            self._database: sqlite3.Connection = database.connect(self._path, _SCHEMA)
            held.callback(self._database.close)
            self._held = held.pop_all()

    def fate(self, digest: bytes) -> Fate | None:
        """Return the outcome of a row, None for one that was never passed, or certainly not sent."""
        with database.explained(self._path):
            found = self._database.execute("SELECT sent FROM rows WHERE digest = ?", (digest,)).fetchone()
        return None if found is None else "sent" if found[0] else "unclear"

    def give(self, digest: bytes) -> None:
        """Record that a row is passed now: until more is known, its fate is unclear."""
        self._run("INSERT OR REPLACE INTO rows VALUES (?, 0)", digest)

    def sent(self, digest: bytes) -> None:
        """Record that a row was sent."""
        self._run("UPDATE rows SET sent = 1 WHERE digest = ?", digest)

    def forget(self, digest: bytes) -> None:
        """Record that a row was certainly not sent."""
        self._run("DELETE FROM rows WHERE digest = ?", digest)

    def _run(self, statement: str, digest: bytes) -> None:
        with database.explained(self._path):
            self._database.execute(statement, (digest,))

    def close(self) -> None:
        """Close the file; it stays."""
        self._held.close()


def account(credential: Mapping[str, Any]) -> Account:
    """Return the account that a credential opens; the key cannot be found from it."""
    return account_of(connector.describe(), credential, [Secret(str(credential.get("api_key", "")))])

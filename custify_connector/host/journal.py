"""The journal of a write run: which rows were sent, and with which outcome, one commit a row.

Decides what a resumed run sends again. A row is known by the hash of its record, and by how many equal ones came before
it: its line may change. A row's content is kept as a hash only; it does not know hooks or Custify.
"""

from __future__ import annotations

import dataclasses
import hashlib
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from datetime import datetime, timezone
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from custify_connector.checking.json_values import dumps, loads
from custify_connector.checking.values import dumped
from custify_connector.contract import OUTCOMES, Receipt
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import account as accounts
from custify_connector.host.account import Account
from custify_connector.storage import database, locks
from custify_connector.storage.database import Schema

_DECIDED = frozenset({"sent", "unchanged", "rejected"})
_START = b"SQLite format 3\0"
_OPEN, _UNDER_WAY, _SETTLED = 0, 1, 2
"""The states of a row: may be sent, may have arrived, needs nothing more."""
_NEVER = 2**62
"""The pass in which a row of an earlier run is met: only a replay of its quarantine finds it, by its place."""


def _by_content(opened: sqlite3.Connection) -> None:
    """Let rows of 0.1.0 be found by their hash; until then, one without a receipt was taken for under way."""
    opened.execute(f"ALTER TABLE rows ADD COLUMN state INTEGER NOT NULL DEFAULT {_UNDER_WAY}")
    opened.execute("ALTER TABLE rows ADD COLUMN met INTEGER NOT NULL DEFAULT 0")
    opened.execute("ALTER TABLE rows ADD COLUMN kept INTEGER NOT NULL DEFAULT 0")
    opened.execute("UPDATE rows SET kept = 1")  # which of them a quarantine holds was not noted
    opened.create_function("state_of", 1, _state_of)
    opened.execute("UPDATE rows SET state = state_of(receipt) WHERE receipt IS NOT NULL")
    opened.execute("CREATE INDEX rows_by_content ON rows (hash, state, met)")
    for column in ("passes INTEGER NOT NULL DEFAULT 1", "input BLOB", "began TEXT", "account BLOB"):
        opened.execute(f"ALTER TABLE run ADD COLUMN {column}")


_SCHEMA = Schema(
    b"CfyJ",
    frozenset({"rows", "run"}),
    (
        """
CREATE TABLE IF NOT EXISTS rows (place INTEGER PRIMARY KEY, hash BLOB NOT NULL, receipt BLOB);
CREATE TABLE IF NOT EXISTS run (destination TEXT NOT NULL, finished INTEGER NOT NULL)
""",
        _by_content,
    ),
)


@dataclass(frozen=True)
class Entry:
    """What is known of a row: the hash of its record, and its receipt, None where the run ended before there was one.

    `is_sent` is False for a row without a receipt that was not sent yet.
    """

    hash: bytes
    receipt: Receipt | None
    is_sent: bool = True

    @property
    def decided(self) -> bool:
        """Whether the row needs nothing more."""
        return self.receipt is not None and self.receipt.outcome in _DECIDED

    @property
    def unclear(self) -> bool:
        """Whether the row may have arrived, or not."""
        if self.receipt is None:
            return self.is_sent
        return self.receipt.outcome == "failed" and self.receipt.code == "unclear"


@dataclass(frozen=True)
class Known:
    """What a journal says of its run: None, or no input, for what one of 0.1.0 does not say.

    `inputs` are the names that its input had so far, the present one last; `began` is ISO 8601 in UTC.
    """

    destination: str
    finished: bool
    inputs: tuple[str, ...]
    began: str | None
    account: Account | None


def hash_of(record: Mapping[str, Any]) -> bytes:
    """Return a hash of all that a record holds."""
    return hashlib.sha256(dumped(record)).digest()


class Journal:
    """The rows of one run, each with a place of its own. A killed process loses nothing that was written here.

    It may be used from several threads. Nothing is made before the first row. Each call may raise ConfigurationError:
    the file cannot be used, is not a journal, belongs to another destination or account (None takes any), or is in use
    by another run, which would send the same rows.
    """

    def __init__(  # noqa: PLR0913 - whose it is
        self,
        path: Path,
        destination: str | None,
        *,
        resume: bool,
        account: Account | None = None,
        input_name: str | None = None,
        same_account: bool = False,
    ) -> None:
        self.path = path
        self._destination = destination
        self._resume = resume
        self._account = account
        self._input = input_name
        self._same_account = same_account
        self._held = ExitStack()
        self._turn = threading.Lock()
        self._passes = 1
        self._places = count(1)
        self._unrecorded: dict[int, bytes] = {}

    @cached_property
    def _database(self) -> sqlite3.Connection:
        with database.explained(self.path), ExitStack() as held:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            held.enter_context(locks.held(self.path.with_name(self.path.name + ".run"), str(self.path)))
            _refuse_other_kinds(self.path)
            opened = database.connect(self.path, _SCHEMA, one_thread=False)
            held.callback(opened.close)
            self._claim(opened)
            self._held = held.pop_all()
        return opened

    def _claim(self, opened: sqlite3.Connection) -> None:
        """Make the journal that of this run, in one transaction: a resumed one, or a new one without any row."""
        with opened:
            opened.execute("BEGIN IMMEDIATE")
            known = _known(self.path, opened) if self._resume else None
            if known is None:
                opened.execute("DELETE FROM rows WHERE NOT kept")
                opened.execute("UPDATE rows SET met = ?", (_NEVER,))
                opened.execute("DELETE FROM run")
                began = datetime.now(timezone.utc).isoformat(timespec="seconds")
                opened.execute(
                    "INSERT INTO run (destination, finished, began, passes) VALUES (?, 0, ?, 0)",
                    (self._destination or "", began),
                )
            else:
                self._refuse_foreign(known)
            if self._account:
                opened.execute("UPDATE run SET account = ?", (dumps(self._account.words()),))
            if self._input is not None:
                others = (name for name in (known.inputs if known else ()) if name != self._input)
                _name_inputs(opened, [*others, self._input])
            is_looked_at = self._destination is None
            opened.execute("UPDATE run SET finished = finished AND ?, passes = passes + 1", (is_looked_at,))
            (self._passes,) = opened.execute("SELECT passes FROM run").fetchone()
            (last,) = opened.execute("SELECT coalesce(max(place), 0) FROM rows").fetchone()
            self._places = count(last + 1)

    def _refuse_foreign(self, known: Known) -> None:
        if self._destination not in {known.destination, None}:
            reason = f"is the journal of a run to {known.destination}, not to {self._destination}"
            raise ConfigurationError((Fault(str(self.path), f"{reason}: name another with --journal"),))
        if self._account is None or self._same_account:
            return
        if known.account is None or not known.account.is_same(self._account):
            raise ConfigurationError((Fault(str(self.path), foreign(known.account, self._account)),))

    @property
    def finished(self) -> bool:
        """Whether the run that wrote it came to its end, with every row decided."""
        found = self._run("SELECT finished FROM run")
        return bool(found and found[0])

    def finish(self) -> None:
        """Record that every row is decided: to resume the run does nothing more."""
        self._run("UPDATE run SET finished = 1")

    def meet(self, record_hash: bytes) -> tuple[int, Entry | None]:
        """Return the place of a row that this run comes to, and what is known of it, None for a new row.

        Of equal rows each has a place of its own; those that need nothing more come first. A new row is recorded with
        what happens to it first: one that was only met is a new row to the next run, too.
        """
        _ = self._database  # it says which pass this is
        for state in (_SETTLED, _UNDER_WAY, _OPEN) if self._passes > 1 else ():
            found = self._run(
                "SELECT place, receipt FROM rows WHERE hash = ? AND state = ? AND met < ? LIMIT 1",
                *(record_hash, state, self._passes),
            )
            if found:
                self._run("UPDATE rows SET met = ? WHERE place = ?", self._passes, found[0])
                return found[0], self._entry(record_hash, found[1], state)
        place = next(self._places)
        self._unrecorded[place] = record_hash
        return place, None

    def find(self, place: int) -> Entry | None:
        """Return what is known of a row, None when there is no such place."""
        found = self._run("SELECT hash, receipt, state FROM rows WHERE place = ?", place)
        return self._entry(*found) if found else None

    def _entry(self, record_hash: bytes, receipt: object, state: int) -> Entry:
        with database.decoded(self.path):
            return Entry(record_hash, _receipt(receipt) if receipt else None, bool(receipt) or state != _OPEN)

    def give(self, place: int, record_hash: bytes) -> None:
        """Record that a row may have arrived from now on; it need not have been met."""
        self._run(
            "INSERT INTO rows (place, hash, met, state) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET hash = excluded.hash, state = excluded.state, receipt = NULL",
            *(place, record_hash, self._passes, _UNDER_WAY),
        )

    def send(self, places: Iterable[int]) -> None:
        """Record, in one step, that rows which were met may have arrived from now on."""
        self._change(list(places), state=_UNDER_WAY, receipt=None)

    def keep(self, place: int) -> None:
        """Write down that a quarantine holds a row: its place stays its own, also when a new run begins."""
        self._change([place], kept=1)

    def decide(self, place: int, receipt: Receipt) -> None:
        """Record the outcome of a row; one that was only met and not tried stays a new row to the next run."""
        if receipt.outcome == "not_tried" and place in self._unrecorded:
            return
        words = dataclasses.asdict(dataclasses.replace(receipt, response=None))
        kept = dumped({name: value for name, value in words.items() if value is not None})
        self._change([place], receipt=kept, state=_state(receipt))

    def _change(self, places: list[int], **values: object) -> None:
        """Change columns of rows in one transaction: for one row a single statement, which is the quickest."""
        with self._turn, database.explained(self.path):
            opened = self._database
            with nullcontext() if len(places) == 1 else opened:
                if len(places) != 1:
                    opened.execute("BEGIN IMMEDIATE")
                for place in places:
                    opened.execute(*self._changing(place, values))
        for place in places:
            self._unrecorded.pop(place, None)

    def _changing(self, place: int, values: dict[str, object]) -> tuple[str, list[object]]:
        """Return the statement that changes a row, or records one that was only met so far."""
        if place not in self._unrecorded:
            changes = ", ".join(f"{name} = ?" for name in values)
            return f"UPDATE rows SET {changes} WHERE place = ?", [*values.values(), place]  # noqa: S608 - columns
        row = {"place": place, "hash": self._unrecorded[place], "met": self._passes, "state": _OPEN, **values}
        marks = ", ".join("?" for _ in row)
        return f"INSERT INTO rows ({', '.join(row)}) VALUES ({marks})", list(row.values())  # noqa: S608 - columns

    def _run(self, statement: str, *values: object) -> tuple[Any, ...] | None:
        """Run a statement, and return its first row, None when it has none."""
        with self._turn, database.explained(self.path):
            rows: list[tuple[Any, ...]] = self._database.execute(statement, values).fetchall()
            return rows[0] if rows else None

    def close(self) -> None:
        """Close the file; it stays."""
        self._held.close()


def _state(receipt: Receipt) -> int:
    return _SETTLED if receipt.outcome in _DECIDED else _UNDER_WAY if receipt.code == "unclear" else _OPEN


def _state_of(text: object) -> int:
    try:
        return _state(_receipt(text))
    except (TypeError, ValueError):
        return _UNDER_WAY  # it is damaged: who comes to this row is given the reason


def _receipt(text: Any) -> Receipt:  # noqa: ANN401 - whatever the file holds
    """Return a receipt that was recorded; raises TypeError or ValueError for what is none."""
    words = loads(text)
    receipt = Receipt(**words)
    if receipt.outcome not in OUTCOMES or not isinstance(receipt.index, int):
        raise ValueError(receipt.outcome)
    return receipt


def foreign(before: Account | None, now: Account) -> str:
    """Return why a run to one account cannot continue with the journal of another, and what to do."""
    if before is None:
        reason = f"was written by version 0.1.0, which did not record the account; this run is for {now}"
        return f"{reason}. If that is the account, add --same-account; else leave out --resume"
    reason = f"is the journal of a run to the account {before}, and this run is for {now}"
    return f"{reason}; {accounts.REMEDY}; for a run of its own, leave out --resume"


def _known(path: Path, opened: sqlite3.Connection) -> Known | None:
    row = opened.execute("SELECT destination, finished, input, began, account FROM run").fetchone()
    if row is None:
        return None
    with database.decoded(path):
        account = accounts.of_words(loads(row[4])) if row[4] else None
        inputs = tuple(str(name) for name in loads(row[2])) if row[2] else ()
        return Known(str(row[0]), row[1] == 1, inputs, row[3], account)


def _name_inputs(opened: sqlite3.Connection, names: list[str]) -> None:
    opened.execute("UPDATE run SET input = ?", (dumps(names),))


def leave(path: Path, input_name: str) -> None:
    """Record that a run of this input has another journal from now on."""
    with database.opened(path, _SCHEMA) as opened:
        before = _known(path, opened)
        _name_inputs(opened, [name for name in (before.inputs if before else ()) if name != input_name])


def _refuse_other_kinds(path: Path) -> None:
    """Raise ConfigurationError for a file that is not a database: it may be what the run is to send."""
    if path.is_file():
        with path.open("rb") as stream:
            start = stream.read(len(_START))
        if start and start != _START:
            raise ConfigurationError((Fault(str(path), "is not a journal: name another file, or move this one away"),))


def known(path: Path) -> Known | None:
    """Return what a journal says of its run, None where there is none yet.

    Raises ConfigurationError for a file that is not a journal, or cannot be read.
    """
    if not path.exists():
        return None
    _refuse_other_kinds(path)
    with database.opened(path, _SCHEMA) as opened:
        return _known(path, opened)

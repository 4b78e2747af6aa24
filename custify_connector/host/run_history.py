"""The history of runs, in a table of this machine: begun, followed, listed, forgotten.

Decides how long runs are kept, and which of those that never said goodbye have died.
"""

from __future__ import annotations

import dataclasses
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import home, latest, processes, run_rows
from custify_connector.host.recorded_run import FIELDS, Run, row_of, run_of
from custify_connector.host.run_listing import Listing
from custify_connector.host.run_rows import RunRow
from custify_connector.storage import database as storage
from custify_connector.storage.database import Schema

KEPT = 10_000
"""How many runs are kept without being asked; the oldest go first."""

_BETWEEN_PRUNINGS = 100
_BUSY_SECONDS = 2.0

_DIED = "its process was killed, or the machine stopped"
_LAST_OF_STATES = "SELECT max(id) FROM runs WHERE state_name IS NOT NULL GROUP BY state_name"
_FIRST = """
CREATE TABLE IF NOT EXISTS runs (id INTEGER PRIMARY KEY AUTOINCREMENT, kind, endpoint, credential, settings, command,
  folder, input, output, state, state_name, quarantine, journal, run_id, status, reason, exit_code, started, ended,
  seconds, records, errors, size, outcomes, machine, pid, pid_started, connector);
CREATE INDEX IF NOT EXISTS runs_by_credential ON runs (credential, started);
CREATE INDEX IF NOT EXISTS runs_by_state ON runs (state_name);
CREATE INDEX IF NOT EXISTS runs_by_status ON runs (status);
CREATE TABLE IF NOT EXISTS samples (run INTEGER, place INTEGER, seconds REAL, records INTEGER, PRIMARY KEY (run, place))
"""


def _add_connector(database: sqlite3.Connection) -> None:
    """Give a file that is older than 0.1.0 the column that came last."""
    if not any(row[1] == "connector" for row in database.execute("PRAGMA table_info(runs)")):
        database.execute("ALTER TABLE runs ADD COLUMN connector DEFAULT ''")


_PROGRESS = "ALTER TABLE runs ADD COLUMN total; ALTER TABLE runs ADD COLUMN waits NOT NULL DEFAULT '{}'"
_SCHEMA = Schema(
    b"CfyR", frozenset({"runs", "samples"}), (_FIRST, _add_connector, run_rows.TABLES, _PROGRESS, latest.TABLES)
)


class RunHistory:
    """The runs of this machine, newest first. Every call may raise ConfigurationError: the file cannot be used."""

    def __init__(self, busy_seconds: float = _BUSY_SECONDS) -> None:
        self.path = home.directory() / "runs.sqlite"
        self._busy_seconds = busy_seconds

    def begin(self, run: Run) -> Run:
        """Record that a run of this process begins; returns it with its id."""
        home.made()
        begun = _begun(run)
        values = row_of(vars(begun))
        places = ", ".join("?" for _ in values)
        with self.opened() as database:
            cursor = database.execute(
                f"INSERT INTO runs ({', '.join(values)}) VALUES ({places})",  # noqa: S608 - our own names
                tuple(values.values()),
            )
            number = cursor.lastrowid or 0
            if number % _BETWEEN_PRUNINGS == 0:
                with storage.decoded(self.path):
                    _prune(database, KEPT, None)
        return dataclasses.replace(begun, id=number)

    def update(self, run_id: int, changes: Mapping[str, Any], rows: Iterable[RunRow] = ()) -> None:
        """Record how far a run has come, or that it has ended, and the outcomes of rows."""
        encoded = row_of(changes)
        assignments = ", ".join(f"{name} = ?" for name in encoded)
        with self.opened() as database:
            database.execute("BEGIN IMMEDIATE")
            run_rows.add(database, run_id, rows)
            database.execute(
                f"UPDATE runs SET {assignments} WHERE id = ?",  # noqa: S608 - our own names
                (*encoded.values(), run_id),
            )
            if "seconds" in changes and "records" in changes:
                sample = (run_id, _place(changes["seconds"]), changes["seconds"], changes["records"])
                database.execute("INSERT OR REPLACE INTO samples VALUES (?, ?, ?, ?)", sample)
            database.execute("COMMIT")

    def samples(self, run_id: int) -> list[tuple[float, int]]:
        """Return how far a run was when: seconds since it began, and records; about a thousand in ten hours."""
        if not self.path.exists():
            return []
        with self.opened() as database:
            rows = database.execute("SELECT seconds, records FROM samples WHERE run = ? ORDER BY seconds", (run_id,))
            return [(seconds, records) for seconds, records in rows]

    def page(self, count: int, before: int | None = None, wanted: Mapping[str, str] | None = None) -> list[Run]:
        """Return the newest runs, those older than `before`; `wanted` gives values of endpoint, credential or status.

        Who asks for running or died gets both sorted out here, since the file cannot know which have died.
        """
        chosen = dict(wanted or {})
        status = chosen.pop("status", None)
        conditions = {f"{name} = ?": value for name, value in chosen.items()}
        if status:
            conditions["status = ?"] = "running" if status == "died" else status
        if before is not None:
            conditions["id < ?"] = str(before)
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        judged = status in {"running", "died"}
        runs = self._select(f"{where} ORDER BY id DESC LIMIT ?", (*conditions.values(), -1 if judged else count))
        return [run for run in runs if not judged or run.status == status][:count]

    def listed(self, listing: Listing, count: int, start: int = 0) -> tuple[list[Run], int]:
        """Return a page of the runs that are wanted, and how many they are in all."""
        where, values = listing.where()
        if listing.is_judged:
            every = [
                run for run in self._select(f"{where} ORDER BY {listing.by}", values) if run.status == listing.status
            ]
            return every[start : start + count], len(every)
        runs = self._select(f"{where} ORDER BY {listing.by} LIMIT ? OFFSET ?", (*values, count, start))
        if not self.path.exists():
            return [], 0
        with self.opened() as database:
            total = database.execute(f"SELECT count(*) FROM runs {where}", values).fetchone()[0]  # noqa: S608 - our own
        return runs, int(total)

    def find(self, number: int) -> Run:
        """Return one run; raises ConfigurationError when there is none with that number."""
        found = self._select("WHERE id = ?", (number,))
        if not found:
            raise ConfigurationError((Fault("run", f"there is no run {number}: custify runs lists them"),))
        return found[0]

    def ended_into(self, output: str) -> datetime | None:
        """Return when the last read that finished into a file had ended; None where none did."""
        where = "WHERE kind = 'read' AND output = ? AND status = 'finished' ORDER BY id DESC LIMIT 1"
        found = self._select(where, (output,))
        return datetime.fromisoformat(found[0].ended.replace("Z", "+00:00")) if found and found[0].ended else None

    def count(self) -> int:
        """Return how many runs there are."""
        if not self.path.exists():
            return 0
        with self.opened() as database:
            return int(database.execute("SELECT count(*) FROM runs").fetchone()[0])

    def uses(self, connector: str = "") -> dict[str, tuple[int, str]]:
        """Return for each credential of a connector how many runs took it, and when the last one began."""
        if not self.path.exists():
            return {}
        with self.opened() as database:
            rows = database.execute(
                "SELECT credential, count(*), max(started) FROM runs WHERE connector = ? GROUP BY credential",
                (connector,),
            )
            return {name: (count, last) for name, count, last in rows}

    def last_of_states(self) -> dict[str, Run]:
        """Return the last run of each state that is kept by name."""
        return {run.state_name: run for run in self._select(f"WHERE id IN ({_LAST_OF_STATES})", ()) if run.state_name}

    def needing(self, credential: str) -> list[Run]:
        """Return the runs that need a credential yet: they run now, or resume from a state by name."""
        running = self._select("WHERE credential = ? AND connector = '' AND status = 'running'", (credential,))
        named = [run for run in self.last_of_states().values() if run.credential == credential and not run.connector]
        alive = [run for run in running if run.status == "running"]
        return list({run.id: run for run in (*alive, *named)}.values())

    def rows(self, run_id: int, outcome: str | None, count: int, start: int = 0) -> list[RunRow]:
        """Return rows of a run, those with one outcome or all; none of a read."""
        return self._rows(lambda database: run_rows.of_run(database, run_id, outcome, count, start))

    def reasons(self, run_id: int) -> list[tuple[str, str, int]]:
        """Return each outcome and reason of the rows of a run that were not accepted, and how many."""
        if not self.path.exists():
            return []
        with self.opened() as database, storage.decoded(self.path):
            return run_rows.reasons(database, run_id)

    def rows_about(self, text: str, count: int) -> list[RunRow]:
        """Return the newest rows of all runs whose key is a text, or begins with it."""
        return self._rows(lambda database: run_rows.about(database, text, count))

    def row(self, number: int) -> RunRow:
        """Return one row; raises ConfigurationError when it is not kept."""
        found = self._rows(lambda database: run_rows.one(database, number))
        if not found:
            raise ConfigurationError((Fault("row", f"there is no row {number}: rows go with their run"),))
        return found[0]

    def _rows(self, select: Callable[[sqlite3.Connection], list[RunRow]]) -> list[RunRow]:
        if not self.path.exists():
            return []
        with self.opened() as database, storage.decoded(self.path):
            return select(database)

    def renamed(self, name: str, new: str) -> None:
        """Let the runs of a credential follow its new name."""
        if self.path.exists():
            with self.opened() as database:
                database.execute("UPDATE runs SET credential = ? WHERE credential = ? AND connector = ''", (new, name))

    def prune(self, keep: int | None = None, days: float | None = None) -> int:
        """Forget runs beyond the newest `keep`, and those older than so many days; returns how many went.

        What runs now stays, and so does the last run of each named state.
        """
        if not self.path.exists():
            return 0
        with self.opened() as database, storage.decoded(self.path):
            return _prune(database, keep, days)

    def _select(self, tail: str, values: tuple[Any, ...]) -> list[Run]:
        if not self.path.exists():
            return []
        with self.opened() as database:
            rows = database.execute(f"SELECT {', '.join(FIELDS)} FROM runs {tail}", values)  # noqa: S608 - our own
            with storage.decoded(self.path):
                return [_judged(run_of(row)) for row in rows]

    def connect(self) -> sqlite3.Connection:
        """Open the file for long, which is made when it is missing."""
        home.made()
        return storage.connect(home.private(self.path), _SCHEMA, self._busy_seconds)

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Open the file for a moment, which is made when it is missing."""
        with storage.opened(home.private(self.path), _SCHEMA, self._busy_seconds) as database:
            yield database


def _begun(run: Run) -> Run:
    pid = processes.own()
    return dataclasses.replace(
        run,
        run_id=time.time_ns() // 1_000_000,
        started=_now(),
        machine=processes.machine(),
        pid=pid,
        pid_started=processes.started(pid),
    )


def _prune(database: sqlite3.Connection, keep: int | None, days: float | None) -> int:
    gone = [(run.id,) for run in _old(database, keep, days) if run.status != "running"]
    database.execute("BEGIN IMMEDIATE")
    database.executemany("DELETE FROM runs WHERE id = ?", gone)
    database.executemany("DELETE FROM samples WHERE run = ?", gone)
    run_rows.prune(database)
    latest.prune(database)
    database.execute("COMMIT")
    return len(gone)


def _old(database: sqlite3.Connection, keep: int | None, days: float | None) -> list[Run]:
    """Return the runs beyond the newest `keep`, and those of before so many days; none that a named state needs."""
    conditions: dict[str, str | int] = {}
    if keep is not None:
        conditions["id <= (SELECT id FROM runs ORDER BY id DESC LIMIT 1 OFFSET ?)"] = keep
    if days is not None:
        since = datetime.now(timezone.utc) - timedelta(days=days)
        conditions["started < ?"] = since.isoformat(timespec="seconds")
    old = f"({' OR '.join(conditions) or 'false'}) AND id NOT IN ({_LAST_OF_STATES})"
    rows = database.execute(f"SELECT {', '.join(FIELDS)} FROM runs WHERE {old}", tuple(conditions.values()))  # noqa: S608 - our own
    return [_judged(run_of(row)) for row in rows.fetchall()]


def _place(seconds: float) -> int:
    """Return the place of a sample: each second has one at first, later each ten and each sixty, so they stay few."""
    apart = next((step for until, step in ((300, 1), (3600, 10)) if seconds < until), 60)
    return int(seconds // apart * apart)


def _judged(run: Run) -> Run:
    """Return a run that still counts as running as one that has died, when its process is gone."""
    if run.status != "running" or processes.is_running(run.pid, run.pid_started, run.machine):
        return run
    return dataclasses.replace(run, status="died", reason=_DIED)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")

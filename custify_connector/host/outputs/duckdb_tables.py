"""A staged file published as a table of a DuckDB database, with its state, in one transaction.

Decides when a table is replaced and when it is merged by key, how a column is widened, and which tables are ours.
A reader sees the table as it was, or as it is, never in between.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.outputs.duckdb_engine import STORAGE, TYPES, connected, literal, quoted, select, with_memory
from custify_connector.host.outputs.kinds import Kind, descriptions
from custify_connector.host.outputs.lines import Publish
from custify_connector.host.outputs.place import written
from custify_connector.host.outputs.stream import Stream
from custify_connector.host.outputs.tables import Table, staged, table_of, write_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

STATE_TABLE = "_custify_state"

_LOCKS: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
_LAYOUT = f"""
CREATE TABLE IF NOT EXISTS {STATE_TABLE} (
  stream VARCHAR PRIMARY KEY, key VARCHAR, columns VARCHAR, state VARCHAR, whole BOOLEAN,
  records BIGINT, written_at TIMESTAMP
)"""


@dataclass(frozen=True)
class Known:
    """What the database knows of a stream: its key, its columns (by path: name and kind), its state.

    `present` are the columns that the table has; a kind is None where no value ever came. `whole` tells that all of the
    stream was read.
    """

    key: tuple[str, ...]
    names: Mapping[str, str]
    kinds: Mapping[str, Kind | None]
    present: frozenset[str]
    state: dict[str, Any] | None
    whole: bool


def publish_table(path: Path, stream: Stream, version: str = STORAGE) -> Publish:
    """Return what publishes a staged file as the table of a stream, whose rows are named by its key."""

    def publish(part: Path, state: dict[str, Any] | None, merges: bool) -> None:
        job = _Job(path, stream, part, part.with_name(part.name + ".rows"), version)
        try:
            with _LOCKS[path.resolve()]:
                with_memory(lambda memory: _in_one_step(job, state, memory, merges=merges))
        finally:
            job.rows.unlink(missing_ok=True)

    return publish


def stored_state(path: Path, stream: str) -> dict[str, Any] | None:
    """Return the state that was kept with a stream's table, None where there is none.

    Raises ConfigurationError for a database that is in use, or is none.
    """
    found = _looked_up(path, stream)
    return found.state if found else None


def holds_all(path: Path, stream: str) -> bool:
    """Tell whether a stream's table was read whole, so that a part of it must not take its place.

    Raises ConfigurationError for a database that is in use, or is none.
    """
    found = _looked_up(path, stream)
    return found is not None and found.whole


def _looked_up(path: Path, stream: str) -> Known | None:
    if not path.exists():
        return None
    with _LOCKS[path.resolve()], connected(path) as database:
        ours = _exists(database, STATE_TABLE) and _exists(database, stream)
        return _known(database, stream) if ours else None


@dataclass(frozen=True)
class _Job:
    path: Path
    stream: Stream
    part: Path
    rows: Path
    version: str

    @property
    def table(self) -> str:
        return quoted(self.stream.name)

    def refused(self, reason: str) -> ConfigurationError:
        return ConfigurationError((Fault(f"{self.path}: table {self.stream.name}", reason),))


def _in_one_step(job: _Job, state: dict[str, Any] | None, memory: str, *, merges: bool) -> None:
    with written(job.path), connected(job.path, job.part.parent, memory=memory, version=job.version) as database:
        database.execute("BEGIN")
        database.execute(_LAYOUT)
        _publish(database, job, state, merges=merges)
        database.execute("COMMIT")


def _publish(database: DuckDBPyConnection, job: _Job, state: dict[str, Any] | None, *, merges: bool) -> None:
    known, there = _known(database, job.stream.name), _exists(database, job.stream.name)
    if there and known is None:
        raise job.refused("was not written by custify: name another database, or remove the table")
    merges = merges and there and known is not None
    if merges and known is not None and known.key != job.stream.key:
        raise job.refused(
            f"has the key {_words(known.key)}, not {_words(job.stream.key)}: read it once with --mode full"
        )
    before = known if merges else None
    table = table_of(job.stream, before.names if before else None, before.kinds if before else None)
    fresh = select(write_rows(table, staged(job.part), job.rows), table.shown)
    if before is not None:
        _widen(database, job, table, before)
        _merge(database, job, fresh, [table.columns.add(path) for path in job.stream.key])
    else:
        database.execute(f"CREATE OR REPLACE TABLE {job.table} AS {fresh}")
    _comment(database, job, table, before)
    kept = {"replaced": state, "kept": known.state if known else None, "forgotten": None}
    _remember(database, job, table, kept[job.stream.cursor])


def _words(key: tuple[str, ...]) -> str:
    return " with ".join(key) or "none"


def _widen(database: DuckDBPyConnection, job: _Job, table: Table, known: Known) -> None:
    """Add the columns that are new, and widen those whose values no longer fit."""
    for name, kind in table.shown.items():
        before = known.kinds.get(name) or "text"
        if name not in known.present:
            database.execute(f"ALTER TABLE {job.table} ADD COLUMN {quoted(name)} {TYPES[kind]}")
        elif TYPES[before] != TYPES[kind] or _is_of_old(database, job, name, kind):
            change = f"ALTER COLUMN {quoted(name)} SET DATA TYPE {TYPES[kind]} USING {_widened(name, before, kind)}"
            database.execute(f"ALTER TABLE {job.table} {change}")


def _comment(database: DuckDBPyConnection, job: _Job, table: Table, before: Known | None) -> None:
    """Let the columns that are new say what they hold, as the schema does."""
    said = {table.columns.names.get(path): text for path, text in descriptions(job.stream.schema) if text}
    for name in table.shown:
        if name in said and (before is None or name not in before.present):
            database.execute(f"COMMENT ON COLUMN {job.table}.{quoted(name)} IS {literal(said[name])}")
    about = job.stream.schema.get("description")
    if about and before is None:
        database.execute(f"COMMENT ON TABLE {job.table} IS {literal(about)}")


def _is_of_old(database: DuckDBPyConnection, job: _Job, name: str, kind: Kind) -> bool:
    """Say whether a column of moments is one of 0.1.0, whose type had no zone."""
    if kind != "moment":
        return False
    query = f"SELECT typeof({quoted(name)}) FROM (SELECT NULL) LEFT JOIN {job.table} ON true LIMIT 1"  # noqa: S608 - quoted
    return bool(database.execute(query).fetchone() == ("TIMESTAMP",))


def _merge(database: DuckDBPyConnection, job: _Job, fresh: str, keys: Iterable[str]) -> None:
    """Put the new rows in the place of those with their keys; a key that is null names no row, and takes no place."""
    same = " AND ".join(f"old.{quoted(name)} = fresh.{quoted(name)}" for name in keys)
    database.execute(f"DELETE FROM {job.table} AS old USING ({fresh}) AS fresh WHERE {same}")  # noqa: S608 - every part is quoted
    database.execute(f"INSERT INTO {job.table} BY NAME {fresh}")


def _widened(name: str, before: Kind, after: Kind) -> str:
    """Return a column's values as the wider type; a moment is written as it came, to the microsecond.

    Moments are taken by their microseconds: other functions take the zone of the machine into account.
    """
    column = quoted(name)
    if after == "moment":
        return f"make_timestamptz(epoch_us({column}))"
    if before == "moment":
        column = f"strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%S.%fZ')"
    return f"to_json({column})" if after == "json" else f"CAST({column} AS {TYPES[after]})"


def _exists(database: DuckDBPyConnection, table: str) -> bool:
    query = (
        "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'main' AND lower(table_name) = lower(?)"
    )
    found = database.execute(query, [table]).fetchone()
    return bool(found and found[0])


def _known(database: DuckDBPyConnection, stream: str) -> Known | None:
    query = f"SELECT key, columns, state, whole FROM {STATE_TABLE} WHERE stream = ?"  # noqa: S608 - a constant
    found = database.execute(query, [stream]).fetchone()
    if found is None:
        return None
    columns = orjson.loads(found[1])
    names = {path: name for path, (name, _kind, _present) in columns.items()}
    kinds = {name: kind for name, kind, _present in columns.values()}
    present = frozenset(name for name, _kind, is_there in columns.values() if is_there)
    state = orjson.loads(found[2]) if found[2] else None
    return Known(tuple(orjson.loads(found[0])), names, kinds, present, state, bool(found[3]))


def _remember(database: DuckDBPyConnection, job: _Job, table: Table, state: dict[str, Any] | None) -> None:
    shown = table.shown
    columns = {path: (name, table.kinds.get(name), name in shown) for path, name in table.columns.names.items()}
    texts = [orjson.dumps(value).decode() for value in (job.stream.key, columns)]
    kept = orjson.dumps(state).decode() if state is not None else None
    now = datetime.now(timezone.utc).replace(tzinfo=None).isoformat()
    database.execute(
        f"INSERT OR REPLACE INTO {STATE_TABLE} SELECT ?, ?, ?, ?, ?, "  # noqa: S608 - names are quoted
        f"(SELECT count(*) FROM {job.table}), CAST(? AS TIMESTAMP)",
        [job.stream.name, *texts, kept, job.stream.whole, now],
    )

"""The tables of a DuckDB database, as `database_tables` fills them; opened with little memory first."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from custify_connector.host.outputs import database_tables
from custify_connector.host.outputs.database_tables import Job, Known, known_of, quoted
from custify_connector.host.outputs.duckdb_engine import STORAGE, TYPES, connected, select, with_memory
from custify_connector.host.outputs.kinds import Kind
from custify_connector.host.outputs.lines import Publish
from custify_connector.host.outputs.place import written
from custify_connector.host.outputs.stream import Stream
from custify_connector.host.outputs.tables import Rows, Table, staged, write_rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_LOCKS: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)


def publish_table(path: Path, stream: Stream, version: str = STORAGE) -> Publish:
    """Return what publishes a staged file as the table of a stream, whose rows are named by its key."""

    def publish(part: Path, state: dict[str, Any] | None, merges: bool) -> None:
        job = Job(str(path), stream, part)

        def in_one_step(memory: str) -> None:
            with written(path), connected(path, part.parent, memory=memory, version=version) as database:
                database.execute("BEGIN")
                engine = _DuckDB(database)
                database_tables.make_state_table(engine)
                database_tables.publish(engine, job, state, merges=merges)
                database.execute("COMMIT")

        try:
            with _LOCKS[path.resolve()]:
                with_memory(in_one_step)
        finally:
            job.rows.unlink(missing_ok=True)

    return publish


def stored(path: Path, stream: str) -> Known | None:
    """Return what the database keeps of a stream that has a table, None where there is none.

    Raises ConfigurationError for a database that is in use, or is none.
    """
    if not path.exists():
        return None
    with _LOCKS[path.resolve()], connected(path) as database:
        engine = _DuckDB(database)
        return known_of(engine, stream) if engine.columns_of(stream) is not None else None


class _DuckDB:
    """See `Engine`; what is staged is a file of flat rows."""

    types: Mapping[Kind, str] = TYPES
    keeps_tables = False
    timestamp = "TIMESTAMP"

    def __init__(self, database: DuckDBPyConnection) -> None:
        self._database = database

    def named(self, table: str) -> str:
        """See `Engine`."""
        return quoted(table)

    def execute(self, statement: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """See `Engine`."""
        return self._database.execute(statement, list(values)).fetchone()

    def columns_of(self, table: str) -> frozenset[str] | None:
        """See `Engine`."""
        query = (
            "SELECT list(column_name) FROM information_schema.columns "
            "WHERE table_schema = 'main' AND lower(table_name) = lower($1)"
        )
        found = self.execute(query, [table])
        return frozenset(found[0]) if found and found[0] else None

    def stage(self, job: Job, table: Table) -> Rows:
        """See `Engine`."""
        return write_rows(table, staged(job.part), job.rows, rounds_decimals=True)

    def fill(self, job: Job, table: Table, staged: Rows) -> None:
        """See `Engine`."""
        self.execute(f"CREATE OR REPLACE TABLE {self.named(job.stream.name)} AS {select(staged, table.shown)}")

    def merge(self, job: Job, table: Table, staged: Rows, keys: Sequence[str]) -> None:
        """See `Engine`."""
        named, fresh = self.named(job.stream.name), select(staged, table.shown)
        same = " AND ".join(f"old.{quoted(name)} = fresh.{quoted(name)}" for name in keys)
        self.execute(f"DELETE FROM {named} AS old USING ({fresh}) AS fresh WHERE {same}")  # noqa: S608 - every part is quoted
        self.execute(f"INSERT INTO {named} BY NAME {fresh}")

    def has_changed(self, job: Job, name: str, before: Kind, kind: Kind) -> bool:
        """See `Engine`."""
        return TYPES[before] != TYPES[kind] or (kind == "moment" and self._is_of_old(job, name))

    def _is_of_old(self, job: Job, name: str) -> bool:
        """Say whether a column of moments is one of 0.1.0, whose type had no zone."""
        table = self.named(job.stream.name)
        query = f"SELECT typeof({quoted(name)}) FROM (SELECT NULL) LEFT JOIN {table} ON true LIMIT 1"  # noqa: S608 - quoted
        return self.execute(query) == ("TIMESTAMP",)

    def widened(self, name: str, before: Kind, kind: Kind) -> str:
        """See `Engine`; a moment is written as it came, to the microsecond.

        Moments are taken by their microseconds: other functions take the zone of the machine into account.
        """
        column = quoted(name)
        if kind == "moment":
            return f"make_timestamptz(epoch_us({column}))"
        if before == "moment":
            column = f"strftime(make_timestamp(epoch_us({column})), '%Y-%m-%dT%H:%M:%S.%fZ')"
        return f"to_json({column})" if kind == "json" else f"CAST({column} AS {TYPES[kind]})"

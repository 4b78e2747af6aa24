"""The tables of a PostgreSQL schema, as `database_tables` fills them, with the speed of COPY.

Decides what is kept when a table is filled again: the table itself, so that views, rights and readers of it stay. A
primary key is set where the rows have one value for each of its columns, and dropped when rows come that have not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.outputs import database_tables
from custify_connector.host.outputs.copy_text import copy_lines
from custify_connector.host.outputs.database_tables import Job, Known, known_of, literal, quoted
from custify_connector.host.outputs.kinds import Kind
from custify_connector.host.outputs.lines import Publish
from custify_connector.host.outputs.place import written
from custify_connector.host.outputs.postgres_engine import Address, connected, psycopg_module
from custify_connector.host.outputs.postgres_waiting import until_asked_to_end
from custify_connector.host.outputs.stream import Stream
from custify_connector.host.outputs.tables import Rows, Table, rows_of, staged, write_rows

_TYPES: dict[Kind, str] = {
    "boolean": "boolean",
    "integer": "bigint",
    "long": "bigint",
    "number": "double precision",
    "moment": "timestamp with time zone",
    "text": "text",
    "json": "jsonb",
}
_FRESH = "_custify_fresh"


def prepare(address: Address, streams: Sequence[str], *, keep: bool = True) -> dict[str, Known]:
    """Make the schema and its table of states where they are missing; return what is known of each stream.

    Raises ConfigurationError where a run could not write: rights, and tables that are not ours. Without `keep`, nothing
    is made.
    """
    with connected(address) as connection:
        engine = _Postgres(connection, address)
        engine.lock("")
        if engine.execute("SELECT to_regnamespace($1)", [quoted(address.schema)]) == (None,):
            engine.execute(f"CREATE SCHEMA {quoted(address.schema)}")
        database_tables.make_state_table(engine)
        there = [name for name in streams if engine.columns_of(name) is not None]
        known = {name: found for name in there if (found := known_of(engine, name))}
        foreign = [name for name in there if name not in known]
        if not keep:
            connection.rollback()
    if foreign:
        reason = "was not written by custify: name another schema, or remove the table"
        raise ConfigurationError(tuple(Fault(f"{address}: table {name}", reason) for name in foreign))
    return known


def stored(address: Address, stream: str) -> Known | None:
    """Return what the schema keeps of a stream that has a table, None where there is none."""
    with connected(address, read_only=True) as connection:
        engine = _Postgres(connection, address)
        return known_of(engine, stream) if engine.columns_of(stream) is not None else None


def version_of(known: Known | None) -> str:
    """Return what distinguishes one write of a stream's table from the next; of the characters of a file's name."""
    return "".join(filter(str.isdigit, known.version)) if known else "0"


def publish_table(address: Address, stream: Stream, version: str) -> Publish:
    """Return what publishes a staged file as the table of a stream; `version` is that of the table when it began."""

    def publish(part: Path, state: dict[str, Any] | None, merges: bool) -> None:
        job = Job(str(address), stream, part)
        try:
            with written(part), connected(address) as connection:
                engine = _Postgres(connection, address)
                engine.lock(stream.name)
                present = known_of(engine, stream.name) if engine.columns_of(stream.name) is not None else None
                if version_of(present) != version:
                    raise job.refused("another run has written it since this one began: give the same command again")
                database_tables.publish(engine, job, state, merges=merges)
        finally:
            job.rows.unlink(missing_ok=True)
        for old in part.parent.glob(f"{stream.name}.*.jsonl"):  # of runs that began before another wrote the table
            if old != part:
                old.unlink(missing_ok=True)

    return publish


class _Postgres:
    """See `Engine`; what is staged is a file of flat rows."""

    types: Mapping[Kind, str] = _TYPES
    keeps_tables = True
    timestamp = "timestamp with time zone"

    def __init__(self, connection: Any, address: Address) -> None:  # noqa: ANN401 - of an extra
        self._connection = connection
        self._schema = address.schema

    def lock(self, stream: str) -> None:
        """Wait for other machines that write this stream; the lock ends with the transaction."""
        self.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [f"custify {self._schema}.{stream}"])

    def named(self, table: str) -> str:
        """See `Engine`."""
        return f"{quoted(self._schema)}.{quoted(table)}"

    def execute(self, statement: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """See `Engine`."""
        cursor = self._connection.execute(statement, list(values) or None)
        found: tuple[Any, ...] | None = cursor.fetchone() if cursor.description else None
        return found

    def columns_of(self, table: str) -> frozenset[str] | None:
        """See `Engine`."""
        query = (
            "SELECT array_agg(attname::text) FROM pg_attribute WHERE attrelid = to_regclass($1) "
            "AND attnum > 0 AND NOT attisdropped HAVING to_regclass($1) IS NOT NULL"
        )
        found = self.execute(query, [self.named(table)])
        return None if found is None else frozenset(found[0] or ())

    def stage(self, job: Job, table: Table) -> Rows:
        """See `Engine`."""
        return write_rows(table, until_asked_to_end(staged(job.part, with_nul=False)), job.rows)

    def fill(self, job: Job, table: Table, staged: Rows) -> None:
        """See `Engine`; columns that no row has any more stay, and are null."""
        named = self.named(job.stream.name)
        if self.columns_of(job.stream.name) is None:
            columns = ", ".join(f"{quoted(name)} {_TYPES[kind]}" for name, kind in table.shown.items())
            self.execute(f"CREATE TABLE {named} ({columns})")
        else:
            self.execute(f"DELETE FROM {named}")  # noqa: S608 - quoted
        keys = [table.columns.names.get(path, "") for path in job.stream.key]
        is_there = set(keys) <= set(table.shown)  # a read of a few fields may leave them out
        self._keyed(job, keys if is_there else (), lambda: self._copy(named, table, staged))

    def _copy(self, named: str, table: Table, rows: Rows) -> None:
        kinds = table.shown
        columns = ", ".join(map(quoted, kinds))
        with self._connection.cursor().copy(f"COPY {named} ({columns}) FROM STDIN") as copy:
            for block in until_asked_to_end(copy_lines(rows_of(rows), kinds)):
                copy.write(block)

    def merge(self, job: Job, table: Table, staged: Rows, keys: Sequence[str]) -> None:
        """See `Engine`."""
        named, kinds = self.named(job.stream.name), table.shown
        columns = ", ".join(f"{quoted(name)} {_TYPES[kind]}" for name, kind in kinds.items())
        self.execute(f"CREATE TEMP TABLE {_FRESH} ({columns}) ON COMMIT DROP")
        self._copy(f"pg_temp.{_FRESH}", table, staged)
        same = " AND ".join(f"old.{quoted(name)} = fresh.{quoted(name)}" for name in keys)
        names = ", ".join(map(quoted, kinds))

        def replace() -> None:
            self.execute(f"DELETE FROM {named} AS old USING pg_temp.{_FRESH} AS fresh WHERE {same}")  # noqa: S608 - every part is quoted
            self.execute(f"INSERT INTO {named} ({names}) SELECT {names} FROM pg_temp.{_FRESH}")  # noqa: S608 - the same

        self._keyed(job, keys, replace)

    def _keyed(self, job: Job, keys: Sequence[str], load: Callable[[], None]) -> None:
        """Load rows, with the primary key where they fit it; without it they are loaded all the same."""
        held = self._primary_key(job)
        if held is not None and held[1] != list(keys):
            self._drop_key(job, *held)
            held = None
        if held is None:
            load()
        elif not self._fits(load):
            self._drop_key(job, *held)
            load()
            return
        if held is None and keys:
            named = ", ".join(map(quoted, keys))
            statement = f"ALTER TABLE {self.named(job.stream.name)} ADD PRIMARY KEY ({named})"
            self._fits(lambda: self.execute(statement))

    def _fits(self, work: Callable[[], object]) -> bool:
        """Do work, or undo it where the rows have no key, have one twice, or one that is too long for an index."""
        module = psycopg_module()
        try:
            with self._connection.transaction():
                work()
        except (module.IntegrityError, module.errors.ProgramLimitExceeded):
            return False
        return True

    def _primary_key(self, job: Job) -> tuple[str, list[str]] | None:
        """Return the name and the columns of the primary key."""
        query = (
            "SELECT conname, array_agg(attname::text ORDER BY place) FROM pg_constraint, "
            "unnest(conkey) WITH ORDINALITY AS keys(number, place) JOIN pg_attribute ON attnum = number "
            "WHERE contype = 'p' AND conrelid = to_regclass($1) AND attrelid = conrelid GROUP BY conname"
        )
        found = self.execute(query, [self.named(job.stream.name)])
        return (str(found[0]), list(found[1])) if found else None

    def _drop_key(self, job: Job, name: str, columns: Sequence[str]) -> None:
        free = ", ".join(f"ALTER COLUMN {quoted(column)} DROP NOT NULL" for column in columns)
        self.execute(f"ALTER TABLE {self.named(job.stream.name)} DROP CONSTRAINT {quoted(name)}, {free}")

    def has_changed(self, job: Job, name: str, before: Kind, kind: Kind) -> bool:  # noqa: ARG002 - see `Engine`
        """See `Engine`."""
        return _TYPES[before] != _TYPES[kind]

    def widened(self, name: str, before: Kind, kind: Kind) -> str:
        """See `Engine`; a moment is written as it came, to the microsecond."""
        column = quoted(name)
        if before == "moment":
            column = f"to_char({column} AT TIME ZONE 'UTC', {literal(_MOMENT)})"
        return f"to_jsonb({column})" if kind == "json" else f"CAST({column} AS {_TYPES[kind]})"


_MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'

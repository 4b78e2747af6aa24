"""A staged file published as a table of a database, with its state, in one transaction; for any engine.

Decides when a table is replaced and when it is merged by key, which columns are added or widened, and which tables are
ours. How an engine says it is the engine's own. A reader sees the table as it was, or as it is, never in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Protocol

from custify_connector.checking.json_values import dumps, loads
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.outputs.kinds import Kind, descriptions
from custify_connector.host.outputs.stream import Stream
from custify_connector.host.outputs.tables import Table, table_of

STATE_TABLE = "_custify_state"


@dataclass(frozen=True)
class Known:
    """What the database knows of a stream: its key, its columns (by path: name and kind), its state.

    A kind is None where no value ever came. `whole` says that all of the stream was read; `version` changes with every
    write.
    """

    key: tuple[str, ...]
    names: Mapping[str, str]
    kinds: Mapping[str, Kind | None]
    state: dict[str, Any] | None
    whole: bool
    version: str


@dataclass(frozen=True)
class Job:
    """A stream to be published: where (`place` is for people), and the file in which it is staged."""

    place: str
    stream: Stream
    part: Path

    @property
    def rows(self) -> Path:
        """Where the flat rows are meanwhile."""
        return self.part.with_name(self.part.name + ".rows")

    def refused(self, reason: str) -> ConfigurationError:
        """Return the error that names the table."""
        return ConfigurationError((Fault(f"{self.place}: table {self.stream.name}", reason),))


class Engine(Protocol):
    """An open transaction of a database, and how it says what is done to a table."""

    types: Mapping[Kind, str]
    keeps_tables: bool
    """Whether a table stays when it is filled again: then its columns are added and widened, never dropped."""
    timestamp: str
    """The type of the moment at which a table was written."""

    def named(self, table: str) -> str:
        """Return the name of a table as SQL writes it."""

    def execute(self, statement: str, values: Sequence[Any] = ()) -> tuple[Any, ...] | None:
        """Execute a statement whose values are `$1`, `$2` …; returns its first row."""

    def columns_of(self, table: str) -> frozenset[str] | None:
        """Return the columns that a table has, None where there is none."""

    def fill(self, job: Job, table: Table, staged: Any) -> None:  # noqa: ANN401 - what `stage` gave
        """Replace the table by the rows, or make it."""

    def stage(self, job: Job, table: Table) -> Any:  # noqa: ANN401 - the engine's own
        """Return the rows for `fill` and `merge`; the table of columns is widened by them."""

    def merge(self, job: Job, table: Table, staged: Any, keys: Sequence[str]) -> None:  # noqa: ANN401 - the same
        """Put the rows in the place of those with their keys; a key that is null names no row."""

    def has_changed(self, job: Job, name: str, before: Kind, kind: Kind) -> bool:
        """Whether a column must get the type of another kind."""

    def widened(self, name: str, before: Kind, kind: Kind) -> str:
        """Return a column's values as those of a wider kind."""


def quoted(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def make_state_table(engine: Engine) -> None:
    """Make the table of states where there is none."""
    engine.execute(
        f"CREATE TABLE IF NOT EXISTS {engine.named(STATE_TABLE)} (stream VARCHAR PRIMARY KEY, key VARCHAR, "
        f"columns VARCHAR, state VARCHAR, whole BOOLEAN, records BIGINT, written_at {engine.timestamp})"
    )


def publish(engine: Engine, job: Job, state: dict[str, Any] | None, *, merges: bool) -> None:
    """Publish a staged file; raises ConfigurationError for a table that is not ours, or that has another key."""
    columns, known = engine.columns_of(job.stream.name), known_of(engine, job.stream.name)
    if columns is not None and known is None:
        raise job.refused("was not written by custify: name another database, or remove the table")
    before = known if columns is not None and (merges or engine.keeps_tables) else None
    merges = merges and before is not None
    if merges and before is not None and before.key != job.stream.key:
        raise job.refused(
            f"has the key {_words(before.key)}, not {_words(job.stream.key)}: read it once with --mode full"
        )
    table = table_of(job.stream, before.names if before else None, before.kinds if before else None)
    staged = engine.stage(job, table)
    if before is not None:
        _widen(engine, job, table, before, columns or frozenset())
    if merges:
        engine.merge(job, table, staged, [table.columns.add(path) for path in job.stream.key])
    else:
        engine.fill(job, table, staged)
    _comment(engine, job, table, columns if merges else None)
    kept = {"replaced": state, "kept": known.state if known else None, "forgotten": None}
    _remember(engine, job, table, kept[job.stream.cursor])


def _words(key: tuple[str, ...]) -> str:
    return " with ".join(key) or "none"


def _widen(engine: Engine, job: Job, table: Table, before: Known, columns: frozenset[str]) -> None:
    """Add the columns that are new, and widen those whose values no longer fit."""
    alter = f"ALTER TABLE {engine.named(job.stream.name)}"
    for name, kind in table.shown.items():
        old = before.kinds.get(name) or "text"
        if name not in columns:
            engine.execute(f"{alter} ADD COLUMN {quoted(name)} {engine.types[kind]}")
        elif engine.has_changed(job, name, old, kind):
            change = f"SET DATA TYPE {engine.types[kind]} USING {engine.widened(name, old, kind)}"
            engine.execute(f"{alter} ALTER COLUMN {quoted(name)} {change}")


def _comment(engine: Engine, job: Job, table: Table, before: frozenset[str] | None) -> None:
    """Let the columns that are new say what they hold, as the schema does."""
    said = {table.columns.names.get(path): text for path, text in descriptions(job.stream.schema) if text}
    named = engine.named(job.stream.name)
    for name in table.shown:
        if name in said and (before is None or name not in before):
            engine.execute(f"COMMENT ON COLUMN {named}.{quoted(name)} IS {literal(said[name])}")
    about = job.stream.schema.get("description")
    if about and before is None:
        engine.execute(f"COMMENT ON TABLE {named} IS {literal(about)}")


def known_of(engine: Engine, stream: str) -> Known | None:
    """Return what the table of states has of a stream; None where it has nothing, or is missing."""
    if engine.columns_of(STATE_TABLE) is None:
        return None
    query = "SELECT key, columns, state, whole, CAST(written_at AS VARCHAR)"
    found = engine.execute(f"{query} FROM {engine.named(STATE_TABLE)} WHERE stream = $1", [stream])
    if found is None:
        return None
    key, columns, state, whole, version = found
    columns = loads(columns)
    return Known(
        tuple(loads(key)),
        {path: name for path, (name, _kind, _shown) in columns.items()},
        {name: kind for name, kind, _shown in columns.values()},
        loads(state) if state else None,
        bool(whole),
        str(version),
    )


def _remember(engine: Engine, job: Job, table: Table, state: dict[str, Any] | None) -> None:
    shown = table.shown
    columns = {path: (name, table.kinds.get(name), name in shown) for path, name in table.columns.names.items()}
    texts = [dumps(value).decode() for value in (job.stream.key, columns)]
    kept = dumps(state).decode() if state is not None else None
    now = datetime.now(timezone.utc).replace(tzinfo=None).isoformat()
    replaced = ", ".join(
        f"{name} = excluded.{name}" for name in ("key", "columns", "state", "whole", "records", "written_at")
    )
    engine.execute(
        f"INSERT INTO {engine.named(STATE_TABLE)} (stream, key, columns, state, whole, records, written_at) "  # noqa: S608 - names are quoted
        f"SELECT $1, $2, $3, $4, $5, (SELECT count(*) FROM {engine.named(job.stream.name)}), CAST($6 AS TIMESTAMP) "
        f"ON CONFLICT (stream) DO UPDATE SET {replaced}",
        [job.stream.name, *texts, kept, job.stream.whole, now],
    )

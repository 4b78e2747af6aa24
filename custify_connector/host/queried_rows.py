"""Rows of a Parquet file, or of a table or query in a DuckDB database, opened to read only, one at a time.

Decides how DuckDB's values become those of JSON: null is an empty cell, moments are in UTC. It does not know what the
rows are for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from custify_connector.checking.values import NotJson, plain
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.outputs.duckdb_engine import connected, literal, quoted
from custify_connector.host.rows import Row, Table, input_form, open_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_AT_ONCE = 1000


@dataclass(frozen=True)
class Choice:
    """Which rows of a database: those of a table, or those of a query."""

    table: str | None = None
    query: str | None = None


ALL = Choice()
"""No choice: all rows of a file."""


def check_choice(path: str, choice: Choice) -> None:
    """Raise ConfigurationError where it is not said which rows of a database are meant, or said twice."""
    if (choice.table is None) == (choice.query is None):
        raise ConfigurationError((Fault(path, "is a database: name its rows with --table NAME or --query SQL"),))


@contextmanager
def open_input(path: str, form: str | None = None, choice: Choice = ALL) -> Iterator[Table]:
    """Open an input of any form; raises ConfigurationError for one that cannot be used."""
    form = form or input_form(path)
    if form != "duckdb" and choice != ALL:
        raise ConfigurationError((Fault(path, "is no database: --table and --query are for those"),))
    if form in {"parquet", "duckdb"} and path == "-":
        raise ConfigurationError((Fault("FILE", f"{form} cannot be read from standard input: name a file"),))
    opened = {"parquet": lambda: open_parquet(path), "duckdb": lambda: open_database(path, choice)}
    with opened.get(form, lambda: open_table(path, form))() as table:
        yield table


@contextmanager
def open_parquet(path: str) -> Iterator[Table]:
    """Open a Parquet file; raises ConfigurationError when it is missing or none."""
    if not Path(path).is_file():
        raise ConfigurationError((Fault(path, "cannot be opened: No such file or directory"),))
    with connected(None) as database, _faults_named(path):
        yield _table(path, database, f"SELECT * FROM read_parquet({literal(path)})")  # noqa: S608 - it is quoted


@contextmanager
def open_database(path: str, choice: Choice) -> Iterator[Table]:
    """Open rows of a DuckDB database; raises ConfigurationError for a database, table or query that cannot be read."""
    check_choice(path, choice)
    if not Path(path).is_file():
        raise ConfigurationError((Fault(path, "cannot be opened: No such file or directory"),))
    query = choice.query or f"SELECT * FROM {quoted(choice.table or '')}"  # noqa: S608 - it is quoted
    name = choice.table or f"query {hashlib.sha256(query.encode()).hexdigest()[:8]}"
    with connected(Path(path), read_only=True) as database, _faults_named(path):
        yield _table(f"{path}: {name}", database, query.strip().rstrip(";"))


@contextmanager
def _faults_named(path: str) -> Iterator[None]:
    """Name the file in place of the engine."""
    try:
        yield
    except ConfigurationError as error:
        named = (Fault(path, fault.reason) if fault.place == "duckdb" else fault for fault in error.faults)
        raise ConfigurationError(tuple(named)) from None


def _table(name: str, database: DuckDBPyConnection, query: str) -> Table:
    described = database.execute(f"DESCRIBE {query}").fetchall()
    types = {str(row[0]): str(row[1]) for row in described}
    columns = ", ".join(_column(column, kind) for column, kind in types.items())
    database.execute(f"SELECT {columns} FROM ({query})")  # noqa: S608 - the user's own query, opened to read only
    return Table(name, tuple(types), _rows(database, types))


def _column(name: str, kind: str) -> str:
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"{quoted(name)} AT TIME ZONE 'UTC' AS {quoted(name)}"
    return quoted(name)


def _rows(database: DuckDBPyConnection, types: dict[str, str]) -> Iterator[Row]:
    line = 0
    while block := database.fetchmany(_AT_ONCE):
        for values in block:
            line += 1
            yield _row(line, values, types)


def _row(line: int, values: tuple[Any, ...], types: dict[str, str]) -> Row:
    cells = zip(types.items(), values, strict=True)
    try:
        return Row(line, {column: _cell(column, value, kind) for (column, kind), value in cells}, flat=True)
    except NotJson as error:
        return Row(line, {}, f"has in {error.place!r} what JSON cannot carry: it {error}")


def _cell(column: str, value: Any, kind: str) -> Any:  # noqa: ANN401 - any value of a database, or of JSON
    return "" if value is None else plain(_value(value, kind), column)


def _value(value: Any, kind: str) -> Any:  # noqa: ANN401 - any value of a database
    match value:
        case str() if kind == "JSON":
            return orjson.loads(value)
        case datetime():
            return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
        case date():
            return value.isoformat()
        case time() | timedelta():
            return str(value)
        case _:
            return value

"""Rows of a Parquet file, or of a table or query in a DuckDB database, opened to read only, one at a time.

Decides which columns are read, and that nothing but the named file can be. This file does not know what the rows are
for, or how a value becomes one of JSON.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from custify_connector.checking.values import NotJson, dumped
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.database_values import Cell, cell, readable
from custify_connector.host.headings import heading
from custify_connector.host.mapping import holder
from custify_connector.host.outputs.database_tables import literal, quoted
from custify_connector.host.outputs.duckdb_engine import absolute, connected, duckdb
from custify_connector.host.outputs.postgres_engine import address_of, is_postgres
from custify_connector.host.rows import Row, Table, input_form, open_table
from custify_connector.host.table_file import PLAIN_FILE, STANDARD, FileForm

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
def open_input(
    path: str,
    form: str | None = None,
    choice: Choice = ALL,
    written: FileForm = PLAIN_FILE,
    used: Collection[str] | None = None,
) -> Iterator[Table]:
    """Open an input of any form; raises ConfigurationError for one that cannot be used.

    Of a table with many columns, those that are `used` are read (None: all).
    """
    if is_postgres(path):
        with _open_address(path, form, choice, written, used) as table:
            yield table
        return
    said, form = form, form or input_form(path)
    _refuse_what_does_not_apply(path, form, choice, written)
    opened = {
        "parquet": lambda: open_parquet(path, choice.query, used),
        "duckdb": lambda: open_database(path, choice, used),
    }
    if choice.query is not None and form == "csv":
        opened["csv"] = lambda: _open_csv(path, choice.query or "", written, used)
    with opened.get(form, lambda: open_table(path, said, written))() as table:
        yield table


@contextmanager
def _open_address(
    path: str, form: str | None, choice: Choice, written: FileForm, used: Collection[str] | None
) -> Iterator[Table]:
    address = address_of(path)
    if form is not None or written != PLAIN_FILE:
        raise ConfigurationError((Fault(str(address), "is a database: leave out what says how a file is written"),))
    check_choice(str(address), choice)
    from custify_connector.host.postgres_rows import open_schema  # noqa: PLC0415 - an extra

    label = choice.table or _short(choice.query or "")
    with open_schema(
        address, choice.table, choice.query, label, lambda name: used is None or _is_used(name, used)
    ) as table:
        yield table


def _refuse_what_does_not_apply(path: str, form: str, choice: Choice, written: FileForm) -> None:
    faults = []
    if choice.table is not None and form != "duckdb":
        faults.append(Fault(path, "is not a database: --table applies to databases only"))
    if choice.query is not None and form not in {"duckdb", "parquet", "csv"}:
        faults.append(Fault(path, "is not a database, Parquet or CSV file: --query applies to those only"))
    if form in {"parquet", "duckdb"} and path == STANDARD:
        faults.append(Fault("FILE", f"{form} cannot be read from standard input: name a file"))
    fitting = {"--sheet": {"excel"}, "--delimiter": {"csv"}, "--encoding": {"csv", "jsonl"}}
    fitting |= {name: {"csv", "excel"} for name in ("--header-row", "--footer-rows")}
    said = {f"--{name.replace('_', '-')}" for name, value in vars(written).items() if value}
    if path != STANDARD:
        wrong = sorted(name for name in said if name in fitting and form not in fitting[name])
        faults += [Fault(name, f"does not apply to {form}, as which {path} is read") for name in wrong]
    if faults:
        raise ConfigurationError(tuple(faults))


def _check_exists(path: str) -> None:
    if not Path(path).is_file():
        raise ConfigurationError((Fault(path, "cannot be opened: No such file or directory"),))


@contextmanager
def open_parquet(path: str, query: str | None = None, used: Collection[str] | None = None) -> Iterator[Table]:
    """Open a Parquet file, or a query to it; raises ConfigurationError when it is missing or none.

    In a query it is the table of its own name, without the ending.
    """
    _check_exists(path)
    # What [ * ? stand for in a pattern they do not in the name of a file, and a folder's name is not a column.
    absolute(Path(path))
    pattern = re.sub(r"([\[*?])", r"[\1]", path)
    content = f"SELECT * FROM read_parquet({literal(pattern)}, hive_partitioning = false)"  # noqa: S608 - it is quoted
    with connected(None) as database, _faults_named(path):
        _let_in(database, path, pattern)
        if query is None:
            yield _table(path, database, content, used, binary_is_text=True)
        else:
            database.execute(f"CREATE TEMP VIEW {quoted(Path(path).stem)} AS {content}")
            yield _table(f"{path}: {_short(query)}", database, _one(query), used, binary_is_text=True)


@contextmanager
def open_database(path: str, choice: Choice, used: Collection[str] | None = None) -> Iterator[Table]:
    """Open rows of a DuckDB database; raises ConfigurationError for a database, table or query that cannot be read."""
    check_choice(path, choice)
    _check_exists(path)
    with connected(Path(path), read_only=True) as database, _faults_named(path):
        _let_in(database)
        table = f"SELECT * FROM {_named(database, choice.table or '')}"  # noqa: S608 - it is quoted
        query = table if choice.query is None else _one(choice.query)
        yield _table(f"{path}: {choice.table or _short(choice.query or '')}", database, query, used)


@contextmanager
def _open_csv(path: str, query: str, written: FileForm, used: Collection[str] | None) -> Iterator[Table]:
    """Open a query to a CSV file, which is the table of its own name, without the ending; each cell is text."""
    with ExitStack() as stack:
        database = stack.enter_context(connected(None))
        file = stack.enter_context(open_table(path, "csv", written))
        stack.enter_context(_faults_named(path))
        columns = [name for name in file.columns or () if name]
        name = quoted(Path(path.removesuffix(".gz").removesuffix(".zst")).stem)
        if len(set(columns)) < len(columns):
            raise ConfigurationError((Fault(path, "has two columns of one name: rename one to use --query"),))
        database.execute(f"CREATE TABLE {name} ({', '.join(f'{quoted(each)} VARCHAR' for each in columns)})")
        marks = ", ".join("?" * len(columns))
        for row in file.rows:
            if row.fault:
                raise ConfigurationError((Fault(f"{path}:{row.line}", f"{row.fault}; a --query needs every row"),))
            database.execute(f"INSERT INTO {name} VALUES ({marks})", list(row.fields.values()))  # noqa: S608 - quoted
        _let_in(database)
        found = _table(f"{path}: {_short(query)}", database, _one(query), used)
        yield Table(found.name, found.columns, found.rows, textual=True, remarks=file.remarks)


def _let_in(database: DuckDBPyConnection, *file_names: str) -> None:
    """Let the engine read these file_names and no others, and reach no network, whatever a view or a query asks for."""
    if file_names:
        both = {*file_names, *(str(Path(file).absolute()) for file in file_names)}
        database.execute(f"SET allowed_paths = [{', '.join(map(literal, sorted(both)))}]")
    database.execute("SET TimeZone = 'UTC'")
    database.execute("SET enable_external_access = false")
    database.execute("SET lock_configuration = true")


def _named(database: DuckDBPyConnection, table: str) -> str:
    """Return a table as SQL names it; a dot is one of its name, or parts it from its schema."""
    known = database.execute("SELECT 1 FROM information_schema.tables WHERE table_name = ?", [table]).fetchall()
    return quoted(table) if known else ".".join(map(quoted, table.split(".")))


def _one(query: str) -> str:
    """Return a query; raises ConfigurationError where there is not exactly one."""
    found = duckdb().extract_statements(query)
    if len(found) != 1:
        raise ConfigurationError((Fault("--query", f"must be one statement, not {len(found)}"),))
    return query


def _short(query: str) -> str:
    return f"query {hashlib.sha256(query.encode()).hexdigest()[:8]}"


@contextmanager
def _faults_named(path: str) -> Iterator[None]:
    """Name the file in place of the engine."""
    module = duckdb()
    try:
        yield
    except module.PermissionException:
        reason = "asks for another file, or for the network: a query can read nothing but the file that is named"
        raise ConfigurationError((Fault(path, reason),)) from None
    except ConfigurationError as error:
        named = (Fault(path, fault.reason) if fault.place == "duckdb" else fault for fault in error.faults)
        raise ConfigurationError(tuple(named)) from None


def _table(
    name: str,
    database: DuckDBPyConnection,
    query: str,
    used: Collection[str] | None,
    *,
    binary_is_text: bool = False,
) -> Table:
    columns = tuple(str(row[0]) for row in database.execute(f"DESCRIBE {query}").fetchall())
    # Columns go by their places: a query may give one name twice.
    places = ", ".join(f"c{at}" for at in range(len(columns)))
    database.execute(f"CREATE TEMP VIEW custify_rows ({places}) AS {query}")
    wanted = [at for at, column in enumerate(columns) if used is None or _is_used(column, used)] or [0]
    types = database.sql("SELECT * FROM custify_rows").types
    read = [readable(f"c{at}", types[at]) for at in wanted]
    database.execute(f"SELECT {', '.join(sql for sql, _ in read)} FROM custify_rows")  # noqa: S608 - of our own words
    cells = [(columns[at], make) for at, (_, make) in zip(wanted, read, strict=True)]
    return Table(name, columns, _rows(database, cells, binary_is_text=binary_is_text))


def _is_used(column: str, used: Collection[str]) -> bool:
    return any(holder(heading(name), (heading(column),)) for name in used)


def _rows(database: DuckDBPyConnection, cells: list[tuple[str, Cell]], *, binary_is_text: bool) -> Iterator[Row]:
    line = 0
    while block := database.fetchmany(_AT_ONCE):
        for values in block:
            line += 1
            yield _row(line, values, cells, binary_is_text=binary_is_text)


def _row(line: int, values: tuple[Any, ...], cells: list[tuple[str, Cell]], *, binary_is_text: bool) -> Row:
    fields, faults = {}, []
    for (column, make), value in zip(cells, values, strict=True):
        try:
            fields[column] = cell(column, value, make, binary_is_text=binary_is_text)
        except NotJson as error:  # noqa: PERF203 - each cell has a fault of its own
            faults.append(f"has a value in {error.place!r} that JSON cannot represent: it {error}")
    if faults:
        return Row(line, {}, "; ".join(faults), text=_shown(values, cells))
    return Row(line, fields, flat=True)


def _shown(values: tuple[Any, ...], cells: list[tuple[str, Cell]]) -> str:
    return dumped({column: value for (column, _), value in zip(cells, values, strict=True)}).decode()

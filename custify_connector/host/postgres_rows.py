"""Rows of a table or query of PostgreSQL, in a transaction that can only read, some hundred in memory at a time.

Decides which values come as PostgreSQL's text, because Python's own types would change them. This file does not know
what the rows are for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any

from custify_connector.checking.values import NotJson
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.contract.interrupts import current_interrupt
from custify_connector.host.database_values import Cell, cell, maker
from custify_connector.host.outputs.database_tables import quoted
from custify_connector.host.outputs.postgres_engine import Address, as_sentence, connected, psycopg_module
from custify_connector.host.rows import Row, Table

_AT_ONCE = 200
"""So few that the rows of a slow write are fetched before a server takes the session for idle."""
_AS_TEXT = (
    *("date", "time", "timetz", "timestamp", "timestamptz", "interval", "json", "jsonb", "uuid", "inet", "cidr"),
    *("int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange", "record"),
    *("int4multirange", "int8multirange", "nummultirange", "datemultirange", "tsmultirange", "tstzmultirange"),
)
_WORDS = {
    "json": "JSON",
    "jsonb": "JSON",
    "date": "DATE",
    "interval": "INTERVAL",
    **dict.fromkeys(("timestamp", "timestamptz"), "TIMESTAMP"),
}
"""Types as DuckDB calls them, whose texts are those of PostgreSQL."""


@contextmanager
def open_schema(
    address: Address, table: str | None, query: str | None, label: str, is_used: Callable[[str], bool]
) -> Iterator[Table]:
    """Open the rows of a table, or of a query in which tables of the address's schema need no prefix.

    `label` names them for people. Raises ConfigurationError for what cannot be read.
    """
    with connected(address, read_only=True) as connection, ExitStack() as stack:
        import psycopg  # noqa: PLC0415 - an extra
        from psycopg.types.string import TextLoader  # noqa: PLC0415 - the same

        connection.execute(f"SET LOCAL search_path TO {quoted(address.schema)}, public")
        for kind in _AS_TEXT:
            connection.adapters.register_loader(kind, TextLoader)
        cursor = stack.enter_context(closing(psycopg.RawServerCursor(connection, "custify_rows")))
        cursor.itersize = _AT_ONCE
        statement = query or f"TABLE {_named(address.schema, table or '')}"
        # With values, even none, PostgreSQL takes one statement alone.
        cursor.execute(statement.strip().rstrip(";"), ())
        columns = tuple(column.name for column in cursor.description or ())
        if not columns:
            raise ConfigurationError((Fault(f"{address}: {label}", "has no column: name what is to be read"),))
        makers = [_maker(connection, column) for column in cursor.description or ()]
        wanted = [at for at, name in enumerate(columns) if is_used(name)] or [0]
        cells = [(at, columns[at], makers[at]) for at in wanted]
        yield Table(f"{address}: {label}", columns, _rows(_fetched(cursor, address), cells))


def _named(schema: str, table: str) -> str:
    """Return a table as SQL names it; a dot parts it from its schema."""
    first, dot, rest = table.partition(".")
    return f"{quoted(first)}.{quoted(rest)}" if dot else f"{quoted(schema)}.{quoted(table)}"


def _maker(connection: Any, column: Any) -> Cell:  # noqa: ANN401 - of an extra
    """Return what makes the values of a column those of JSON; the items of an array go one by one."""
    info = connection.adapters.types.get(column.type_code)
    make = maker(_WORDS.get(info.name, "") if info else "")

    def made(value: Any, place: str) -> Any:  # noqa: ANN401 - any value
        if isinstance(value, list):
            return [None if each is None else made(each, f"{place}[{at}]") for at, each in enumerate(value)]
        return make(value, place)

    return made


def _fetched(cursor: Any, address: Address) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - of an extra
    """Yield what a cursor gives; none come any more when that fails because the run was asked to end."""
    try:
        yield from cursor
    except psycopg_module().Error as error:
        if not current_interrupt().is_set():
            raise as_sentence(address, error) from None


def _rows(values_of: Iterator[tuple[Any, ...]], cells: list[tuple[int, str, Cell]]) -> Iterator[Row]:
    for line, values in enumerate(values_of, start=1):
        fields, faults = {}, []
        for at, column, make in cells:
            try:
                fields[column] = cell(column, values[at], make, binary_is_text=False)
            except NotJson as error:  # noqa: PERF203 - each cell has a fault of its own
                faults.append(f"has in {error.place!r} what JSON cannot carry: it {error}")
        text = repr({column: values[at] for at, column, _ in cells}) if faults else None
        yield Row(line, {} if faults else fields, "; ".join(faults) or None, flat=True, text=text)

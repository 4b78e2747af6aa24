"""DuckDB, opened with bounds, and its words for what can go wrong; only this and its callers know SQL.

Decides how a kind of column is called in DuckDB, and how rows are read from a staged file.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.installation import unusable
from custify_connector.host.outputs.database_tables import literal, quoted
from custify_connector.host.outputs.kinds import Kind
from custify_connector.host.outputs.tables import Rows

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

MEMORY = ("64MB", "512MB", "4GB")
"""What publishing may take, then what when that was too little: the need grows with the columns, not with the rows."""

TYPES: dict[Kind, str] = {
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "long": "BIGINT",
    "number": "DOUBLE",
    "moment": "TIMESTAMP WITH TIME ZONE",
    "text": "VARCHAR",
    "json": "JSON",
}
STORAGE = "1.2"
"""The oldest version of DuckDB that can open a new database: dbt and others still pin DuckDB 1."""

_SHORTEST_BUFFER = 1024 * 1024


def duckdb() -> Any:  # noqa: ANN401 - a module
    """Return the module; raises ConfigurationError where the extra is not installed."""
    try:
        import duckdb as module  # noqa: PLC0415 - an extra, and 117 ms
    except ImportError as error:
        raise ConfigurationError((Fault("duckdb", unusable("duckdb", error)),)) from None
    return module


class NotEnoughMemory(ConfigurationError):
    """DuckDB may use more memory, or the rows must have fewer columns."""


def with_memory(work: Callable[[str], None]) -> None:
    """Do what may be repeated with little memory, and again with more where that was too little."""
    for memory in MEMORY[:-1]:
        with suppress(NotEnoughMemory):
            work(memory)
            return
    work(MEMORY[-1])


@contextmanager
def connected(
    path: Path | None,
    spill: Path | None = None,
    *,
    read_only: bool = False,
    memory: str = MEMORY[1],
    version: str = STORAGE,
) -> Iterator[DuckDBPyConnection]:
    """Open a database, in memory when it has no path; what does not fit in memory goes to the folder `spill`.

    A new database can be opened by DuckDB from `version` on. One that is opened without `spill` reaches no other file,
    whatever its views say. Raises NotEnoughMemory, and ConfigurationError when it is in use, is not a database, or
    while the disk is full.
    """
    module = duckdb()
    # A second thread doubles the memory, and a transaction is not written sooner by it.
    config = {"memory_limit": memory, "threads": 1, "preserve_insertion_order": True}
    if spill is not None:
        config["temp_directory"] = absolute(spill)
    if path is not None:
        config |= {"enable_external_access": spill is not None, "storage_compatibility_version": f"v{version}.0"}
    try:
        # An absolute path is never taken for an address such as `md:`, or for one below the home folder.
        place = absolute(path) if path else ":memory:"
        with module.connect(place, read_only=read_only, config=config) as connection:
            # It would be drawn on standard output, among the records.
            connection.execute("SET enable_progress_bar_print = false")
            yield connection
    except module.OutOfMemoryException as error:
        raise NotEnoughMemory((Fault(str(path or "duckdb"), _sentence(str(error))),)) from None
    except module.Error as error:
        raise ConfigurationError((Fault(str(path or "duckdb"), _sentence(str(error))),)) from None


_IN_USE = re.compile(r"conflicting lock|being used by another process|could not set lock", re.IGNORECASE)
_FULL = re.compile(r"no space left|file too large|disk quota|could not write|could not fsync", re.IGNORECASE)
_FOREIGN = re.compile(r"not a valid duckdb|is not a duckdb", re.IGNORECASE)


def _sentence(text: str) -> str:
    """Return what went wrong, and what to do, in place of DuckDB's own words where they are known."""
    if _IN_USE.search(text):
        return "is in use by another process: close it there, and give the same command again"
    if _FOREIGN.search(text):
        return "is not a DuckDB database: name another file"
    first = text.splitlines()[0] if text else "DuckDB failed"
    if _FULL.search(text):
        return f"cannot be written: {first}"
    return f"DuckDB: {first}"


def absolute(path: Path) -> str:
    """Return the name of a file as DuckDB takes it; raises ConfigurationError for one that is no text."""
    name = str(path.absolute())
    try:
        name.encode()
    except UnicodeEncodeError:
        reason = "has a name that is not UTF-8, which DuckDB and Parquet files must have: rename it, or its folder"
        raise ConfigurationError((Fault(str(path), reason),)) from None
    return name


def file(path: Path) -> str:
    """Return the name of a file that is read, as SQL writes it: brackets and stars in it are not a pattern."""
    return literal(re.sub(r"[*?[]", r"[\g<0>]", absolute(path)))


def select(rows: Rows, kinds: Mapping[str, Kind]) -> str:
    """Return the query for the rows of a flat file of JSON lines."""
    # Each of DuckDB's threads takes twice this much at once: more than the longest line needs would be for nothing.
    longest = max(rows.longest, _SHORTEST_BUFFER)
    read = ", ".join(f"{literal(name)}: '{_read_as(kind)}'" for name, kind in kinds.items())
    wanted = ", ".join(f"{_cast(name, kind)} AS {quoted(name)}" for name, kind in kinds.items())
    options = f"format = 'newline_delimited', maximum_object_size = {longest}, columns = {{{read}}}"
    # A folder `name=value` above the file is part of its path, no column.
    options += ", hive_partitioning = false"
    return f"SELECT {wanted} FROM read_json({file(rows.path)}, {options})"  # noqa: S608 - every part is quoted


def _read_as(kind: Kind) -> str:
    return "VARCHAR" if kind == "moment" else TYPES[kind]


def _cast(name: str, kind: Kind) -> str:
    return f"CAST({quoted(name)} AS {TYPES[kind]})" if kind == "moment" else quoted(name)

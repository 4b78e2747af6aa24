"""A staged file published as Parquet, written by DuckDB.

Decides what Parquet cannot hold: lists are JSON, which the column's type says; values of several types, some of them
texts, are text.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from custify_connector.host.outputs.database_tables import literal, quoted
from custify_connector.host.outputs.duckdb_engine import absolute, connected, select, with_memory
from custify_connector.host.outputs.lines import Publish
from custify_connector.host.outputs.place import Place, written
from custify_connector.host.outputs.stream import Stream
from custify_connector.host.outputs.tables import Table, staged, table_of, write_rows
from custify_connector.storage import atomic

_OPTIONS = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480"
"""A group of rows is held in memory until it is written: groups of the usual 122,880 took twice as much of it."""


def publish_parquet(place: Place, stream: Stream) -> Publish:
    """Return what publishes a staged file as Parquet."""

    def publish(part: Path, _state: dict[str, Any] | None, _merges: bool) -> None:
        rows, fresh = part.with_name(part.name + ".rows"), part.with_name(part.name + ".new")
        table = table_of(stream)
        try:
            with written(place.path):
                query = select(write_rows(table, staged(part), rows, rounds_decimals=True), table.shown)
                copy = f"COPY ({_with_plain_texts(query, table)}) TO {literal(absolute(fresh))} ({_OPTIONS})"
                with_memory(lambda memory: _execute(copy, part.parent, memory))
                _deliver(fresh, place)
        finally:
            rows.unlink(missing_ok=True)
            fresh.unlink(missing_ok=True)

    return publish


def _with_plain_texts(query: str, table: Table) -> str:
    """Return a query whose columns of texts and other values hold each text as it is, without JSON's quotes."""
    mixed = [quoted(name) for name, kind in table.shown.items() if kind == "json" and name in table.texts]
    if not mixed:
        return query
    texts = ", ".join(
        f"CASE json_type({name}) WHEN 'VARCHAR' THEN {name} ->> '$' ELSE CAST({name} AS VARCHAR) END AS {name}"
        for name in mixed
    )
    return f"SELECT * REPLACE ({texts}) FROM ({query})"  # noqa: S608 - every part is quoted


def _execute(statement: str, spill: Path, memory: str) -> None:
    with connected(None, spill, memory=memory) as database:
        database.execute(statement)


def _deliver(fresh: Path, place: Place) -> None:
    if place.file is not None:
        atomic.publish(fresh, place.file)
        return
    with fresh.open("rb") as source, place.opened() as sink:
        shutil.copyfileobj(source, sink)

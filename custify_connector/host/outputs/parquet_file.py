"""A staged file published as Parquet, written by DuckDB.

Decides what Parquet cannot hold: lists, and values of several types in one column, are JSON text.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from custify_connector.host.outputs.duckdb_engine import connected, literal, select, with_memory
from custify_connector.host.outputs.lines import Publish, written
from custify_connector.host.outputs.tables import staged, table_of, write_rows
from custify_connector.storage import atomic

_OPTIONS = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20480"
"""A group of rows is held in memory until it is written: groups of the usual 122,880 took twice as much of it."""


def publish_parquet(path: Path | None, schema: Mapping[str, Any]) -> Publish:
    """Return what publishes a staged file as Parquet, in a file or, without one, on standard output."""

    def publish(part: Path, _state: dict[str, Any] | None, _merges: bool) -> None:
        rows, fresh = part.with_name(part.name + ".rows"), part.with_name(part.name + ".new")
        table = table_of(schema, {}, {})
        try:
            with written(path or part):
                query = select(write_rows(table, staged(part), rows), table.shown, json="VARCHAR")
                copy = f"COPY ({query}) TO {literal(str(fresh))} ({_OPTIONS})"
                with_memory(lambda memory: _execute(copy, part.parent, memory))
                _deliver(fresh, path)
        finally:
            rows.unlink(missing_ok=True)
            fresh.unlink(missing_ok=True)

    return publish


def _execute(statement: str, spill: Path, memory: str) -> None:
    with connected(None, spill, memory=memory) as database:
        database.execute(statement)


def _deliver(fresh: Path, path: Path | None) -> None:
    if path is not None:
        atomic.publish(fresh, path)
        return
    with fresh.open("rb") as stream:
        shutil.copyfileobj(stream, sys.stdout.buffer)
    sys.stdout.buffer.flush()

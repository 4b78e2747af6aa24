"""Whether a file is an earlier output of a read, by what is in it.

Decides what a full output of a stream looks like: every column that its schema promises, or a record with its key and
most of its fields. A file of another program, such as the source of a write, must not be replaced without a word.
"""

from __future__ import annotations

import csv
import gzip
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from custify_connector.checking.json_values import loads
from custify_connector.host.outputs.duckdb_engine import connected, file
from custify_connector.host.outputs.form import Form, is_compressed
from custify_connector.host.outputs.stream import Stream
from custify_connector.host.outputs.tables import table_of

_MOST_CHARACTERS = 16_000_000


def looks_like(path: Path, form: Form, stream: Stream) -> bool:
    """Say whether a file looks like what was read of this stream before; an empty file does."""
    if path.stat().st_size == 0:
        return True
    if not stream.schema.get("properties"):
        return False
    try:
        if form in {"jsonl", "json"}:
            return _is_record(_first_record(path), stream)
        columns = _parquet_columns(path) if form == "parquet" else _heading(path, "\t" if form == "tsv" else ",")
    except Exception:  # noqa: BLE001 - whatever a reader says of a file that is none of its kind
        return False
    return set(table_of(stream).kinds) <= columns


def _is_record(record: Any, stream: Stream) -> bool:  # noqa: ANN401 - any JSON value
    properties = stream.schema["properties"]
    if not isinstance(record, Mapping) or not set(stream.key) <= set(record):
        return False
    return len(set(properties) & set(record)) * 2 > len(properties)


def _first_line(path: Path) -> str:
    with gzip.open(path, "rb") if is_compressed(path.name) else path.open("rb") as stream:
        first = stream.readline(_MOST_CHARACTERS)
        return (stream.readline(_MOST_CHARACTERS) if first == b"[\n" else first).decode("utf-8-sig")


def _first_record(path: Path) -> Any:  # noqa: ANN401 - any JSON value
    return loads(_first_line(path).strip().removesuffix(","))


def _heading(path: Path, delimiter: str) -> set[str]:
    return set(itertools.chain.from_iterable(csv.reader([_first_line(path)], delimiter=delimiter)))


def _parquet_columns(path: Path) -> set[str]:
    with connected(None) as database:
        query = f"DESCRIBE SELECT * FROM read_parquet({file(path)}, hive_partitioning = false)"  # noqa: S608 - quoted
        return {str(row[0]) for row in database.execute(query).fetchall()}

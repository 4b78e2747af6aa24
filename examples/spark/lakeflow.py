"""Custify in the form of Databricks' community connectors: give the class to their library as the source.

The options are those of a Unity Catalog connection: `api_key`, and `base_url` for an account in another data centre.
Serverless compute has no environment of its own, so the key comes this way; Databricks keeps it, and shows it nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pyspark.sql.types import StructType

from custify_connector.adapters import offered, spark_schemas
from custify_connector.adapters.spark_stream import CustifyStreamReader
from custify_connector.contract import Batch
from custify_connector.plugin import connector

ROWS_PER_CALL = 10_000
POLL_SECONDS = 300.0


class CustifyLakeflowConnect:
    """The four methods that the library calls; it passes the offset of one call of `read_table` to the next."""

    def __init__(self, options: dict[str, str]) -> None:
        known = {name: text for name, text in options.items() if name in {"api_key", "base_url", "allow_host"}}
        self._credential = {"name": "lakeflow", **known}
        self._tables = {stream.name: stream for stream in offered.streams()}
        self._readers: dict[str, CustifyStreamReader] = {}

    def list_tables(self) -> list[str]:
        """Return the names of all streams."""
        return list(self._tables)

    def get_table_schema(self, table_name: str, table_options: dict[str, str]) -> StructType:  # noqa: ARG002 - theirs
        """Return the columns of a stream; what Custify gives no fixed type is text that holds JSON."""
        return StructType.fromJson(spark_schemas.spark_schema(self._table(table_name).schema, moments="string"))

    def read_table_metadata(self, table_name: str, table_options: dict[str, str]) -> dict[str, Any]:  # noqa: ARG002
        """Return the key and the cursor: what changed is merged where a stream has both, else all is read."""
        table = self._table(table_name)
        kind = "cdc" if table.key and table.cursor else "snapshot"
        return {"primary_keys": list(table.key or ()), "cursor_field": table.cursor, "ingestion_type": kind}

    def read_table(
        self,
        table_name: str,
        start_offset: dict[str, Any] | None,
        table_options: dict[str, str],  # noqa: ARG002 - theirs
    ) -> tuple[Iterator[dict[str, Any]], dict[str, Any] | None]:
        """Return records and the offset after them: the same offset again when a pass has come to its end."""
        table = self._table(table_name)
        if not (table.key and table.cursor):
            batches = self._read(table_name, "full", None)
            return (record for batch in batches for record in batch.records), None
        reader = self._readers.setdefault(table_name, self._reader(table_name))
        rows: Any
        rows, end = reader.read(start_offset or reader.initialOffset())
        return rows, end

    def _reader(self, name: str) -> CustifyStreamReader:
        def read(state: Mapping[str, Any] | None) -> Iterator[Batch]:
            return self._read(name, "incremental", state)

        def as_it_is(record: Mapping[str, Any]) -> Any:  # noqa: ANN401 - the library makes the row
            return record

        return CustifyStreamReader(read, as_it_is, ROWS_PER_CALL, POLL_SECONDS)

    def _read(self, name: str, mode: str, state: Mapping[str, Any] | None) -> Iterator[Batch]:
        batches: Iterator[Batch] = connector.read_source(self._credential, {"endpoint": name, "mode": mode}, state)
        return batches

    def _table(self, name: str) -> offered.Stream:
        if name not in self._tables:
            raise ValueError(f"there is no table {name!r}: list_tables names all")
        return self._tables[name]

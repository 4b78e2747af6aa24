"""Spark's data source `custify`: read and write Custify as a DataFrame, in batches and as a stream.

Translates between Spark's Python Data Source API (4.0 or newer) and the connector's hooks; what is decided, is decided
in the files beside this one. Keys are resolved where a request is made, and are in nothing that Spark carries.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyspark import TaskContext
from pyspark.sql import datasource as api
from pyspark.sql.datasource import DataSource, DataSourceArrowWriter, DataSourceReader, InputPartition
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import StructType

from custify_connector.adapters import spark_filters, spark_options, spark_outcome, spark_schemas, spark_tasks
from custify_connector.adapters.spark_options import Reading, Writing
from custify_connector.adapters.spark_stream import CustifyStreamReader
from custify_connector.adapters.spark_writing import Attempt, Report
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault

# Spark 4.0 has neither; what needs them says so.
_StreamArrowWriter = getattr(api, "DataSourceStreamArrowWriter", object)
_EqualTo = getattr(api, "EqualTo", ())


class CustifyDataSource(DataSource):
    """`spark.dataSource.register(CustifyDataSource)`, then `format("custify")`; docs/spark.md lists the options."""

    @classmethod
    def name(cls) -> str:
        """Return the name of the format."""
        return "custify"

    def schema(self) -> StructType:
        """Return the endpoint's schema as it is documented; `schema(...)` of the query replaces it."""
        reading = spark_options.reading(self.options)
        found = spark_tasks.described("sources", reading.source["endpoint"])["schema"]
        wanted = reading.source.get("fields")
        if wanted:
            found = {"properties": {name: found["properties"].get(name, {}) for name in wanted}}
        table = spark_options.of_table(self.options)
        return StructType.fromJson(spark_schemas.spark_schema(found, reading.accounts.column, reading.moments, table))

    def reader(self, schema: StructType) -> DataSourceReader:
        """Return the reader of a batch query, or of a table of the catalog."""
        reading = spark_options.reading(self._options(schema))
        kind = CustifyFilteringReader if reading.push_filters else CustifyReader
        return kind(reading, schema)

    def _options(self, schema: StructType) -> Mapping[str, str]:
        """Return the options of a query, or those of its table: Spark hands over none of these."""
        return {**spark_schemas.options_of_table(json.loads(schema.json())), **self.options}

    def writer(self, schema: StructType, overwrite: bool) -> DataSourceArrowWriter:  # noqa: ARG002 - passed by name
        """Return the writer of a batch query."""
        _refuse_overwriting(overwrite)
        writing = _writing(self.options)
        spark_outcome.refuse_finished(_batch_folder(writing))
        return CustifyWriter(writing)

    def simpleStreamReader(self, schema: StructType) -> CustifyStreamReader:  # noqa: N802 - Spark's name
        """Return the reader of a streaming query; it reads on the driver, one account."""
        reading = spark_options.reading(self._options(schema))
        if reading.accounts.column is not None:
            raise ConfigurationError((Fault("option accounts", "a stream reads one account: start one for each"),))
        _, make = _rows(schema)
        names = schema.fieldNames()
        source = {**_selected(reading, schema), "mode": "incremental"}

        def read(state: Mapping[str, Any] | None) -> Iterator[Any]:
            return spark_tasks.read(reading, reading.accounts.names[0], source, "the stream", state)

        def row(record: Mapping[str, Any]) -> tuple[Any, ...]:
            found = make(record)
            return tuple(found.get(name) for name in names)

        return CustifyStreamReader(read, row, reading.rows_per_batch, reading.poll_seconds)

    def streamWriter(  # noqa: N802 - Spark's name
        self,
        schema: StructType,  # noqa: ARG002 - passed by name
        overwrite: bool,
    ) -> CustifyStreamWriter:
        """Return the writer of a streaming query."""
        _refuse_overwriting(overwrite)
        writing = _writing(self.options)
        if writing.journal is None or "job" not in self.options:
            reason = "and job are required for a stream: after a restart, Spark hands over the last micro-batch again"
            raise ConfigurationError((Fault("option journal", reason),))
        if _StreamArrowWriter is object:
            raise ConfigurationError((Fault("writeStream", "needs Spark 4.1 or newer"),))
        return CustifyStreamWriter(writing)


def _refuse_overwriting(overwrite: bool) -> None:
    if overwrite:
        raise ConfigurationError((Fault("mode", "Custify is never overwritten: write with mode append"),))


def _writing(options: Mapping[str, str]) -> Writing:
    writing = spark_options.writing(options)
    spark_tasks.described("destinations", writing.destination["endpoint"])
    return replace(writing, job=writing.job or f"job-{uuid.uuid4().hex[:12]}")


def _batch_folder(writing: Writing) -> Path | None:
    return Path(writing.journal) / str(writing.job) if writing.journal else None


def _rows(schema: StructType) -> tuple[pa.Schema, Callable[[Mapping[str, Any]], dict[str, Any]]]:
    return to_arrow_schema(schema, timezone="UTC"), spark_schemas.row_of(json.loads(schema.json()))


def _selected(reading: Reading, schema: StructType) -> dict[str, Any]:
    """Return the source, asked for the columns of the schema alone."""
    names = [name for name in schema.fieldNames() if name != reading.accounts.column]
    source = dict(reading.source)
    if names and spark_schemas.RECORD not in names:
        source["fields"] = names
    return source


@dataclass
class Part(InputPartition):
    """What one task reads: an account's name, and a source."""

    account: str
    source: Mapping[str, Any]


class CustifyReader(DataSourceReader):
    """Reads an endpoint, a task for each part of each account."""

    def __init__(self, reading: Reading, schema: StructType) -> None:
        self._reading = replace(reading, source=_selected(reading, schema))
        self._schema = schema
        spark_tasks.pace_of_read(reading)
        spark_schemas.row_of(json.loads(schema.json()))

    def partitions(self) -> Sequence[InputPartition]:
        """Return what the tasks read; where an account is divided, at the cost of a few requests."""
        return [Part(account, source) for account, source in spark_tasks.parts(self._reading)]

    def read(self, partition: Part) -> Iterator[pa.RecordBatch]:
        """Yield a part's records as Arrow batches."""
        arrow, make = _rows(self._schema)
        column = self._reading.accounts.column
        account = {column: partition.account} if column else {}
        for batch in spark_tasks.read(self._reading, partition.account, partition.source, _who()):
            yield pa.RecordBatch.from_pylist([{**make(record), **account} for record in batch.records], schema=arrow)


class CustifyFilteringReader(CustifyReader):
    """A reader that hands look-ups on to Custify; Spark applies every filter again."""

    def pushFilters(self, filters: list[Any]) -> Iterable[Any]:  # noqa: N802 - Spark's name
        """Take over an equality that names one record, or the few of one name."""
        equal = [(each.attribute[0], each.value) for each in filters if isinstance(each, _EqualTo)]
        narrowed = spark_filters.lookup(self._reading.source, equal)
        partitions = self._reading.partitions if narrowed == self._reading.source else 1
        self._reading = replace(self._reading, source=narrowed, partitions=partitions)
        return filters


def _who() -> str:
    context = TaskContext.get()
    return f"partition {context.partitionId()}, attempt {context.attemptNumber()}" if context else "the driver"


@dataclass
class Message(api.WriterCommitMessage):
    """What a task reports to the driver, or the rows that it hands over to be sent there."""

    report: Report
    rows: tuple[dict[str, Any], ...] = ()


def _write(writing: Writing, folder: Path | None, run_id: int, batches: Iterator[pa.RecordBatch]) -> Message:
    context = TaskContext.get()
    attempt = Attempt(context.partitionId(), context.attemptNumber(), run_id)
    rows = (row for batch in batches for row in batch.to_pylist(maps_as_pydicts="strict"))
    if writing.through_driver:
        return Message(Report(attempt.partition), tuple(rows))
    return Message(spark_tasks.write(writing, folder, attempt, rows))


def _commit(writing: Writing, folder: Path | None, run_id: int, messages: Iterable[Message | None]) -> None:
    """End a job on the driver, which first sends the rows that its tasks passed on; raises RowsNotDelivered."""
    done = sorted((message for message in messages if message is not None), key=lambda each: each.report.partition)
    reports = [message.report for message in done]
    if writing.through_driver:
        rows = (row for message in done for row in message.rows)
        try:
            reports = [spark_tasks.write(writing, folder, Attempt(0, 0, run_id), rows)]
        except ConnectorError:
            spark_outcome.aborted(writing, folder, [])
            raise
    spark_outcome.committed(writing, folder, reports)


def _abort(writing: Writing, folder: Path | None, messages: Iterable[Message | None]) -> None:
    """Report what was sent before the job failed; the driver's own sending has reported it then."""
    if writing.through_driver and folder is None:
        return
    spark_outcome.aborted(writing, folder, [message.report for message in messages if message is not None])


class CustifyWriter(DataSourceArrowWriter):
    """Writes the rows of a DataFrame, each task its own; one outcome for every row in the task's message."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._folder = _batch_folder(writing)
        self._run_id = int(time.time() * 1000)

    def write(self, iterator: Iterator[pa.RecordBatch]) -> Message:
        """Write the rows of one task, on a worker."""
        return _write(self._writing, self._folder, self._run_id, iterator)

    def commit(self, messages: list[Message | None]) -> None:
        """Report the totals, on the driver; raises RowsNotDelivered."""
        _commit(self._writing, self._folder, self._run_id, messages)

    def abort(self, messages: list[Message | None]) -> None:
        """Report what was sent before the job failed."""
        _abort(self._writing, self._folder, messages)


class CustifyStreamWriter(_StreamArrowWriter):  # type: ignore[misc,valid-type] # see above
    """Writes micro-batches; each has a journal of its own, so that one passed again sends nothing twice."""

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._run_id = int(time.time() * 1000)

    def write(self, iterator: Iterator[pa.RecordBatch]) -> Message:
        """Write the rows of one task of a micro-batch, on a worker."""
        context = TaskContext.get()
        folder = self._batch(context.getLocalProperty("streaming.sql.batchId"))
        return _write(self._writing, folder, self._run_id, iterator)

    def commit(self, messages: list[Message | None], batchId: int) -> None:  # noqa: N803 - Spark's name
        """Report the totals of a micro-batch; raises RowsNotDelivered."""
        _commit(self._writing, self._batch(batchId), self._run_id, messages)

    def abort(self, messages: list[Message | None], batchId: int) -> None:  # noqa: N803 - Spark's name
        """Report what was sent of a micro-batch before it failed."""
        _abort(self._writing, self._batch(batchId), messages)

    def _batch(self, number: object) -> Path:
        return Path(str(self._writing.journal)) / str(self._writing.job) / f"batch-{int(str(number)):09d}"

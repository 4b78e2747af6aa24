"""Streams: read to the end and resumed from the checkpoint, and written micro-batch by micro-batch."""

import json

import pytest
from pyspark.errors import PySparkException


def read_all(job, name, **options):
    """Run a stream to its end, into a table of files, and return its rows and how many micro-batches it took."""
    stream = job.spark.readStream.format("custify").options(**job.options("people", rows_per_batch=400, **options))
    query = (
        stream.schema("id string, _record string")
        .load()
        .writeStream.format("json")
        .option("path", str(job.folder / name))
        .option("checkpointLocation", str(job.folder / "checkpoint"))
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()
    batches = [progress["batchId"] for progress in query.recentProgress if progress["numInputRows"]]
    return [json.loads(row.value)["id"] for row in job.spark.read.text(str(job.folder / name)).collect()], batches


def test_a_stream_is_read_to_the_end_and_resumed_from_its_checkpoint(spark, serve, make_job, tmp_path, figures):
    with serve(people=2000, **{"rate-limit": "none"}) as custify:
        job = make_job(spark, custify, tmp_path)
        first, batches = read_all(job, "people")
        assert sorted(first) == sorted(record["id"] for record in custify.content("people"))
        assert len(batches) > 1
        changed = job.spark.createDataFrame([("new-1", "New")], "user_id string, name string").coalesce(1)
        job.write(changed, "upsert_person")
        new = next(record["id"] for record in custify.content("people") if record.get("user_id") == "new-1")
        both, _ = read_all(job, "people")
    second = both[len(first) :] if both[: len(first)] == first else [each for each in both if each not in set(first)]
    assert new in second
    assert len(both) - len(first) < 100
    figures["second run"] = len(both) - len(first)
    figures["stream"] = f"{len(first)} rows in {len(batches)} micro-batches"


def test_a_stream_that_fails_midway_goes_on_from_its_checkpoint_and_loses_nothing(spark, serve, make_job, tmp_path):
    with serve(people=2000, **{"rate-limit": "none"}) as custify:
        job = make_job(spark, custify, tmp_path)
        custify.faults({"kind": "status", "value": 401, "method": "GET", "path": "/people", "after": 5, "times": 1})
        with pytest.raises(PySparkException):
            read_all(job, "people")
        read, _ = read_all(job, "people")
        assert set(read) == {record["id"] for record in custify.content("people")}


def test_a_stream_is_written_and_a_batch_sent_again_sends_nothing_twice(job, tmp_path):
    source, checkpoint = tmp_path / "source", tmp_path / "checkpoint"
    source.mkdir()
    (source / "1.json").write_text("\n".join(json.dumps({"user_id": f"u-{n}", "name": "x"}) for n in range(50)))
    options = job.options("upsert_person", journal=tmp_path / "journal", job="stream", report=tmp_path / "report.json")

    def run():
        frame = job.spark.readStream.schema("user_id string, name string").json(str(source))
        sink = frame.writeStream.format("custify").options(**options).option("checkpointLocation", str(checkpoint))
        sink.trigger(availableNow=True).start().awaitTermination()

    run()
    assert job.report()["outcomes"]["sent"] == 50
    # Without its commit, Spark takes the micro-batch for undone and hands it over again.
    for path in (checkpoint / "commits").iterdir():
        path.unlink()
    run()
    assert job.report()["found_decided"] == 50
    assert set(job.applied("/people", "user_id").values()) == {1}


def test_a_stream_without_a_journal_is_refused(job):
    frame = job.spark.readStream.format("rate").load().selectExpr("cast(value as string) as user_id")
    sink = frame.writeStream.format("custify").options(**job.options("upsert_person"))
    with pytest.raises(PySparkException, match="journal: and job are required for a stream"):
        sink.option("checkpointLocation", str(job.folder / "checkpoint")).start().awaitTermination()

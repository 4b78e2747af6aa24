"""Writing a DataFrame: one outcome for every row, and nothing twice, whatever becomes of the tasks."""

import os
import signal
import threading
import time
from pathlib import Path

import pytest
from pyspark.errors import PySparkException

SCHEMA = "user_id string, name string, signed_up_at string"
EVENTS = "name string, user_id string, created_at string"


def events(job, count):
    """Return events of one person; without a deduplication_id, none may be sent again once it may have arrived."""
    user = next(record["user_id"] for record in job.custify.content("people") if record.get("user_id"))
    return [(f"event {n}", user, "2026-01-31T09:30:00Z") for n in range(count)]


def test_every_row_has_one_outcome_and_rejected_rows_are_quarantined(job, people, figures):
    frame = job.spark.createDataFrame(people(400, bad=20), SCHEMA).repartition(2)
    report = job.write(frame, "upsert_person")
    assert report["outcomes"] == {**dict.fromkeys(report["outcomes"], 0), "sent": 380, "rejected": 20}
    assert sum(len(letters) for letters in report["rows"].values()) == 400
    assert {line["rawMessage"]["user_id"] for line in job.quarantined()} == {f"u-{n}" for n in range(20)}
    assert set(job.applied("/people", "user_id").values()) == {1}
    figures["rejected"] = 20
    figures["rejected rows went to"] = "quarantine.jsonl, by the driver"


def test_rows_of_all_tasks_go_through_the_driver_which_alone_keeps_the_limit(job, people, custify, figures):
    custify.settings(rate_limit=[100, 10])
    frame = job.spark.createDataFrame(people(150, bad=3), SCHEMA).repartition(4)
    report = job.write(frame, "upsert_person", rate_limit=None, journal=None)
    applied = job.applied("/people", "user_id")
    assert (report["outcomes"]["sent"], report["outcomes"]["rejected"], report["tasks"]) == (147, 3, 1)
    assert (len(applied), set(applied.values())) == (147, {1})
    summary = custify.summary()
    assert "429" not in str(summary["statuses"])
    assert {line["rawMessage"]["user_id"] for line in job.quarantined()} == {f"u-{n}" for n in range(3)}
    figures["four tasks through the driver"] = "147 sent, 3 rejected, no answer 429"


def test_a_driver_that_is_refused_fails_the_job_which_goes_on_under_its_name(job, people):
    job.custify.faults({"kind": "status", "value": 401, "method": "POST", "path": "/people", "after": 20, "times": 1})
    frame = job.spark.createDataFrame(people(60), SCHEMA).repartition(3)
    words = {"rate_limit": "1000/1", "job": "nightly"}
    with pytest.raises(PySparkException, match="refused the API key"):
        job.write(frame, "upsert_person", **words)
    assert job.report()["aborted"]
    assert job.write(frame, "upsert_person", **words)["outcomes"]["sent"] == 60
    assert set(job.applied("/people", "user_id").values()) == {1}


def test_rejected_rows_that_nothing_keeps_fail_the_job(job, people):
    frame = job.spark.createDataFrame(people(10, bad=1), SCHEMA).coalesce(1)
    with pytest.raises(PySparkException, match="name a file in the option quarantine"):
        job.write(frame, "upsert_person", quarantine=None)
    assert job.report()["outcomes"]["sent"] == 9


def test_a_task_that_fails_and_is_run_again_sends_no_row_twice(job, people, figures):
    # The key is refused once, in the middle: the task fails, and Spark runs it again.
    job.custify.faults({"kind": "status", "value": 401, "method": "POST", "path": "/people", "after": 150, "times": 1})
    frame = job.spark.createDataFrame(people(400), SCHEMA).repartition(2)
    report = job.write(frame, "upsert_person")
    applied = job.applied("/people", "user_id")
    assert report["outcomes"]["sent"] == 400
    assert report["found_decided"] > 0
    assert len(applied) == 400
    assert set(applied.values()) == {1}
    figures["after a failed task"] = f"{report['found_decided']} rows found decided, 0 of 400 twice"


def test_an_input_that_breaks_leaves_no_row_that_was_sent_undecided(job, tmp_path):
    def broken_once(batches):
        for batch in batches:
            yield batch
            if not (tmp_path / "broken").exists():
                (tmp_path / "broken").touch()
                raise RuntimeError("the input broke")

    job.spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", "50")
    frame = job.spark.createDataFrame(events(job, 200), EVENTS).coalesce(1).mapInArrow(broken_once, EVENTS)
    report = job.write(frame, "create_event")
    applied = job.applied("/event", "name")
    assert set(applied.values()) <= {1}
    assert report["outcomes"]["sent"] + report["outcomes"]["failed"] == 200
    assert len(applied) >= report["outcomes"]["sent"]


def test_a_killed_worker_repeats_nothing_that_may_have_arrived_and_reports_it(job, figures):
    job.custify.settings(latency=0.02)
    frame = job.spark.createDataFrame(events(job, 300), EVENTS).coalesce(1)
    killed = threading.Thread(target=kill_the_writer, args=(job, 60))
    killed.start()
    report = job.write(frame, "create_event", job="killed")
    killed.join()
    applied = job.applied("/event", "name")
    unclear = {line["rawMessage"]["name"] for line in job.quarantined() if line["error"]["code"] == "unclear"}
    assert report["found_decided"] >= 50
    assert set(applied.values()) == {1}
    assert report["outcomes"]["sent"] + len(unclear) == 300
    assert set(applied) | unclear == {f"event {n}" for n in range(300)}
    figures["after a killed worker"] = f"{len(unclear)} rows unclear and reported, 0 of 300 twice"


def kill_the_writer(job, after):
    """Kill the process that holds the journal, once so many events were sent."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if sum(entry["path"].startswith("/event") for entry in job.custify.journal()) >= after:
            break
        time.sleep(0.05)
    journal = str(job.folder / "journal" / "killed" / "part-00000.jsonl")
    for process in Path("/proc").glob("[0-9]*"):
        try:
            held = {str(each.readlink()) for each in (process / "fd").iterdir()}
        except OSError:
            continue
        if journal in held:
            os.kill(int(process.name), signal.SIGKILL)


def test_a_job_that_fails_says_what_was_sent_and_goes_on_under_its_name(job, people, log):
    job.custify.faults({"kind": "status", "value": 401, "method": "POST", "path": "/people", "after": 30, "times": 60})
    frame = job.spark.createDataFrame(people(100), SCHEMA).coalesce(1)
    with pytest.raises(PySparkException):
        job.write(frame, "upsert_person", job="nightly")
    reported = job.report()
    assert reported["aborted"]
    assert reported["outcomes"]["sent"] == len(job.applied("/people", "user_id"))
    assert "run it again with the option job nightly" in log.read_text()
    job.custify.control("reset", {})
    report = job.write(frame, "upsert_person", job="nightly")
    assert report["found_decided"] == reported["outcomes"]["sent"]
    assert len(job.applied("/people", "user_id")) == 100 - report["found_decided"]
    with pytest.raises(PySparkException, match="has finished"):
        job.write(frame, "upsert_person", job="nightly")


def test_rows_of_many_accounts_go_to_their_own(spark, serve, make_job, tmp_path):
    with serve(**{"api-key": "key-of-acme"}) as acme, serve() as globex:
        job = make_job(spark, acme, tmp_path)
        job.accounts(acme=acme, globex=globex)
        rows = [(("acme", "globex", "nobody")[n % 3], f"u-{n}") for n in range(30)]
        frame = spark.createDataFrame(rows, "tenant string, user_id string").where("tenant != 'nobody'")
        split = frame.repartition(2, "tenant").sortWithinPartitions("tenant")
        report = job.write(split, "upsert_person", account_column="tenant", rate_limit=None, budget=tmp_path / "budget")
        written = {user for name, user in rows if name == "acme"}
        assert report["outcomes"]["sent"] == 20
        assert set(job.applied("/people", "user_id")) == written


def test_overwriting_is_refused(job, people):
    frame = job.spark.createDataFrame(people(1), SCHEMA)
    with pytest.raises(PySparkException, match="never overwritten"):
        frame.write.format("custify").options(**job.options("upsert_person")).mode("overwrite").save()

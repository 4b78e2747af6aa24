import json
from pathlib import Path

import pytest

from custify_connector.adapters import spark_journal, spark_outcome
from custify_connector.adapters.spark_options import writing
from custify_connector.adapters.spark_outcome import RowsNotDelivered
from custify_connector.adapters.spark_writing import Report
from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError

LINE = {
    "nexlaMetaData": {"sourceKey": "partition 1", "sourceOffset": 1},
    "error": {"message": "no date"},
    "rawMessage": {"a": 1},
}
REPORTS = [Report(1, "sr", (LINE,), 1, 2.0), Report(0, "ss", waited_seconds=0.5)]


@pytest.fixture
def job(tmp_path):
    words = {"quarantine": str(tmp_path / "kept" / "q.jsonl"), "report": str(tmp_path / "report.json")}
    return writing({"endpoint": "upsert_person", **words})


def lines(job):
    return Path(job.quarantine).read_text().splitlines()


def test_a_finished_job_reports_its_totals_and_keeps_what_was_not_delivered(job, tmp_path, caplog):
    reported = spark_outcome.committed(job, tmp_path / "job", REPORTS)
    assert reported == json.loads((tmp_path / "report.json").read_text())
    assert (reported["outcomes"]["sent"], reported["outcomes"]["rejected"]) == (3, 1)
    assert (reported["found_decided"], reported["waited_seconds"], reported["rows"]) == (1, 2.5, {"0": "ss", "1": "sr"})
    assert [json.loads(line) for line in lines(job)] == [LINE]
    assert "4 rows: 3 sent, 1 rejected; those not delivered are in" in caplog.text


def test_a_batch_that_is_committed_once_more_is_not_quarantined_twice(job, tmp_path):
    spark_outcome.committed(job, tmp_path / "job", REPORTS)
    spark_outcome.committed(job, tmp_path / "job", REPORTS)
    assert len(lines(job)) == 1


def test_rows_that_nothing_keeps_make_the_job_a_failure_that_shows_the_first():
    with pytest.raises(RowsNotDelivered, match="partition 1 row 1: no date"):
        spark_outcome.committed(writing({"endpoint": "upsert_person"}), None, REPORTS)


def test_a_job_without_a_fault_needs_no_quarantine():
    reported = spark_outcome.committed(writing({"endpoint": "upsert_person"}), None, [Report(0, "ss")])
    assert reported["outcomes"]["sent"] == 2


def test_an_aborted_job_says_what_its_journal_knows_and_leaves_the_rest_to_its_next_run(job, tmp_path, caplog):
    with spark_journal.opened(tmp_path / "nightly", 0, "task") as journal:
        journal.decide("a.1", Receipt(0, "sent"))
        journal.give("b.1")
    reported = spark_outcome.aborted(job, tmp_path / "nightly", REPORTS)
    assert reported["outcomes"] == {"sent": 1, "unclear": 1}
    assert "run it again with the option job nightly" in caplog.text
    assert not (tmp_path / "kept").exists()


def test_an_aborted_job_without_a_journal_keeps_what_its_tasks_reported(job, caplog):
    reported = spark_outcome.aborted(job, None, REPORTS)
    assert reported["aborted"]
    assert len(lines(job)) == 1
    assert "name a journal" in caplog.text


def test_the_name_of_a_finished_job_is_not_taken_again(tmp_path):
    spark_outcome.refuse_finished(None)
    spark_outcome.refuse_finished(tmp_path / "new")
    spark_journal.finish(tmp_path / "old", {})
    with pytest.raises(ConfigurationError, match="old has finished"):
        spark_outcome.refuse_finished(tmp_path / "old")

import multiprocessing
import threading
import time

import filelock
import pytest

from custify_connector.adapters import spark_journal
from custify_connector.adapters.spark_journal import Names
from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError

SENT = Receipt(4, "sent", {"user_id": "u"}, 200, response={"big": 1})


def test_what_one_attempt_wrote_down_the_next_one_finds(tmp_path):
    with spark_journal.opened(tmp_path / "job", 3, "first") as journal:
        journal.give("a.1")
        journal.give("b.1")
        journal.decide("a.1", SENT)
    with spark_journal.opened(tmp_path / "job", 3, "second") as journal:
        assert journal.find("a.1").decided
        assert journal.find("a.1").receipt == Receipt(4, "sent", {"user_id": "u"}, 200)
        assert journal.find("b.1").unclear
        assert journal.find("c.1") is None
    with spark_journal.opened(tmp_path / "job", 4, "another partition") as journal:
        assert journal.find("a.1") is None


def test_a_line_that_a_killed_process_left_half_written_is_cut_off(tmp_path):
    with spark_journal.opened(tmp_path, 0, "first") as journal:
        journal.decide("a.1", SENT)
    path = tmp_path / "part-00000.jsonl"
    path.write_bytes(path.read_bytes() + b'{"row":"b.1"')
    with spark_journal.opened(tmp_path, 0, "second") as journal:
        assert journal.find("b.1") is None
        journal.decide("b.1", SENT)
    assert spark_journal.outcomes(tmp_path) == {"sent": 2}


def test_rows_go_by_what_they_hold_and_equal_ones_are_kept_apart():
    first, second = Names(), Names()
    one, two = {"a": 1, "b": 2}, {"b": 2, "a": 1}
    assert first.name(one, "acme") == second.name(two, "acme")
    assert first.name(one, "acme") != second.name(two, "globex")
    assert first.name(one, "acme") != first.name(one, "acme")


def hold(folder, held, leave):
    with spark_journal.opened(folder, 0, "the other") as journal:
        journal.decide("a.1", SENT)
        held.set()
        leave.wait(30)


def test_an_attempt_waits_for_another_that_runs_and_then_finds_what_it_decided(tmp_path, caplog):
    context = multiprocessing.get_context("spawn")
    held, leave = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, held, leave))
    other.start()
    assert held.wait(30)
    found = []

    def second():
        with spark_journal.opened(tmp_path, 0, "the second") as journal:
            found.append(journal.find("a.1"))

    waiting = threading.Thread(target=second)
    waiting.start()
    while "the second waits for another attempt" not in caplog.text:
        time.sleep(0.01)
    assert not found
    leave.set()
    waiting.join(30)
    other.join(30)
    assert found[0].decided


def test_a_killed_attempt_holds_nothing(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, leave = context.Event(), context.Event()
    other = context.Process(target=hold, args=(tmp_path, held, leave))
    other.start()
    assert held.wait(30)
    other.kill()
    other.join(30)
    with spark_journal.opened(tmp_path, 0, "the second") as journal:
        assert journal.find("a.1").decided


def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigurationError, match="storage that all workers share"),
        spark_journal.opened(tmp_path / "file", 0, "first"),
    ):
        pass


def test_storage_without_locks_is_refused(tmp_path, monkeypatch):
    def no_locks(*_arguments):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(filelock.FileLock, "acquire", no_locks)
    with pytest.raises(ConfigurationError, match="Operation not supported"), spark_journal.opened(tmp_path, 0, "first"):
        pass


def test_a_job_is_finished_once_it_says_so(tmp_path):
    assert not spark_journal.is_finished(tmp_path / "job")
    spark_journal.finish(tmp_path / "job", {"rows": 1})
    assert spark_journal.is_finished(tmp_path / "job")

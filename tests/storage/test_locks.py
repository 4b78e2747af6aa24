"""One run at a time for an output: who holds a lock, until when, and no trace of it afterwards."""

import multiprocessing
import os
import sys
import time

import pytest

from custify_connector.contract.errors import ConfigurationError
from custify_connector.storage import locks
from custify_connector.storage.locks import held, take


def test_a_second_run_is_refused_with_who_holds_it_and_the_first_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/custify", "write", "--api-key", "canary"])
    folder = tmp_path / "crm.duckdb.part"
    with held(folder, "crm.duckdb"):
        with pytest.raises(ConfigurationError) as refused:
            held(folder, "crm.duckdb").__enter__()
        assert folder.is_dir()
    reason = str(refused.value)
    assert reason.startswith("crm.duckdb: another run of custify is writing it (custify write, process ")
    assert f"process {os.getpid()} on " in reason
    assert f", since {time.strftime('%Y-', time.gmtime())}" in reason
    assert reason.endswith("): wait until that has ended")
    assert "canary" not in reason
    assert not folder.exists()
    with held(folder, "crm.duckdb"):
        pass


@pytest.mark.parametrize(
    "words", [["custify", "--api-key=canary1"], ["custify", "canary-1"], ["custify", "canary1"], ["job", "canary"], []]
)
def test_no_option_is_kept_of_a_command(words, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", words)
    with take(tmp_path / "lock"), pytest.raises(locks.Held) as refused:
        take(tmp_path / "lock")
    assert refused.value.holder.command in {"custify", "job", "python"}


@pytest.mark.parametrize("content", [b"", b"\n{", b"\n[]", b'\n{"pid": 1}', b"\xff" * 9])
def test_a_lock_whose_holder_is_not_known_holds_all_the_same(tmp_path, content):
    with held(tmp_path / "own", "out"):
        (tmp_path / "own" / "lock").write_bytes(content)
        with pytest.raises(ConfigurationError, match="out: another run of custify is writing it: wait"):
            held(tmp_path / "own", "out").__enter__()


def hold(folder, ready):
    with held(folder, "out"):
        ready.set()
        time.sleep(60)


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    other = context.Process(target=hold, args=(tmp_path / "own", ready))
    other.start()
    assert ready.wait(30)
    with pytest.raises(ConfigurationError, match=f"process {other.pid} on "):
        held(tmp_path / "own", "out").__enter__()
    other.kill()
    other.join(30)
    with held(tmp_path / "own", "out"):
        pass
    assert list(tmp_path.iterdir()) == []


def take_turns(folder, counter, ready):
    ready.wait(30)
    for _ in range(50):
        while True:
            try:
                with held(folder, "out"):
                    number = int(counter.read_text())
                    counter.write_text(str(number + 1))
                break
            except ConfigurationError as error:
                if "is writing it" not in str(error):
                    raise


def test_of_processes_that_take_a_lock_in_turns_one_holds_it_at_a_time(tmp_path):
    (tmp_path / "counter").write_text("0")
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    arguments = (tmp_path / "own", tmp_path / "counter", ready)
    others = [context.Process(target=take_turns, args=arguments) for _ in range(3)]
    for other in others:
        other.start()
    ready.set()
    for other in others:
        other.join(60)
    assert [other.exitcode for other in others] == [0, 0, 0]
    assert (tmp_path / "counter").read_text() == "150"
    assert not (tmp_path / "own").exists()


def test_what_a_run_left_there_stays(tmp_path):
    folder = tmp_path / "own"
    with held(folder, "out"):
        (folder / "people.jsonl").write_text("{}\n")
    assert (folder / "people.jsonl").exists()


def test_a_folder_that_a_killed_run_of_0_1_0_left_is_used_and_removed(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    for name in ("lock", "lock-journal"):
        (folder / name).touch()
    with held(folder, "out"):
        pass
    assert not folder.exists()


def test_a_folder_that_cannot_be_made_is_refused(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be written: No such file"):
        held(tmp_path / "gone" / "own", "out").__enter__()


def test_a_lock_that_is_no_lock_is_refused(tmp_path):
    (tmp_path / "lock").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        held(tmp_path, "out").__enter__()

"""How a run ends when it is asked to, when it is asked twice, and when no one reads its output any more."""

# What a test varies are its parameters.
# ruff: noqa: PLR0913, PLR0917

import contextlib
import json
import os
import signal
import subprocess

import psycopg
import pytest

from custify_connector.sandbox import Fault

SIGNALS = [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
COMMON = ("--rate-limit", "none")


def interrupted(command, words, number, requests, wait_until):
    """Run a command and signal it once the account was asked so often; returns exit code and standard error."""
    process = command.start(*words)
    wait_until(lambda: len(command.account.journal) >= requests, process)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    return process.returncode, err.decode()


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), SIGNALS)
@pytest.mark.parametrize("name", ["person", "event"])
def test_a_write_that_is_asked_to_end_finishes_what_is_under_way_and_can_be_resumed(
    make, command, kinds, wait_until, number, code, name
):
    account, kind = make(latency=0.02), kinds[name]
    own, count = command(account), 120
    words = ("write", kind.endpoint, own.put("rows.jsonl", kind.records(account, count)), "--receipts", "r", *COMMON)
    ended, err = interrupted(own, words, number, 20, wait_until)
    assert ended == code, err
    held = kind.held(account, count)
    sent = sum(held)
    assert 20 <= sent < count
    assert f"{sent:,} sent" in err
    assert "the same command with --resume" in err
    assert "Traceback" not in err
    outcomes = [receipt["outcome"] for receipt in own.get("r")]
    # One that was begun a moment after another may be under way when that one finds that the run ends.
    assert outcomes == ["sent" if each else "not_tried" for each in held[: len(outcomes)]]
    assert sum(held[len(outcomes) :]) == 0
    assert own.run(*words, "--resume")[0] == 0
    assert kind.held(account, count) == [1] * count
    assert len(account.journal) == count


@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_read_that_is_asked_to_end_keeps_its_state_and_can_be_resumed(make, command, wait_until, number, code):
    account = make(people=600, latency=0.02)
    own = command(account)
    words = ("read", "people", "--state", "./state", "--output", "people.jsonl", *COMMON)
    ended, err = interrupted(own, words, number, 5, wait_until)
    assert ended == code, err
    assert "stopped early. Run the same command again to resume from" in err
    assert "Traceback" not in err
    assert own.run(*words)[0] == 0
    ids = [one["id"] for one in own.get("people.jsonl")]
    assert len(ids) == len(set(ids)) == 600


@pytest.mark.parametrize("words", [("write",), ("read", "people")], ids=lambda words: words[0])
def test_a_second_signal_ends_a_run_at_once_even_one_that_waits_for_custify(make, command, kinds, wait_until, words):
    account, kind = make(), kinds["event"]
    own = command(account)
    account.faults.add(Fault("rate_limited", value="100", times=None, after=3))
    if words[0] == "write":
        words = ("write", kind.endpoint, own.put("rows.jsonl", kind.records(account, 40)))
    process = own.start(*words, *COMMON)
    wait_until(lambda: 429 in account.journal.statuses(), process)
    err = b""
    for patience in (0.5, 5):
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            _, err = process.communicate(timeout=patience)
            break
    else:
        process.kill()
        process.communicate()
        pytest.fail("it went on waiting after a second signal")
    # A signal that comes when nothing but the interpreter is left ends it as it ends any program: 130 for a shell.
    assert process.returncode in {130, -signal.SIGINT}
    assert b"Traceback" not in err


@pytest.mark.parametrize("lines", [0, 1, 30])
@pytest.mark.parametrize("dry", [False, True], ids=["read", "dry run"])
def test_a_broken_pipe_ends_quietly(make, command, kinds, lines, dry):
    account, kind = make(people=600), kinds["person"]
    own = command(account)
    words = ("read", "people")
    if dry:
        words = ("write", kind.endpoint, own.put("rows.jsonl", kind.records(account, 400)), "--dry-run")
    reader, writer = os.pipe()
    process = own.start(*words, *COMMON, stdout=writer)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        for _ in range(lines):
            assert json.loads(stream.readline())
    _, err = process.communicate(timeout=30)
    assert (process.returncode, b"Traceback" in err, b"Exception" in err) == (0, False, False), err


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), SIGNALS)
def test_a_read_that_is_asked_to_end_while_its_table_is_locked_leaves_the_table_and_can_be_resumed(
    make, command, wait_until, database, number, code
):
    account = make(people=60)
    own, place = command(account), database.replace("?", "/crm?")
    words = ("read", "people", "--mode", "full", "--output", place, *COMMON)
    assert own.run(*words)[0] == 0
    with psycopg.connect(database) as holder, psycopg.connect(database, autocommit=True) as looker:
        holder.execute("LOCK TABLE crm.people")
        process = own.start(*words)
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        wait_until(lambda: looker.execute(waiting).fetchone() == (1,), process)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert b"stopped early. Run the same command again" in err
    assert b"Traceback" not in err
    code, _, err = own.run(*words)
    assert code == 0, err
    with psycopg.connect(database) as found:
        assert found.execute("SELECT count(*) FROM crm.people").fetchone() == (60,)

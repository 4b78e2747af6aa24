"""Processes killed at random moments and started again: nothing lost, nothing doubled, what is unclear is reported.

The moments are drawn from a seed; run with `-s` to see the figures.
"""

# What a test varies are its parameters.
# ruff: noqa: PLR0913, PLR0917

import json
import os
import random
import threading
from collections import Counter
from dataclasses import dataclass

import pytest

from custify_connector.contract import Batch
from custify_connector.host import outputs, runs, state_file
from custify_connector.plugin import connector

KILLS = int(os.environ.get("CUSTIFY_KILLS", "52"))
"""So many in reading, and so many in writing."""

MOST_IN_A_ROW = 20
COMMON = ("--rate-limit", "none")


@dataclass
class Figures:
    """What came of a series of kills."""

    kills: int = 0
    runs: int = 0
    records: int = 0
    lost: int = 0
    doubled: int = 0
    unclear: int = 0
    unreported: int = 0

    def __str__(self):
        words = vars(self).items()
        return ", ".join(f"{value} {name}" for name, value in words)


@pytest.fixture
def tell(capsys, request):
    """Return a function that prints past the capture, when output is not captured."""

    def show(text):
        if request.config.getoption("capture") == "no":
            with capsys.disabled():
                print(f"\n{text}")  # noqa: T201 - to be quoted

    return show


def killed(command, words, requests, delay, wait_until):
    """Run a command until the account was asked so many times more, and a moment longer; returns whether it was."""
    process = command.start(*words)
    asked = len(command.account.journal) + requests
    wait_until(lambda: len(command.account.journal) >= asked, process)
    threading.Event().wait(delay)
    process.kill()
    out, err = process.communicate()
    assert process.returncode in {-9, 0} or b" records: " in err, (out, err)
    return process.returncode == -9


def kill_until_it_ends(command, words, draw, wait_until):
    """Kill a command again and again until a run comes to its end, the last one unharmed; returns how often it was."""
    for kills in range(MOST_IN_A_ROW):
        if not killed(command, words, *(each() for each in draw), wait_until):
            return kills
    code, _, err = command.run(*words)
    assert code in {0, 1}, err
    return MOST_IN_A_ROW


def read_until_it_ends(command, rng, figures, wait_until):
    """Kill one read again and again, until a run comes to its end; then judge the file that it wrote."""
    words = ("read", "people", "--state", "./state", "--output", "people.jsonl", "--max-in-flight", "4", *COMMON)
    draw = (lambda: rng.randint(2, 8), lambda: rng.uniform(0, 0.02))
    figures.kills += kill_until_it_ends(command, words, draw, wait_until)
    figures.runs += 1
    account = command.account
    written, true = Counter(one["id"] for one in command.get("people.jsonl")), account.people()
    figures.records += len(true)
    figures.lost += sum((true - written).values())
    figures.doubled += sum((written - true).values())


SERIES = [("event", "single"), ("person", "single"), ("note", "single"), ("event", "batch"), ("person", "batch")]
ROWS = {"single": 100, "batch": 450}
BETWEEN = {"single": (4, 30), "batch": (1, 4)}


def write_until_it_ends(command, kind, delivery, rng, figures, wait_until):
    """Kill one write again and again, until a run comes to its end; then judge what the account holds of it."""
    account, count = command.account, ROWS[delivery]
    words = ["write", kind.endpoint, command.put("rows.jsonl", kind.records(account, count)), "--delivery", delivery]
    words += ["--quarantine", "quarantine.jsonl", "--receipts", "receipts.jsonl", "--resume", *COMMON]
    draw = (lambda: rng.randint(*BETWEEN[delivery]), lambda: rng.uniform(0, 0.02))
    figures.kills += kill_until_it_ends(command, words, draw, wait_until)
    figures.runs += 1
    figures.records += count
    judge_receipts(command, kind, count, figures, wait_until)
    return words


def judge_receipts(command, kind, count, figures, wait_until):
    wait_until(lambda: all(entry.duration is not None for entry in command.account.journal.entries))
    wait_until(lambda: all(batch.results for batch in command.account.content.batches.values()))
    held, receipts = kind.held(command.account, count), command.get("receipts.jsonl")
    assert [receipt["index"] for receipt in receipts] == list(range(count))
    unclear = {receipt["index"] for receipt in receipts if receipt["code"] == "unclear"}
    reported = {line["nexlaMetaData"]["sourceOffset"] - 1 for line in command.get("quarantine.jsonl")}
    figures.unclear += len(unclear)
    figures.lost += sum(held[place] == 0 for place in range(count) if place not in unclear)
    figures.doubled += sum(each > 1 for each in held)
    figures.unreported += len(unclear - reported)
    assert all(held[receipt["index"]] == 1 for receipt in receipts if receipt["outcome"] == "sent")


def resend_what_is_unclear(command, kind, words, count):
    """Hold that a last run sends exactly what is unclear, and that nothing is lost then."""
    unclear = [receipt["index"] for receipt in command.get("receipts.jsonl") if receipt["code"] == "unclear"]
    if not unclear:
        return
    command.account.journal.clear()
    code, _, err = command.run(*words, "--resend-unclear")
    assert code == 0, err
    sent = [body for entry in command.account.journal.entries for body in bodies(entry)]
    assert Counter(mark(body) for body in sent) == Counter(f"mark-{place}" for place in unclear)
    assert {receipt["outcome"] for receipt in command.get("receipts.jsonl")} <= {"sent"}
    assert min(kind.held(command.account, count)) == 1 or command.account.content.batches


def bodies(entry):
    if entry.method != "POST":
        return []
    return [job["payload"] for job in entry.body["jobs"]] if entry.path == "/batch" else [entry.body]


def mark(body):
    return next(value for value in body.values() if str(value).startswith("mark-"))


def reading(make, command, figures, wait_until):
    rng = random.Random(20_260)  # noqa: S311 - the same moments every time
    while figures.kills < KILLS:
        account = make(people=330, latency=0.012)
        read_until_it_ends(command(account, f"read-{figures.runs}"), rng, figures, wait_until)
        account.sandbox.stop()


def writing(make, command, kinds, figures, wait_until):
    rng = random.Random(20_261)  # noqa: S311 - the same
    while figures.kills < KILLS:
        name, delivery = SERIES[figures.runs % len(SERIES)]
        account = make(people=30, latency=0.012, quirks={"batch_delay": 0.01})
        own = command(account, f"write-{figures.runs}")
        words = write_until_it_ends(own, kinds[name], delivery, rng, figures, wait_until)
        resend_what_is_unclear(own, kinds[name], words, ROWS[delivery])
        account.sandbox.stop()


def side_by_side(*works):
    """Run each in a thread, and raise what any of them raised."""
    raised = []

    def guarded(work):
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised below
            raised.append(error)

    threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_a_hundred_kills_lose_nothing_and_double_nothing(make, command, kinds, wait_until, tell):
    read, written = Figures(), Figures()
    side_by_side(
        lambda: reading(make, command, read, wait_until),
        lambda: writing(make, command, kinds, written, wait_until),
    )
    tell(f"reading: {read}\nwriting: {written}")
    assert read.kills + written.kills >= 2 * KILLS - 4
    assert (read.lost, read.doubled) == (0, 0)
    assert (written.lost, written.doubled, written.unreported) == (0, 0, 0)


# ------------------------------------------------------------------------------- every moment of a read, without chance


class _Crash(BaseException):
    """Stands for the end of the process: nothing after it runs."""


SOURCE = {"endpoint": "people", "settings": {"rate_limit": None, "max_in_flight": 4}}


@pytest.mark.parametrize("turn", range(1, 10))
@pytest.mark.parametrize("how", ["asked to end", "killed"])
def test_a_read_that_ends_after_any_of_its_batches_is_gone_on_with(make, tmp_path, turn, how):
    """Also after the last one, when the state says already that the next read starts afresh."""
    account, batches = make(), []

    def tell(count):
        batches.append(count)
        if how == "killed" and len(batches) == turn:
            raise _Crash

    watch = runs.Watch(tell, lambda: how == "asked to end" and len(batches) == turn)
    output, state = tmp_path / "people.jsonl", tmp_path / "state"
    try:
        runs.read(connector, account.credential, SOURCE, str(output), state, watch)
    except _Crash:
        assert how == "killed"
    runs.read(connector, account.credential, SOURCE, str(output), state)
    written = [line for line in output.read_text().splitlines() if line]
    assert len(written) == len(set(written)) == 130


@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("turn", [1, 3])
def test_a_second_read_that_is_killed_is_gone_on_with_as_a_first_one_is(make, tmp_path, mode, turn):
    """The state of a finished read has no position; those of the next read must have one again."""
    account = make()
    output, state, source = tmp_path / "people.jsonl", tmp_path / "state", {**SOURCE, "mode": mode}
    runs.read(connector, account.credential, source, str(output), state)
    with account.content.lock:
        for person in list(account.content.table("people")):
            account.content.update("people", person, {"name": "Changed"})
    batches = []

    def tell(count):
        batches.append(count)
        if len(batches) == turn:
            raise _Crash

    with pytest.raises(_Crash):
        runs.read(connector, account.credential, source, str(output), state, runs.Watch(tell))
    runs.read(connector, account.credential, source, str(output), state)
    written = Counter(json.loads(line)["id"] for line in output.read_text().splitlines())
    assert written == account.people()


class TwoBatches:
    """A source of two batches, the second with the state of the end."""

    def read_source(self, credential, source, state):  # noqa: ARG002 - as the contract has it
        """Yield what is left."""
        if not (state or {}).get("half"):
            yield Batch("things", [{"id": 1}], {"half": True})
        yield Batch("things", [{"id": 2}], {})


STEPS = [(state_file, "save"), (outputs.FileOutput, "write"), (outputs.FileOutput, "finish")]


def crashing(monkeypatch, step):
    """Let the process end before the given one of all steps that change a file: a write, a state, the final name."""
    taken = []

    def guard(owner, name):
        real = getattr(owner, name)

        def guarded(*arguments, **words):
            taken.append(name)
            if len(taken) == step:
                raise _Crash
            return real(*arguments, **words)

        monkeypatch.setattr(owner, name, guarded)

    for owner, name in STEPS:
        guard(owner, name)


@pytest.mark.parametrize("step", range(1, 9))
def test_a_crash_between_any_two_steps_of_a_read_is_gone_on_with(tmp_path, monkeypatch, step):
    output, state = tmp_path / "things.jsonl", tmp_path / "state"
    with monkeypatch.context() as patched:
        crashing(patched, step)
        try:
            runs.read(TwoBatches(), {}, {}, str(output), state)
        except _Crash:
            assert step <= 7
    if not output.exists() or step <= 7:
        runs.read(TwoBatches(), {}, {}, str(output), state)
    assert output.read_text() == '{"id":1}\n{"id":2}\n'

"""Processes killed or interrupted at random moments and started again: nothing lost, doubled or reported falsely.

The moments are drawn from a seed; run with `-s` to see the figures, and how long the slowest interrupt took.
"""

# What a test varies are its parameters.
# ruff: noqa: PLR0913, PLR0917

import json
import os
import random
import signal
import threading
import time
from collections import Counter
from dataclasses import dataclass

import pytest

from custify_connector.contract import Batch
from custify_connector.host import outputs, runs, state_file
from custify_connector.plugin import connector

KILLS = int(os.environ.get("CUSTIFY_KILLS", "52"))
"""So many at least in reading, and so many in writing."""
INTERRUPTS = int(os.environ.get("CUSTIFY_INTERRUPTS", "24"))
"""So many at least, over reading and writing."""
SEED = int(os.environ.get("CUSTIFY_SEED", "20260"))

MOST_IN_A_ROW = 20
COMMON = ("--rate-limit", "none")


@dataclass
class Figures:
    """What came of a series of kills."""

    ends: int = 0
    slowest: float = 0.0
    runs: int = 0
    records: int = 0
    lost: int = 0
    doubled: int = 0
    unclear: int = 0
    unreported: int = 0
    false: int = 0

    def __str__(self):
        return ", ".join(f"{value:.4g} {name}" for name, value in vars(self).items())


KILL, ASK = (signal.SIGKILL,), (signal.SIGINT, signal.SIGTERM)


@pytest.fixture
def tell(capsys, request):
    """Return a function that prints past the capture, when output is not captured."""

    def show(text):
        if request.config.getoption("capture") == "no":
            with capsys.disabled():
                print(f"\n{text}")  # noqa: T201 - to be quoted

    return show


def ended(command, words, requests, delay, number, figures, wait_until):
    """Signal a command once the account was asked so often again, and a moment later; returns whether that ended it."""
    process = command.start(*words)
    asked = len(command.account.journal) + requests
    wait_until(lambda: len(command.account.journal) >= asked, process)
    threading.Event().wait(delay)
    process.send_signal(number)
    began = time.monotonic()
    out, err = process.communicate()
    figures.slowest = max(figures.slowest, time.monotonic() - began)
    by_signal = process.returncode in {-signal.SIGKILL, 128 + number}
    assert by_signal or process.returncode == 0 or b" records: " in err, (out, err)
    assert b"Traceback" not in err
    return by_signal


def end_until_it_is_over(command, words, draw, signals, figures, wait_until):
    """Signal a command again and again until a run comes to its end, the last one without a signal."""
    for turn in range(MOST_IN_A_ROW):
        moment = (each() for each in draw)
        if not ended(command, words, *moment, signals[turn % len(signals)], figures, wait_until):
            return
        figures.ends += 1
    code, _, err = command.run(*words)
    assert code in {0, 1}, err


READS = {
    "read": ("people", "--state", "./state", "--output", "people.jsonl"),
    "read --all": ("--all", "--output", "."),
}


def read_until_it_ends(command, read, signals, rng, figures, wait_until):
    """End one read again and again, until a run comes to its end; then judge the file that it wrote."""
    words = ("read", *READS[read], "--max-in-flight", "4", *COMMON)
    draw = (lambda: rng.randint(2, 8), lambda: rng.uniform(0, 0.02))
    end_until_it_is_over(command, words, draw, signals, figures, wait_until)
    figures.runs += 1
    account = command.account
    written, true = Counter(one["id"] for one in command.get("people.jsonl")), account.people()
    figures.records += len(true)
    figures.lost += sum((true - written).values())
    figures.doubled += sum((written - true).values())


SERIES = [
    ("write", "event", "single"), ("write", "person", "single"), ("write", "note", "single"),
    ("write", "event", "batch"), ("write", "person", "batch"),
    ("load", "event", "single"), ("load", "event", "batch"),
    ("replay", "event", "single"), ("replay", "event", "batch"), ("replay --resume", "event", "single"),
]  # fmt: skip
ROWS = {"single": 100, "batch": 450}
BETWEEN = {"single": (4, 30), "batch": (1, 4)}


@dataclass(frozen=True)
class Sending:
    """A command that sends records of a kind; a plan names one file twice."""

    how: str
    kind: object
    delivery: str

    @property
    def count(self):
        """Return of how many rows its file is."""
        return ROWS[self.delivery] // self.times

    @property
    def times(self):
        """Return how often each row is sent."""
        return 2 if self.how == "load" else 1

    def words(self, command):
        """Put its files where the command runs, and return its words."""
        records = self.kind.records(command.account, self.count)
        file = command.put("rows.jsonl", records)
        words = ["--delivery", self.delivery, "--quarantine", "quarantine.jsonl", *COMMON]
        if self.how == "load":
            entry = {"endpoint": self.kind.endpoint, "file": file}
            (command.folder / "plan.yaml").write_text(json.dumps({"writes": [entry, entry]}))
            return ["load", "plan.yaml", "--resume", *words]
        words += ["--receipts", "receipts.jsonl"]
        if self.how == "write":
            return ["write", self.kind.endpoint, file, "--resume", *words]
        self._quarantine(command, records)
        return [self.how.split()[0], "rejected.jsonl", *self.how.split()[1:], *words]

    def _quarantine(self, command, records):
        """Have every row rejected, and correct it there."""
        file = command.put("rejected-rows.jsonl", [{**record, "created_at": "31.01.2026"} for record in records])
        command.run("write", self.kind.endpoint, file, "--quarantine", "rejected.jsonl", *COMMON)
        lines = zip(command.get("rejected.jsonl"), records, strict=True)
        command.put("rejected.jsonl", [{**line, "rawMessage": record} for line, record in lines])


def write_until_it_ends(command, sending, signals, rng, figures, wait_until):
    """End one write again and again, until a run comes to its end; then judge what the account holds of it."""
    words = sending.words(command)
    draw = (lambda: rng.randint(*BETWEEN[sending.delivery]), lambda: rng.uniform(0, 0.02))
    end_until_it_is_over(command, words, draw, signals, figures, wait_until)
    figures.runs += 1
    figures.records += sending.count * sending.times
    judge_what_was_sent(command, sending, figures, wait_until)
    return words


def judge_what_was_sent(command, sending, figures, wait_until):
    wait_until(lambda: all(entry.duration is not None for entry in command.account.journal.entries))
    wait_until(lambda: all(batch.results for batch in command.account.content.batches.values()))
    held = Counter(dict(enumerate(sending.kind.held(command.account, sending.count))))
    reported = unclear_in_quarantine(command)
    asked = Counter(dict.fromkeys(range(sending.count), sending.times))
    figures.unclear += reported.total()
    figures.lost += (asked - held - reported).total()
    figures.doubled += (held - asked).total()
    if sending.how != "load":  # a plan writes no receipts
        judge_receipts(command.get("receipts.jsonl"), sending, held, reported, figures)


def judge_receipts(receipts, sending, held, reported, figures):
    assert [receipt["index"] for receipt in receipts] == list(range(sending.count))
    figures.unreported += sum(receipt["code"] == "unclear" for receipt in receipts if not reported[receipt["index"]])
    figures.false += sum(
        held[receipt["index"]] != 1 for receipt in receipts if receipt["outcome"] in {"sent", "unchanged"}
    )


def unclear_in_quarantine(command):
    """Return how often each row is kept as unclear."""
    lines = (line for line in command.get("quarantine.jsonl") if line["error"]["code"] == "unclear")
    return Counter(int(mark(line["rawMessage"]).removeprefix("mark-")) for line in lines)


def resend_what_is_unclear(command, sending, words):
    """Hold that a last run sends exactly what is unclear, and that nothing is lost then."""
    unclear = unclear_in_quarantine(command)
    if not unclear:
        return
    command.account.journal.clear()
    code, _, err = command.run(*words, "--resend-unclear")
    assert code == 0, err
    sent = [body for entry in command.account.journal.entries for body in bodies(entry)]
    assert Counter(mark(body) for body in sent) == Counter({f"mark-{place}": each for place, each in unclear.items()})
    assert {receipt["outcome"] for receipt in command.get("receipts.jsonl")} <= {"sent", "unchanged"}
    held = sending.kind.held(command.account, sending.count)
    assert min(held) >= sending.times or command.account.content.batches


def bodies(entry):
    if entry.method != "POST":
        return []
    return [job["payload"] for job in entry.body["jobs"]] if entry.path == "/batch" else [entry.body]


def mark(body):
    return next(value for value in body.values() if str(value).startswith("mark-"))


WAYS = [pytest.param(KILL, KILLS, id="kills"), pytest.param(ASK, INTERRUPTS // 2, id="interrupts")]


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("read", READS)
@pytest.mark.parametrize(("signals", "most"), WAYS)
def test_a_read_that_is_ended_at_any_moment_loses_nothing_and_doubles_nothing(
    make, command, read, signals, most, wait_until, tell
):
    figures, rng = Figures(), random.Random(SEED)  # noqa: S311 - the same moments every time
    while figures.ends < most / len(READS):
        account = make(people=330, latency=0.012)
        read_until_it_ends(command(account, f"read-{figures.runs}"), read, signals, rng, figures, wait_until)
        account.sandbox.stop()
    tell(f"{read}: {figures}")
    assert (figures.lost, figures.doubled) == (0, 0)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("series", SERIES, ids=" ".join)
@pytest.mark.parametrize(("signals", "most"), WAYS)
def test_a_write_that_is_ended_at_any_moment_loses_nothing_doubles_nothing_and_reports_nothing_false(
    make, command, kinds, series, signals, most, wait_until, tell
):
    figures, rng = Figures(), random.Random(f"{SEED} {series}")  # noqa: S311 - the same
    how, kind, delivery = series
    while figures.ends < most / len(SERIES):
        account = make(people=30, latency=0.012, quirks={"batch_delay": 0.01})
        own, sending = command(account, f"write-{figures.runs}"), Sending(how, kinds[kind], delivery)
        words = write_until_it_ends(own, sending, signals, rng, figures, wait_until)
        resend_what_is_unclear(own, sending, words)
        account.sandbox.stop()
    tell(f"{' '.join(series)}: {figures}")
    assert (figures.lost, figures.doubled, figures.unreported, figures.false) == (0, 0, 0, 0)


# ------------------------------------------------------------------------------- every moment of a read, without chance


class _Crash(BaseException):
    """Stands for the end of the process: nothing after it runs."""


SOURCE = {"endpoint": "people", "settings": {"rate_limit": None, "max_in_flight": 4}}


@pytest.mark.parametrize("turn", range(1, 10))
@pytest.mark.parametrize("how", ["asked to end", "killed"])
def test_a_read_that_ends_after_any_of_its_batches_is_resumed(make, tmp_path, turn, how):
    """Also after the last one, when the state says already that the next read starts from the beginning."""
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
def test_a_second_read_that_is_killed_is_resumed_as_a_first_one_is(make, tmp_path, mode, turn):
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
def test_a_crash_between_any_two_steps_of_a_read_is_resumed(tmp_path, monkeypatch, step):
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

"""Histories of runs against a model: accounts, files that are edited, renamed and moved, kills, and replays.

Nothing that must not be repeated arrives more often than the runs that were asked for allow, nothing is lost, and no
receipt says what is not true. CUSTIFY_HISTORIES sets how many histories are tried (200).
"""

import contextlib
import json
import logging
import os
from collections import Counter, defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError
from custify_connector.contract.events import Sending, current_listener
from custify_connector.host import resuming, runs
from custify_connector.host.account import Account
from custify_connector.host.feed import Safekeeping, Shape
from custify_connector.host.journal import Journal
from custify_connector.host.quarantine import Quarantine, is_unclear, origin_of
from custify_connector.host.rows import Row, Table
from custify_connector.storage import atomic

HISTORIES = int(os.environ.get("CUSTIFY_HISTORIES", "200"))
MOMENTS = ("before it is reported", "before it is sent", "before the answer", "after the receipt")


class _Killed(BaseException):
    """Stands for the end of the process."""


class Service:
    """A destination of one account that takes records side by side, and is killed at one moment of one record."""

    def __init__(self, arrived):
        self.arrived, self.rejects, self.kill, self.ahead, self.reports = arrived, set(), None, 0, True

    def write_destination(self, credential, destination, records):  # noqa: ARG002 - as the contract has it
        """Take records `ahead` of what is answered."""
        listener, waiting = current_listener(), []
        for index, record in enumerate(records):
            waiting.append((index, record))
            if len(waiting) > self.ahead:
                yield from self._answer(*waiting.pop(0), listener)
        for index, record in waiting:
            yield from self._answer(index, record, listener)

    def _answer(self, index, record, listener):
        self._pass(0, index)
        if self.reports:
            listener(Sending((index,)))
        self._pass(1, index)
        is_rejected = record["id"] in self.rejects
        if not is_rejected:
            self.arrived[record["id"]] += 1
        self._pass(2, index)
        yield Receipt(index, "rejected" if is_rejected else "sent", {"id": record["id"]}, code=None)
        self._pass(3, index)

    def _pass(self, moment, index):
        if self.kill == (moment, index):
            raise _Killed


ACCOUNTS = {name: Account(f"https://{name}", "0" * 16) for name in "ab"}


class World:
    """Two accounts, two files, and what is kept of the runs; with the model beside it."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {0: ["p", "q", "r"], 1: ["x", "y", "x"]}
        self.names = {0: "zero-0", 1: "one-0"}
        self.arrived = {name: Counter() for name in ACCOUNTS}
        self.allowed = {name: Counter() for name in ACCOUNTS}
        self.chain = defaultdict(Counter)
        self.keep_files()

    def keep_files(self):
        """Write the files: whether one is there decides what is taken for renamed."""
        for number, name in self.names.items():
            (self.folder / name).write_text(json.dumps(self.files[number]))

    def run(self, number, account, *, resume, service, killed=False):
        """Write a file to an account; returns its lines, None where it was refused or killed."""
        rows = [Row(line, {"id": name}) for line, name in enumerate(self.files[number], start=1)]
        path = str(self.folder / self.names[number])
        wanted = resuming.Wanted("things", {}, path, ACCOUNTS[account])
        try:
            choice = (resuming.resumed if resume else resuming.anew)(self.folder / "kept", wanted)
        except ConfigurationError:
            return None
        self._allow(number, account, resume=resume)
        journal = Journal(choice.path, "things", resume=resume, account=ACCOUNTS[account], input_name=path)
        return self._write(Table(path, None, iter(rows)), journal, account, service, finish=not killed)

    def _allow(self, number, account, *, resume):
        """Allow what the run may send: of each row as many as a chain of resumed runs ever saw at once."""
        chain, before = self.chain[number, account], Counter()
        if not resume:
            chain.clear()
        before.update(chain)
        for name, count in Counter(self.files[number]).items():
            chain[name] = max(chain[name], count)
        self.allowed[account].update(chain - before)

    def _write(self, table, journal, account, service, *, finish):
        quarantine = Quarantine(self.folder / f"quarantine-{account}")
        safe = Safekeeping(
            journal, quarantine, identity=(("id",),), account=ACCOUNTS[account], reports_sending=service.reports
        )
        lines = []
        try:
            lines += runs.write(service, {}, {"endpoint": "things"}, table, Shape(empty="text"), safe)
            if finish and all(line.receipt.outcome not in {"failed", "not_tried"} for line in lines):
                journal.finish()
        except _Killed:
            return None
        finally:
            journal.close()
            quarantine.close()
        return lines

    def replay(self, account, service):
        """Replay what an account refused."""
        path = self.folder / f"quarantine-{account}"
        kept = [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []
        rows = [
            Row(number, each["rawMessage"], origin=origin_of(each), unclear=is_unclear(each))
            for number, each in enumerate(kept, start=1)
        ]
        journal = Journal(self.folder / "replay.journal", "things", resume=False, account=ACCOUNTS[account])
        with contextlib.suppress(ConfigurationError):
            self._write(Table(str(path), None, iter(rows)), journal, account, service, finish=True)

    def edit(self, number, how, name):
        """Change a file."""
        rows = self.files[number]
        if how == "rename":
            (self.folder / self.names[number]).unlink()
            stem, _, count = self.names[number].rpartition("-")
            self.names[number] = f"{stem}-{int(count) + 1}"
        elif how == "insert":
            rows.insert(0, name)
        elif how == "append":
            rows.append(name)
        elif how == "sort":
            rows.sort()
        elif rows:
            rows.pop(0)
        self.keep_files()

    def judge(self):
        """Hold that nothing arrived more often than was asked for."""
        for account, arrived in self.arrived.items():
            assert not arrived - self.allowed[account]


def service_of(world, account, drawn):
    service = Service(world.arrived[account])
    service.rejects, service.ahead, service.reports = set(drawn["rejects"]), drawn["ahead"], drawn["reports"]
    service.kill = drawn["kill"]
    return service


DRAWN = st.fixed_dictionaries(
    {
        "rejects": st.sets(st.sampled_from("pqrxys"), max_size=2),
        "ahead": st.integers(0, 3),
        "reports": st.booleans(),
        "kill": st.none() | st.tuples(st.integers(0, 3), st.integers(0, 4)),
    }
)
RUN = st.tuples(st.just("run"), st.integers(0, 1), st.sampled_from("ab"), st.sampled_from([True, True, False]), DRAWN)
EDIT = st.tuples(
    st.just("edit"),
    st.integers(0, 1),
    st.sampled_from(["rename", "insert", "append", "sort", "remove"]),
    st.integers(0, 2),
)
REPLAY = st.tuples(st.just("replay"), st.sampled_from("ab"), DRAWN)
NAMES = {0: "pqs", 1: "xyz"}


@pytest.fixture
def quiet(monkeypatch):
    """Log nothing of thousands of runs; the process ends here, and not the machine, so nothing need be on the disk."""
    logging.disable(logging.DEBUG)
    monkeypatch.setattr(atomic, "sync", lambda stream: stream.flush())
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
@pytest.mark.timeout(7200)
@settings(max_examples=HISTORIES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(RUN | RUN | EDIT | REPLAY, min_size=2, max_size=9))
def test_whatever_happens_between_runs_nothing_is_lost_doubled_or_falsely_reported(tmp_path_factory, history):
    world = World(tmp_path_factory.mktemp("history"))
    used = set()
    for step in history:
        if step[0] == "run":
            _, number, account, resume, drawn = step
            used.add((number, account))
            service = service_of(world, account, drawn)
            world.run(number, account, resume=resume, service=service, killed=drawn["kill"] is not None)
        elif step[0] == "edit":
            world.edit(step[1], step[2], NAMES[step[1]][step[3]])
        else:
            world.replay(step[1], service_of(world, step[1], step[2]))
        world.judge()
    for number, account in sorted(used):
        lines = world.run(number, account, resume=True, service=Service(world.arrived[account]))
        world.judge()
        if lines is None:
            continue
        assert [line.receipt.index for line in lines] == list(range(len(world.files[number])))
        told = defaultdict(Counter)
        for line, name in zip(lines, world.files[number], strict=True):
            told[line.receipt.outcome][name] += 1
        assert not told["sent"] - world.arrived[account]
        assert {line.receipt.code for line in lines if line.receipt.outcome == "failed"} <= {"unclear"}
        assert not told["not_tried"]

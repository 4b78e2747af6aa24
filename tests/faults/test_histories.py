"""Histories of runs against a model: accounts, files that are edited, renamed and moved, kills, and replays.

Nothing that must not be repeated arrives more often than the runs that were asked for allow, nothing is lost, and no
receipt says what is not true. CUSTIFY_HISTORIES sets how many histories are tried (200).
"""

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
    """A destination of one account that takes records side by side or in batches, and is killed at one moment."""

    def __init__(self, arrived, **drawn):
        self.arrived = arrived
        self.fates, self.ahead, self.batch, self.reports, self.kill = {}, 0, 1, True, None
        vars(self).update(drawn)

    def write_destination(self, credential, destination, records):  # noqa: ARG002 - as the contract has it
        """Take records `ahead` of what is answered, `batch` in one request."""
        listener, waiting = current_listener(), []
        for place, record in enumerate(records):
            waiting.append((place, record))
            if len(waiting) >= self.ahead + self.batch:
                yield from self._answer(waiting[: self.batch], listener)
                del waiting[: self.batch]
        while waiting:
            yield from self._answer(waiting[: self.batch], listener)
            del waiting[: self.batch]

    def _answer(self, delivery, listener):
        self._pass(0, delivery)
        if self.reports:
            listener(Sending(tuple(place for place, _ in delivery)))
        self._pass(1, delivery)
        for _, record in delivery:
            self.arrived[record["id"]] += self._fate(record)["arrives"]
        self._pass(2, delivery)
        for place, record in delivery:
            fate = self._fate(record)
            yield Receipt(place, fate["outcome"], {"id": record["id"]}, code=fate["code"])
            self._pass(3, [(place, record)])

    def _fate(self, record):
        return FATES[self.fates.get(record["id"], "sent")]

    def _pass(self, moment, delivery):
        if self.kill in [(moment, place) for place, _ in delivery]:
            raise _Killed


FATES = {
    "sent": {"outcome": "sent", "code": None, "arrives": True},
    "rejected": {"outcome": "rejected", "code": "refused", "arrives": False},
    "unavailable": {"outcome": "failed", "code": "unavailable", "arrives": False},
    "unclear": {"outcome": "failed", "code": "unclear", "arrives": True},
    "unclear and lost": {"outcome": "failed", "code": "unclear", "arrives": False},
}
ACCOUNTS = {name: Account(f"https://{name}", "0" * 16) for name in "ab"}
PLAN = ((0, 0), (0, 1), (1, 0))
"""The entries of a plan: a file, and how many like it came before. A run of a file alone is like its first entry."""


class World:
    """Two accounts, two files, and what is kept of the runs; with the model beside it."""

    def __init__(self, folder):
        self.folder = folder
        self.files = {0: ["p", "q", "r"], 1: ["x", "y", "x"]}
        self.names = {0: "zero-0", 1: "one-0"}
        self.arrived = {name: Counter() for name in ACCOUNTS}
        self.allowed = {name: Counter() for name in ACCOUNTS}
        self.chain = defaultdict(Counter)
        self.abroad = set()
        self.keep_files()

    def keep_files(self):
        """Write the files: whether one is there decides what is taken for renamed."""
        for number, name in self.names.items():
            (self.folder / name).write_text(json.dumps(self.files[number]))

    def load(self, account, *, resume, service, killed):
        """Write a plan to an account; its process is killed in one of its entries."""
        for place, (number, entry) in enumerate(PLAN):
            own = service if killed in {None, place} else Service(self.arrived[account])
            lines = self.run(number, account, entry, resume=resume, service=own, in_plan=True)
            if lines is None and own.kill:
                return

    def run(self, number, account, entry=0, *, resume, service, in_plan=False):  # noqa: PLR0913 - what a run is
        """Write a file to an account; returns its lines, None where it was refused or killed."""
        rows = [Row(line, {"id": name}) for line, name in enumerate(self.files[number], start=1)]
        path = str(self.folder / self.names[number])
        wanted = resuming.Wanted("things", {"entry": entry}, path, ACCOUNTS[account], in_plan=in_plan)
        try:
            choice = (resuming.resumed if resume else resuming.fresh)(self.folder / "kept", wanted)
        except ConfigurationError:
            return None
        self._allow(number, account, entry, resume=resume)
        journal = Journal(choice.path, "things", resume=resume, account=ACCOUNTS[account], input_name=path)
        return self._write(Table(path, None, iter(rows)), journal, account, service)

    def _allow(self, number, account, entry, *, resume):
        """Allow what the run may send: of each row as many as a chain of resumed runs ever saw at once."""
        chain, before = self.chain[number, account, entry], Counter()
        if not resume:
            chain.clear()
        before.update(chain)
        for name, count in Counter(self.files[number]).items():
            chain[name] = max(chain[name], count)
        self.allowed[account].update(chain - before)

    def _write(self, table, journal, account, service, quarantine_name=None):
        quarantine = Quarantine(self.folder / (quarantine_name or f"quarantine-{account}"))
        safe = Safekeeping(
            journal,
            quarantine,
            identity=(("id",),),
            account=ACCOUNTS[account],
            reports_sending=service.reports,
            folder=self.folder / "kept",
        )
        lines = []
        try:
            lines += runs.write(service, {}, {"endpoint": "things"}, table, Shape(empty="text"), safe)
            if all(line.receipt.outcome not in {"failed", "not_tried"} for line in lines):
                journal.finish()
        except _Killed:
            return None
        finally:
            journal.close()
            quarantine.close()
        return lines

    def replay(self, kept_for, account, service, *, resume=False, corrected=False):
        """Replay what was kept for an account, to it or to the other one; returns names and outcomes."""
        path = self.folder / f"quarantine-{kept_for}"
        kept = [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []
        change = {"corrected": True} if corrected else {}
        rows = [
            Row(number, {**each["rawMessage"], **change}, origin=origin_of(each), unclear=is_unclear(each))
            for number, each in enumerate(kept, start=1)
        ]
        self._allow_abroad(kept_for, account, rows)
        own = self.folder / f"replay-{kept_for}-{account}.journal"
        journal = Journal(own, "things", resume=resume, account=ACCOUNTS[account])
        lines = self._write(Table(str(path), None, iter(rows)), journal, account, service, f"again-{kept_for}")
        return [(rows[line.line - 1].fields["id"], line.receipt) for line in lines or []]

    def _allow_abroad(self, kept_for, account, rows):
        """Allow each row that was kept for one account to be sent once to another."""
        for row in rows if kept_for != account else ():
            if (row.origin, account) not in self.abroad:
                self.abroad.add((row.origin, account))
                self.allowed[account][row.fields["id"]] += 1

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
        elif rows and how == "change":
            rows[0] = name
        elif rows:
            rows.pop(0)
        self.keep_files()

    def judge(self, account, reported=()):
        """Hold that nothing arrived more often than was asked for, and that what is called sent arrived."""
        for name, arrived in self.arrived.items():
            assert not arrived - self.allowed[name]
        assert not Counter(name for name, receipt in reported if receipt.outcome == "sent") - self.arrived[account]
        assert {name for name, receipt in reported if receipt.code == "sent_since"} <= set(self.arrived[account])

    def reported(self, number, lines):
        """Return the names of a file with what a run reports of them."""
        return [(name, line.receipt) for name, line in zip(self.files[number], lines, strict=True)]


DRAWN = st.fixed_dictionaries(
    {
        "fates": st.dictionaries(st.sampled_from("pqrxys"), st.sampled_from(sorted(FATES)), max_size=3),
        "ahead": st.integers(0, 3),
        "batch": st.sampled_from([1, 1, 2, 3]),
        "reports": st.booleans(),
        "kill": st.none() | st.tuples(st.integers(0, 3), st.integers(0, 4)),
    }
)
ACCOUNT, RESUME = st.sampled_from("ab"), st.sampled_from([True, True, False])
RUN = st.tuples(st.just("run"), st.integers(0, 1), ACCOUNT, RESUME, DRAWN)
LOAD = st.tuples(st.just("load"), st.sampled_from([None, 0, 1, 2]), ACCOUNT, RESUME, DRAWN)
EDIT = st.tuples(
    st.just("edit"),
    st.integers(0, 1),
    st.sampled_from(["rename", "insert", "append", "sort", "change", "remove"]),
    st.integers(0, 2),
)
REPLAY = st.tuples(st.just("replay"), ACCOUNT, st.sampled_from("aaab"), st.booleans(), st.booleans(), DRAWN)
NAMES = {0: "pqs", 1: "xyz"}


@pytest.fixture
def quiet(monkeypatch):
    """Log nothing of thousands of runs; the process ends here, and not the machine, so nothing need be on the disk."""
    logging.disable(logging.DEBUG)
    monkeypatch.setattr(atomic, "sync", lambda stream: stream.flush())
    yield
    logging.disable(logging.NOTSET)


def take(world, step):
    """Take one step of a history."""
    if step[0] == "edit":
        _, number, how, name = step
        world.edit(number, how, NAMES[number][name])
    elif step[0] == "replay":
        _, kept_for, other, resume, corrected, drawn = step
        account = kept_for if other == "a" else {"a": "b", "b": "a"}[kept_for]
        service = Service(world.arrived[account], **drawn)
        world.judge(account, world.replay(kept_for, account, service, resume=resume, corrected=corrected))
    else:
        what, number, account, resume, drawn = step
        service = Service(world.arrived[account], **drawn)
        if what == "load":
            world.load(account, resume=resume, service=service, killed=number)
            world.judge(account)
        else:
            lines = world.run(number, account, resume=resume, service=service)
            world.judge(account, world.reported(number, lines) if lines else ())


@pytest.mark.slow
@pytest.mark.usefixtures("quiet")
@pytest.mark.timeout(7200)
@settings(max_examples=HISTORIES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(RUN | RUN | LOAD | EDIT | REPLAY, min_size=2, max_size=9))
def test_whatever_happens_between_runs_nothing_is_lost_doubled_or_falsely_reported(tmp_path_factory, history):
    world = World(tmp_path_factory.mktemp("history"))
    for step in history:
        take(world, step)
    for number, account, entry in sorted(world.chain):
        service = Service(world.arrived[account])
        lines = world.run(number, account, entry, resume=True, service=service, in_plan=True)
        if lines is None:
            continue
        reported = world.reported(number, lines)
        world.judge(account, reported)
        assert [line.receipt.index for line in lines] == list(range(len(reported)))
        assert {receipt.outcome for _, receipt in reported} <= {"sent", "rejected", "failed"}
        assert {receipt.code for _, receipt in reported if receipt.outcome == "failed"} <= {"unclear"}
    for account in ACCOUNTS:
        reported = world.replay(account, account, Service(world.arrived[account]))
        world.judge(account, reported)
        left = [receipt for _, receipt in reported if receipt.code != "sent_since" and receipt.outcome != "sent"]
        assert {(receipt.outcome, receipt.code) for receipt in left} <= {("failed", "unclear")}

"""An emulated account that misbehaves to order, and the judge: what it truly holds, and what it was truly asked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

import custify_connector
from custify_connector.exchange import client, rate_budget
from custify_connector.exchange.rate_budget import Clock
from custify_connector.plugin import connector
from custify_connector.sandbox import Quirks, Sandbox

ROOT = Path(custify_connector.__file__).parents[1]
FASTER = 200
WHEN = "2026-01-01T00:00:00.000Z"


@pytest.fixture(autouse=True)
def _own_budgets(own_budgets):
    """Begin without budgets: a port may come again, and with it what an earlier test's account taught."""


class Skipping:
    """A clock on which waits are short: a machine that is busy does not make the service look slower."""

    def __init__(self):
        self._ahead = 0.0
        self._lock = threading.Lock()

    def now(self):
        """Return the seconds that went by, with those that were skipped."""
        return time.monotonic() + self._ahead

    def pause(self, seconds, stop):
        """Skip what is left of a wait; others that wait meanwhile are nearer to their ends by as much."""
        until = self.now() + seconds
        ended = stop.wait(seconds / FASTER)  # a batch of the account needs a moment to be decided
        with self._lock:
            self._ahead = max(self._ahead, until - time.monotonic())
        return ended


@pytest.fixture
def hurry(monkeypatch):
    """Let the connector's waits between tries take no time."""
    skipping = Skipping()
    quick = Clock(now=skipping.now, wall=time.time, pause=skipping.pause)
    for module in (client, rate_budget):
        monkeypatch.setattr(module, "Clock", lambda: quick)


class Kind:
    """One destination: the records to send to it, and how often the account holds each of them."""

    def __init__(self, endpoint, *, repeatable, batch, record, held):
        self.endpoint, self.repeatable, self.batch = endpoint, repeatable, batch
        self._record, self._held = record, held

    def records(self, account, count):
        """Return so many records, each with a mark of its own."""
        return [self._record(account, f"mark-{number}") for number in range(count)]

    def held(self, account, count):
        """Return how often each of them is there."""
        found = Counter(self._held(account))
        return [found[f"mark-{number}"] for number in range(count)]


def _event(account, mark):
    return {"user_id": account.user_id, "name": mark, "created_at": WHEN}


KINDS = {
    "person": Kind(
        "upsert_person",
        repeatable=True,
        batch=True,
        record=lambda _account, mark: {"user_id": mark, "name": "Fresh"},
        held=lambda account: (one.get("user_id") for one in account.content.people),
    ),
    "event": Kind(
        "create_event",
        repeatable=False,
        batch=True,
        record=_event,
        held=lambda account: (one["name"] for one in account.content.events),
    ),
    "safe event": Kind(
        "create_event",
        repeatable=True,
        batch=True,
        record=lambda account, mark: {**_event(account, mark), "deduplication_id": mark},
        held=lambda account: (one["name"] for one in account.content.events),
    ),
    "note": Kind(
        "upsert_note",
        repeatable=False,
        batch=False,
        record=lambda account, mark: {"entity": account.company, "entityModel": "Company", "text": mark},
        held=lambda account: (one["text"] for one in account.content.notes),
    ),
    "reply": Kind(
        "add_ticket_reply",
        repeatable=False,
        batch=False,
        record=lambda account, mark: {"externalId": account.ticket, "body": mark, "type": "outgoing"},
        held=lambda account: account.bodies("/reply"),
    ),
}


class Account:
    """One sandbox, the hooks of the connector bound to it, and what is true of it."""

    def __init__(self, sandbox):
        self.sandbox, self.content, self.journal, self.faults = (
            sandbox, sandbox.content, sandbox.journal, sandbox.faults,
        )  # fmt: skip
        self.user_id = next(one["user_id"] for one in sandbox.content.people if one.get("user_id"))
        self.company = sandbox.content.companies[0]["id"]
        self.ticket = sandbox.content.tickets[0]["externalId"]
        self.credential = {"name": "emulated", "api_key": sandbox.api_key, "base_url": sandbox.base_url}

    def bodies(self, ending):
        """Return the texts of what was applied to paths with this ending."""
        return [one.body["body"] for one in self.journal.entries if one.applied and one.path.endswith(ending)]

    def read(self, state=None, *, workers=1, **settings):
        """Read all people; returns the batches, and what was raised after the last of them."""
        settings = {"rate_limit": None, "max_in_flight": workers, "timeout_seconds": 5, **settings}
        return _taken(connector.read_source(self.credential, {"endpoint": "people", "settings": settings}, state))

    def write(self, kind, records, *, workers=1, delivery="single", settings=None, **words):
        """Write records; returns the receipts, and what was raised after the last of them."""
        settings = {"rate_limit": None, "max_in_flight": workers, "timeout_seconds": 5, **(settings or {})}
        destination = {"endpoint": kind.endpoint, "delivery": delivery, "settings": settings, **words}
        return _taken(connector.write_destination(self.credential, destination, records))

    def people(self):
        """Return how often each person must be read: once."""
        return Counter(one["id"] for one in self.content.people)

    def environment(self):
        """Return the environment in which the command reaches this account."""
        own = {"CUSTIFY_API_KEY": self.sandbox.api_key, "CUSTIFY_BASE_URL": self.sandbox.base_url}
        return {**os.environ, **own, "PYTHONPATH": str(ROOT)}


def _taken(values):
    taken = []
    try:
        for value in values:
            taken.append(value)  # noqa: PERF402 - a list would keep nothing when it raises
    except Exception as error:  # noqa: BLE001 - it is the answer
        return taken, error
    return taken, None


@pytest.fixture
def kinds():
    """Return the destinations by name."""
    return KINDS


@pytest.fixture
def make(canary):
    """Return a maker of accounts: small, paged by 20, without a limit unless one is asked for."""
    running = []

    def made(**settings):
        quirks = {"page_cap": 20, "batch_delay": 0.02, **settings.pop("quirks", {})}
        settings = {"people": 130, "companies": 5, "api_key": canary, "rate_limit": None, **settings}
        running.append(Sandbox(quirks=Quirks(**quirks), **settings).start())
        return Account(running[-1])

    yield made
    for each in running:
        each.stop()


@pytest.fixture
def account(make):
    """Return an account of a test's own."""
    return make()


@pytest.fixture
def delivered():
    """Return a function that counts the people in batches by their id."""
    return lambda batches: Counter(one["id"] for batch in batches for one in batch.records)


class Command:
    """The command `custify` as a process of its own, in a folder of its own."""

    def __init__(self, folder, account):
        self.folder, self.account = folder, account

    def start(self, *words, **pipes):
        """Start it; its output is kept unless `pipes` say otherwise."""
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **pipes}
        program = [sys.executable, "-c", "from custify_connector.cli import main; main()", *map(str, words)]
        return subprocess.Popen(program, cwd=self.folder, env=self.account.environment(), **pipes)  # noqa: S603

    def run(self, *words):
        """Run it to its end; returns the exit code, standard output and standard error."""
        process = self.start(*words)
        out, err = process.communicate(timeout=240)
        return process.returncode, out.decode(), err.decode()

    def put(self, name, records):
        """Write records to a file, and return its name."""
        (self.folder / name).write_text("".join(json.dumps(record) + "\n" for record in records))
        return name

    def get(self, name):
        """Return the JSON lines of a file, none when it is not there."""
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def command(tmp_path):
    """Return a maker of commands; every process is to be waited for by the test."""

    def made(account, name="."):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        return Command(folder, account)

    return made


@pytest.fixture
def wait_until():
    """Return a function that waits for something to become true."""

    def wait(true, process=None):
        patience, given_up = threading.Event(), time.monotonic() + 600
        while not true() and (process is None or process.poll() is None):
            assert time.monotonic() < given_up
            patience.wait(0.001)

    return wait

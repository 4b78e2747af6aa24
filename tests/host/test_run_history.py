import contextlib
import os
import sqlite3
import subprocess
import sys

import pytest

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import home, processes, run_history
from custify_connector.host.recorded_run import FIELDS, Run
from custify_connector.host.run_history import RunHistory, _place

READ = Run("read", "people", "acme", {"mode": "full"}, ("read", "people"), "/somewhere", output="-")


@pytest.fixture
def history():
    return RunHistory()


def ended(history, run=READ, **changes):
    begun = history.begin(run)
    history.update(begun.id, {"status": "finished", "ended": "2026-01-31T09:30:00+00:00", **changes})
    return begun.id


def test_nothing_is_made_by_looking(history):
    assert (history.page(5), history.count(), history.uses(), history.prune(0)) == ([], 0, {}, 0)
    history.renamed("a", "b")
    assert not home.directory().exists()


def test_a_run_comes_back_as_it_was_written(history):
    number = ended(history, records=3, errors=1, size=40, outcomes={"sent": 2}, reason="why", exit_code=1)
    found = history.find(number)
    assert (found.settings, found.command, found.outcomes) == ({"mode": "full"}, ("read", "people"), {"sent": 2})
    assert (found.records, found.errors, found.size, found.reason) == (3, 1, 40, "why")
    assert found.shown()["runId"] == found.run_id
    assert "run_id" not in found.shown()


def test_a_run_that_is_not_there_is_reported(history):
    with pytest.raises(ConfigurationError, match=r"there is no run 7: custify runs lists them"):
        history.find(7)


def test_runs_come_newest_first_in_pages_and_by_what_is_wanted(history):
    numbers = [ended(history, status="failed" if n % 2 else "finished") for n in range(6)]
    assert [run.id for run in history.page(2)] == numbers[:-3:-1]
    assert [run.id for run in history.page(2, numbers[-2])] == numbers[-3:-5:-1]
    assert {run.status for run in history.page(9, None, {"status": "failed"})} == {"failed"}
    assert history.page(9, None, {"endpoint": "companies"}) == []
    assert history.uses()["acme"][0] == 6


def gone():
    """Return the number of a process that has ended, and when it was started."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        since = processes.started(process.pid)
    return process.pid, since


def test_a_run_whose_process_is_gone_has_died(history):
    pid, since = gone()
    dead = history.begin(READ).id
    history.update(dead, {"pid": pid, "pid_started": since})
    alive = history.begin(READ).id
    assert history.find(dead).status == "died"
    assert "was killed" in history.find(dead).reason
    assert history.find(alive).status == "running"
    assert [run.id for run in history.page(9, None, {"status": "died"})] == [dead]
    assert [run.id for run in history.page(9, None, {"status": "running"})] == [alive]


def test_another_process_with_the_same_number_is_not_taken_for_it(history):
    number = history.begin(READ).id
    history.update(number, {"pid": os.getpid(), "pid_started": "another boot 1"})
    assert history.find(number).status == "died"


def test_a_run_of_another_machine_is_not_judged(history):
    number = history.begin(READ).id
    history.update(number, {"machine": "elsewhere", "pid": 1, "pid_started": "x"})
    assert history.find(number).status == "running"


def test_pruning_keeps_the_newest_what_runs_and_the_last_of_each_state(history):
    stated = ended(history, Run("read", "people", "acme", state="s", state_name="nightly"))
    running = history.begin(READ).id
    old = [ended(history) for _ in range(5)]
    assert history.prune(keep=2) == 3
    assert [run.id for run in history.page(99)] == [*old[:2:-1], running, stated]


def test_pruning_by_days_leaves_what_is_younger(history):
    old, young = ended(history, started="2020-01-01T00:00:00+00:00"), ended(history)
    assert history.prune(days=30) == 1
    assert [run.id for run in history.page(9)] == [young]
    assert old != young
    assert history.prune() == 0


def test_the_history_prunes_itself(history, monkeypatch):
    monkeypatch.setattr(run_history, "KEPT", 10)
    monkeypatch.setattr(run_history, "_BETWEEN_PRUNINGS", 5)
    for _ in range(25):
        ended(history)
    assert history.count() <= 15


def test_ten_thousand_runs_are_paged_by_index(history):
    ended(history)
    with history.opened() as database:  # quicker than ten thousand runs
        columns = ", ".join(name for name in FIELDS if name != "id")
        database.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9999) "  # noqa: S608 - our own
            f"INSERT INTO runs ({columns}) SELECT {columns} FROM runs, n WHERE id = 1"
        )
        plan = database.execute("EXPLAIN QUERY PLAN SELECT * FROM runs WHERE id < 500 ORDER BY id DESC LIMIT 20")
        assert "SEARCH runs USING INTEGER PRIMARY KEY" in str(plan.fetchall())
        plan = database.execute("EXPLAIN QUERY PLAN SELECT credential, count(*), max(started) FROM runs GROUP BY 1")
        assert "USING COVERING INDEX runs_by_credential" in str(plan.fetchall())
    assert history.count() == 10_000
    assert len(history.page(20, 500)) == 20


def test_what_needs_a_credential_is_what_runs_and_the_named_states(history):
    ended(history)
    running = history.begin(READ).id
    stated = ended(history, Run("read", "people", "acme", state_name="nightly"))
    assert {run.id for run in history.needing("acme")} == {running, stated}
    assert history.needing("other") == []
    history.renamed("acme", "prod")
    assert {run.id for run in history.needing("prod")} == {running, stated}


def test_a_history_in_use_by_another_process_is_reported(history):
    ended(history)
    with history.opened() as holder:  # as another process would
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(ConfigurationError, match="in use by another process"):
            RunHistory(busy_seconds=0.05).begin(READ)
        assert len(history.page(5)) == 1


def test_a_damaged_history_is_reported(history):
    ended(history)
    history.path.write_bytes(b"not a database" * 100)
    with pytest.raises(ConfigurationError, match="is damaged"):
        history.page(5)


@pytest.mark.parametrize("column", ["settings", "command", "outcomes"])
@pytest.mark.parametrize("value", [None, 7, "x", b"\xff"])
def test_a_history_with_a_damaged_value_is_reported(history, column, value):
    ended(history)
    with contextlib.closing(sqlite3.connect(history.path, isolation_level=None)) as database:
        database.execute(f"UPDATE runs SET {column} = ?", (value,))  # noqa: S608 - our own names
    for ask in (lambda: history.page(5), lambda: history.prune(0)):
        with pytest.raises(ConfigurationError, match="is damaged"):
            ask()


def test_how_far_a_run_was_is_kept_with_its_seconds_and_goes_with_it():
    history = RunHistory()
    run = history.begin(Run("read", "people", "acme"))
    for seconds in (0.4, 1.2, 1.9, 2.5):
        history.update(run.id, {"seconds": seconds, "records": int(seconds * 10)})
    assert history.samples(run.id) == [(0.4, 4), (1.9, 19), (2.5, 25)]
    history.update(run.id, {"status": "finished"})
    history.prune(keep=0)
    assert history.samples(run.id) == []


def test_a_long_run_keeps_few_samples():
    assert len({_place(seconds) for seconds in range(36_000)}) < 1200


def test_a_file_of_an_older_version_is_brought_up_to_date():
    history = RunHistory()
    history.begin(Run("read", "people", "acme"))
    with contextlib.closing(sqlite3.connect(history.path, isolation_level=None)) as database:
        database.executescript(
            "ALTER TABLE runs DROP COLUMN connector; ALTER TABLE runs DROP COLUMN total;"
            "ALTER TABLE runs DROP COLUMN waits; DROP TABLE rows; DROP TABLE row_keys; DROP TABLE latest;"
            "PRAGMA user_version = 0; PRAGMA application_id = 0"
        )
    assert [run.connector for run in history.page(5)] == [""]
    history.begin(Run("read", "readings", "acme", connector="weather"))
    assert [run.connector for run in history.page(5)] == ["weather", ""]


def test_credentials_of_two_connectors_with_one_name_are_two():
    history = RunHistory()
    history.begin(Run("read", "people", "acme"))
    history.begin(Run("read", "readings", "acme", connector="weather"))
    assert history.uses()["acme"][0] == 1
    assert history.uses("weather")["acme"][0] == 1
    assert [run.connector for run in history.needing("acme")] == [""]
    history.renamed("acme", "other")
    assert [run.credential for run in history.page(5)] == ["acme", "other"]

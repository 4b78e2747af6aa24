"""A read of everything into a database, killed at random moments: the tables are whole, the next run completes."""

# ruff: noqa: S608 - the names of tables stand here

import random
import threading
from collections import Counter

import duckdb
import pytest

KILLS = 12
NAMES = ("people", "companies", "tags", "notes", "tasks", "tickets", "deals", "invoices")
WORDS = ("read", "--all", "--output", "crm.duckdb", "--rate-limit", "none")


def rows(path, name):
    """Return how often each row is in a table, by what it is."""
    with duckdb.connect(str(path), read_only=True) as database:
        return Counter(map(repr, database.execute(f'SELECT * FROM "{name}"').fetchall()))


def tables(path):
    return {name: rows(path, name) for name in NAMES}


def ids(account):
    return {
        name: Counter(one["id"] for one in account.content.records(name))
        for name in ("people", "companies", "tags", "notes", "tasks", "tickets")
    }


def held(path):
    with duckdb.connect(str(path), read_only=True) as database:
        return {
            name: Counter(row[0] for row in database.execute(f"SELECT id FROM {name}").fetchall())
            for name in ("people", "companies", "tags", "notes", "tasks", "tickets")
        }


def change(account, turn):
    content = account.content
    with content.lock:
        for number in range(5):
            fresh = {"email": f"{turn}-{number}@example.com", "companies": [], "tags": []}
            content.create("people", {"user_id": f"fresh-{turn}-{number}", **fresh})
        for person in list(content.table("people"))[:20]:
            content.update("people", person, {"name": f"Changed {turn}"})
        tags = content.table("tags")
        tags.remove(next(iter(tags))["id"])


def kill_once(command, requests, delay, wait_until):
    """Kill a run after so many requests more, and a moment; returns whether it had not ended by itself."""
    process = command.start(*WORDS)
    asked = len(command.account.journal) + requests
    wait_until(lambda: len(command.account.journal) >= asked, process)
    threading.Event().wait(delay)
    process.kill()
    out, err = process.communicate()
    assert process.returncode in {-9, 0}, (out, err)
    return process.returncode == -9


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_killed_runs_leave_whole_tables_and_the_next_run_completes(make, command, wait_until, tmp_path):
    rng = random.Random(20_262)  # noqa: S311 - the same moments every time
    account = make(people=200, companies=5, latency=0.002)
    own, path = command(account), tmp_path / "crm.duckdb"
    code, _, err = own.run(*WORDS)
    assert code == 0, err
    kills = 0
    for turn in range(KILLS // 3):
        change(account, turn)
        before, now = tables(path), ids(account)
        old = {name: Counter(dict(counts)) for name, counts in held(path).items()}
        for _ in range(3):
            kills += kill_once(own, rng.randint(1, 90), rng.uniform(0, 0.2), wait_until)
            assert all(
                rows(path, name) == before[name] or held(path)[name] in (old[name], now[name]) for name in NAMES[:6]
            )
        code, _, err = own.run(*WORDS)
        assert code == 0, err
        assert held(path) == now
        with duckdb.connect(str(path), read_only=True) as database:
            (changed,) = database.execute("SELECT count(*) FROM people WHERE name = ?", [f"Changed {turn}"]).fetchone()
        assert changed == 20
    assert kills >= KILLS // 2

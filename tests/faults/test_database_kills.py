"""A read of everything into a database, killed at random moments: the tables are whole, the next run completes."""

# ruff: noqa: S608 - the names of tables stand here

import os
import random
import threading
from collections import Counter

import duckdb
import psycopg
import pytest

KILLS = int(os.environ.get("KILLS", "12"))
"""How often a run is killed: KILLS=50 for longer."""
NAMES = ("people", "companies", "tags", "notes", "tasks", "tickets", "deals", "invoices")
KEYED = NAMES[:6]


class DuckDB:
    """A database in a file."""

    def __init__(self, path):
        self.output, self._path = "crm.duckdb", path / "crm.duckdb"

    def rows(self, query):
        """Return the rows of a query."""
        with duckdb.connect(str(self._path), read_only=True) as database:
            return database.execute(query).fetchall()


class Postgres:
    """A schema on a server."""

    def __init__(self, address):
        self._address, self.output = address, address.replace("?", "/crm?")

    def rows(self, query):
        """Return the rows of a query."""
        with psycopg.connect(self._address, options="-c search_path=crm") as connection:
            return connection.execute(query).fetchall()


@pytest.fixture(params=["duckdb", "postgres"])
def database_of(request, tmp_path):
    """Return what a run fills."""
    return DuckDB(tmp_path) if request.param == "duckdb" else Postgres(request.getfixturevalue("database"))


def words(store):
    return ("read", "--all", "--output", store.output, "--rate-limit", "none")


def tables(store):
    """Return how often each row is in each table, by what it is."""
    return {name: Counter(map(repr, store.rows(f'SELECT * FROM "{name}"'))) for name in NAMES}


def ids(account):
    return {name: Counter(one["id"] for one in account.content.records(name)) for name in KEYED}


def held(store):
    return {name: Counter(row[0] for row in store.rows(f"SELECT id FROM {name}")) for name in KEYED}


def has_rows_and_states_of_one_run(store):
    counts = dict(store.rows("SELECT stream, records FROM _custify_state"))
    return all(store.rows(f'SELECT count(*) FROM "{name}"') == [(counts[name],)] for name in NAMES)


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


def kill_once(command, store, requests, delay, wait_until):
    """Kill a run after so many requests more, and a moment; returns whether it had not ended by itself."""
    process = command.start(*words(store))
    asked = len(command.account.journal) + requests
    wait_until(lambda: len(command.account.journal) >= asked, process)
    threading.Event().wait(delay)
    process.kill()
    out, err = process.communicate()
    assert process.returncode in {-9, 0}, (out, err)
    return process.returncode == -9


@pytest.mark.slow
@pytest.mark.timeout(300 + 60 * KILLS)
def test_killed_runs_leave_whole_tables_and_the_next_run_completes(make, command, wait_until, database_of):
    rng = random.Random(20_262)  # noqa: S311 - the same moments every time
    account, store = make(people=200, companies=5, latency=0.002), database_of
    own = command(account)
    code, _, err = own.run(*words(store))
    assert code == 0, err
    kills = turn = 0
    while kills < KILLS:
        turn += 1
        change(account, turn)
        before, old, now = tables(store), held(store), ids(account)
        for _ in range(3):
            kills += kill_once(own, store, rng.randint(1, 90), rng.uniform(0, 0.2), wait_until)
            found, keys = tables(store), held(store)
            assert all(found[name] == before[name] or keys[name] in (old[name], now[name]) for name in KEYED)
            assert has_rows_and_states_of_one_run(store)
        code, _, err = own.run(*words(store))
        assert code == 0, err
        assert held(store) == now
        assert store.rows(f"SELECT count(*) FROM people WHERE name = 'Changed {turn}'") == [(20,)]

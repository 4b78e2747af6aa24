"""A database that stops answering, or goes away, holds no run: it ends when it is asked to, and by itself in the end.

Each run would wait for minutes, or for good: that it ends in the time given is the point.
"""

import re
import signal
import socket
import threading
from contextlib import suppress

import psycopg
import pytest

from custify_connector.contract.errors import ConnectorError, ServiceUnavailable
from custify_connector.contract.interrupts import Interrupt, interruptible
from custify_connector.host.outputs import postgres_waiting
from custify_connector.host.outputs.postgres_engine import address_of, connected

SECONDS = 30
COMMON = ("--rate-limit", "none")


class Relay:
    """Stands before PostgreSQL, and passes everything on until one connection has said `marks`, one after another.

    From then on it is `silent` or `cut`; what said the last mark reaches the server where `passes`.
    """

    def __init__(self, folder, *marks, does="silent", passes=False):
        self.reached = threading.Event()
        self._real, self._marks, self._does, self._passes = f"{folder}/.s.PGSQL.5432", marks, does, passes
        self._server, self._open = socket.create_server(("127.0.0.1", 0)), []
        threading.Thread(target=self._accept, daemon=True).start()

    def address(self, database):
        """Return the address of a schema behind this relay."""
        name = re.search(r"@/(\w+)", database)[1]
        return f"postgresql://host@127.0.0.1:{self._server.getsockname()[1]}/{name}/crm?sslmode=disable"

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self._open.append(client)
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client):
        if self.reached.is_set() or not self._marks:
            self.reached.set()
            return
        real = socket.socket(socket.AF_UNIX)
        self._open.append(real)
        real.connect(self._real)
        threading.Thread(target=self._answer, args=(client, real), daemon=True).start()
        waiting = list(self._marks)
        with suppress(OSError):
            while said := client.recv(65536):
                if waiting and waiting[0] in said:
                    waiting.pop(0)
                if not waiting:
                    self.reached.set()
                    if self._passes:
                        real.sendall(said)
                    elif self._does == "cut":
                        real.shutdown(socket.SHUT_RDWR)
                    if self._does == "cut":
                        client.shutdown(socket.SHUT_RDWR)
                    return
                real.sendall(said)
            real.close()

    def _answer(self, client, real):
        with suppress(OSError):
            while (said := real.recv(65536)) and not self.reached.is_set():
                client.sendall(said)

    def recover(self):
        """Pass everything on from now on."""
        self._marks = (b"never said",)
        self.reached.clear()

    def close(self):
        """Hang up."""
        self._server.close()
        for each in self._open:
            each.close()


@pytest.fixture
def relay(request, postgres_folder):
    """Return a maker of relays."""

    def made(*marks, **words):
        relay = Relay(postgres_folder, *marks, **words)
        request.addfinalizer(relay.close)
        return relay

    return made


MARKS = {
    "accepts": (),
    "hears who it is": (b"user\0",),
    "has a session": (b"SET LOCAL",),
    "is at a COPY": (b"COPY ",),
    "is to commit rows": (b"COPY ", b"COMMIT"),
}


def rows(database):
    with psycopg.connect(database) as found:
        people = found.execute("SELECT id, name FROM crm.people ORDER BY id").fetchall()
        return people, found.execute("SELECT stream, state, written_at FROM crm._custify_state").fetchall()


@pytest.fixture
def own(make, command):
    """Return the command, bound to an account of its own."""
    return command(make(people=60))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", MARKS)
def test_a_read_ends_when_it_is_asked_to_while_the_database_is_silent(own, relay, database, when, number):
    between = relay(*MARKS[when])
    words = ("read", "people", "--mode", "full", *COMMON, "--output")
    assert own.run(*words, database.replace("?", "/crm?"))[0] == 0
    before = rows(database)
    process = own.start(*words, between.address(database))
    assert between.reached.wait(SECONDS)
    process.send_signal(number)
    _, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, b"Traceback" in err) == (128 + number, False), err
    assert rows(database) == before


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("arrives", [False, True])
def test_a_run_whose_commit_was_not_answered_is_completed_by_the_next(own, relay, database, mode, arrives):
    between = relay(b"COPY ", b"COMMIT", does="cut", passes=arrives)
    words = ("read", "people", "--mode", mode, *COMMON, "--output", between.address(database))
    code, _, err = own.run(*words)
    assert (code, "whether the rows arrived is not known" in err) == (4, True), err
    between.recover()
    with own.account.content.lock:
        own.account.content.update("people", own.account.content.people[0], {"name": "Changed"})
    code, _, err = own.run(*words)
    assert code == 0, err
    code, _, err = own.run(*words)
    assert code == 0, err
    people, _ = rows(database)
    assert sorted(people) == sorted((one["id"], one["name"]) for one in own.account.content.records("people"))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_dry_run_ends_when_it_is_asked_to_while_the_database_is_silent(own, relay, database, number):
    between = relay()
    process = own.start("read", "people", "--dry-run", *COMMON, "--output", between.address(database))
    assert between.reached.wait(SECONDS)
    process.send_signal(number)
    _, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, b"Traceback" in err) == (128 + number, False), err


@pytest.mark.slow
@pytest.mark.parametrize("when", ["accepts", "has a session", "has a query"])
def test_a_write_of_a_query_ends_when_it_is_asked_to_while_the_database_is_silent(own, relay, database, when):
    between = relay(*{**MARKS, "has a query": (b"generate_series",)}[when])
    query = "SELECT 'u-' || i AS user_id, 'Fresh' AS name FROM generate_series(1, 3) i"
    process = own.start("write", "upsert_person", between.address(database), "--query", query, *COMMON)
    assert between.reached.wait(SECONDS)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, b"Traceback" in err) == (130, False), err


QUERY = "SELECT 'query-' || i AS user_id, 'Fresh' AS name FROM generate_series(1, 900) i"


@pytest.mark.slow
@pytest.mark.parametrize("does", ["silent", "cut"])
def test_a_write_that_loses_its_query_keeps_what_was_sent_and_can_be_resumed(own, relay, database, does):
    between = relay(b"FETCH", b"FETCH", b"FETCH", does=does)
    words = ("write", "upsert_person", between.address(database), "--query", QUERY, "--receipts", "r", *COMMON)
    process = own.start(*words)
    assert between.reached.wait(SECONDS)
    if does == "silent":
        process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, b"Traceback" in err) == (130 if does == "silent" else 4, False), err
    assert b"the same command with --resume" in err
    receipts = [receipt["outcome"] for receipt in own.get("r")]
    assert receipts.count("sent") == held(own)
    between.recover()
    code, _, err = own.run(*words, "--resume")
    assert (code, held(own)) == (0, 900), err


def held(own):
    return sum(str(one.get("user_id")).startswith("query-") for one in own.account.content.records("people"))


@pytest.fixture
def impatient(monkeypatch):
    """Give a server less than a second where it has a minute or more."""
    monkeypatch.setattr(postgres_waiting, "_SILENT_SECONDS", 0.3)
    monkeypatch.setattr(postgres_waiting, "_LOOK_SECONDS", 0.05)


QUICK = "&connect_timeout=1&options=-c%20statement_timeout%3D200"


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("mark", [(), (b"user\0",), (b"SET LOCAL",), (b"SELECT 7",), (b"COMMIT",)])
def test_a_database_that_stops_answering_is_given_up(relay, database, mark):
    address = address_of(relay(*mark).address(database) + QUICK)
    with pytest.raises(ServiceUnavailable, match="the same command goes on") as raised, connected(address) as found:
        found.execute("SELECT 7")
    assert "host@" not in str(raised.value)


@pytest.mark.parametrize("mark", [(b"user\0",), (b"SET LOCAL",), (b"SELECT 7",), (b"COMMIT",)])
def test_a_connection_that_is_cut_is_a_sentence(relay, database, mark):
    address = address_of(relay(*mark, does="cut").address(database))
    with pytest.raises(ServiceUnavailable, match="the same command goes on"), connected(address) as found:
        found.execute("SELECT 7")


def test_a_lock_that_another_session_holds_is_given_up(database):
    address = address_of(database + "&options=-c%20lock_timeout%3D50")
    with psycopg.connect(database) as holder:
        holder.execute("CREATE TABLE held (x int)")
        holder.commit()
        holder.execute("LOCK TABLE held")
        with pytest.raises(ServiceUnavailable, match="another session holds a lock"), connected(address) as found:
            found.execute("TABLE held")


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ("", ("5min", "1h")),
        ("&options=-c%20lock_timeout%3D0", ("0", "1h")),
        ("&options=-c%20lock_timeout%3D7s%20-c%20statement_timeout%3D0", ("7s", "0")),
    ],
)
def test_waits_have_bounds_unless_the_user_sets_them(database, options, limits):
    with connected(address_of(database + options)) as found:
        assert (
            tuple(found.execute("SHOW " + name).fetchone()[0] for name in ("lock_timeout", "statement_timeout"))
            == limits
        )


@pytest.mark.parametrize(
    ("given", "variables", "kept"),
    [
        ({}, {}, {"connect_timeout": 30, "keepalives_idle": 60}),
        ({"connect_timeout": "5"}, {}, {"connect_timeout": None, "keepalives_idle": 60}),
        ({}, {"PGCONNECT_TIMEOUT": "5"}, {"connect_timeout": None, "keepalives_idle": 60}),
        ({"service": "crm"}, {}, {"connect_timeout": 30, "keepalives_idle": None}),
        ({}, {"PGSERVICE": "crm"}, {"connect_timeout": 30, "keepalives_idle": None}),
    ],
)
def test_what_the_user_set_of_a_connection_holds(monkeypatch, given, variables, kept):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    own = postgres_waiting.parameters(given)
    assert {name: own.get(name) for name in kept} == kept


def test_a_connection_that_comes_after_the_run_was_asked_to_end_is_closed():
    opened, closed, interrupt = threading.Event(), threading.Event(), Interrupt()

    class Late:
        close = closed.set

    def connect():
        interrupt.set()
        opened.set()
        return Late

    with interruptible(interrupt), pytest.raises(ConnectorError, match="stopped while it connected to the database"):
        postgres_waiting.opened(connect)
    assert opened.is_set()
    assert closed.wait(SECONDS)

"""A run ends when it is asked to, whatever is under way: against a service that hangs, refuses or never decides.

The service would keep each of these runs busy for a minute and more; that each ends at all in the time given is the
point.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest

import custify_connector

pytestmark = pytest.mark.alone

PROGRAM = "from custify_connector.cli import main; main(prog_name='custify')"
SECONDS = 30


class Service:
    """A service that answers each request with `answer` of its first line, and hangs where that is None."""

    def __init__(self, answer):
        self.asked, self.begun = [], threading.Event()
        self._answer, self._connections = answer, []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                self._connections.append(connection)
                threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection):
        with suppress(OSError), connection, connection.makefile("rb") as stream:
            while line := stream.readline():
                length = 0
                while (header := stream.readline()) not in {b"\r\n", b""}:
                    name, _, value = header.partition(b":")
                    length = int(value) if name.lower() == b"content-length" else length
                stream.read(length)
                self.asked.append(line.decode())
                self.begun.set()
                answer = self._answer(line.decode())
                if answer is None:
                    threading.Event().wait()
                connection.sendall(answer)

    def close(self):
        """Hang up."""
        self._server.close()
        for connection in self._connections:
            connection.close()


def said(status, body=None, *headers):
    content = json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} x", "Content-Type: application/json", f"Content-Length: {len(content)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + content


ANSWERS = {
    "hangs": lambda _line: None,
    "hangs in its headers": lambda _line: b"HTTP/1.1 200 OK\r\nContent-",
    "is at its limit": lambda _line: said(429, None, "Retry-After: 60"),
    "is down for a minute": lambda _line: said(503, None, "Retry-After: 60"),
    "hangs at look-ups": lambda line: None if line.startswith("GET") else said(200, {}),
    "never decides a batch": lambda _line: said(200, {"id": "b1", "status": "pending"}),
}


@pytest.fixture
def service(request):
    """Return a service that behaves so."""
    service = Service(ANSWERS[request.param])
    yield service
    service.close()


def started(service, folder, *words, program=PROGRAM):
    environment = {
        **os.environ,
        "CUSTIFY_API_KEY": "a-key-of-a-test",
        "CUSTIFY_BASE_URL": service.url,
        "CUSTIFY_HOME": str(folder / "home"),
        "PYTHONPATH": str(Path(custify_connector.__file__).parents[1]),
    }
    command = [sys.executable, "-c", program, *map(str, words)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=folder, env=environment, **pipes)  # noqa: S603 - our own code


def ended(service, process, number=signal.SIGINT):
    """Ask a process to end once it has asked the service; returns its exit code and what it said."""
    assert service.begun.wait(SECONDS)
    process.send_signal(number)
    _, error = process.communicate(timeout=SECONDS)
    return process.returncode, error.decode()


def outcomes(path):
    return [(row["outcome"], row["code"]) for row in map(json.loads, path.read_text().splitlines())]


hanging = [name for name in ANSWERS if name not in {"hangs at look-ups", "never decides a batch"}]


@pytest.mark.slow
@pytest.mark.parametrize("service", hanging, indirect=True)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_read_ends_when_it_is_asked_to(service, tmp_path, number):
    code, error = ended(service, started(service, tmp_path, "read", "people", "-o", "people.jsonl"), number)
    assert (code, "Traceback" in error) == (128 + number, False)


@pytest.mark.slow
@pytest.mark.parametrize("service", ["hangs", "is at its limit"], indirect=True)
def test_several_reads_end_when_they_are_asked_to(service, tmp_path):
    code, error = ended(service, started(service, tmp_path, "read", "--all", "-o", "all"))
    assert (code, "Traceback" in error) == (130, False)


def written(service, folder, endpoint, *rows):
    """Write rows, and ask for the end once the service was asked; returns the exit code and the outcomes."""
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    words = ("write", endpoint, "rows.jsonl", "--receipts", "receipts.jsonl")
    code, _ = ended(service, started(service, folder, *words))
    return code, outcomes(folder / "receipts.jsonl")


EVENTS = [{"user_id": f"u{number}", "name": "n", "created_at": "2026-01-01T00:00:00Z"} for number in range(60)]


@pytest.mark.slow
@pytest.mark.parametrize("service", ["hangs", "hangs in its headers"], indirect=True)
def test_a_write_ends_when_it_is_asked_to_and_only_what_was_under_way_is_unclear(service, tmp_path):
    code, found = written(service, tmp_path, "create_event", *EVENTS)
    assert code == 130
    assert set(found) <= {("failed", "unclear"), ("not_tried", "stopped")}
    assert found.count(("failed", "unclear")) == len(service.asked)


@pytest.mark.slow
@pytest.mark.parametrize("service", ["is at its limit"], indirect=True)
def test_a_write_that_waits_for_the_limit_leaves_nothing_unclear(service, tmp_path):
    code, found = written(service, tmp_path, "create_event", *EVENTS)
    assert (code, set(found)) == (130, {("not_tried", "stopped")})


TASK = {"name": "t", "status": "open", "company_id": "c1", "priority": "high", "externalId": "e1"}


@pytest.mark.slow
@pytest.mark.parametrize("service", ["hangs at look-ups"], indirect=True)
def test_a_record_that_was_only_looked_up_is_not_tried(service, tmp_path):
    code, found = written(
        service,
        tmp_path,
        "create_task",
        {"name": "t", "status": "open", "company_id": "c1", "priority": "high", "externalId": "e1"},
    )
    assert (code, found) == (130, [("not_tried", "stopped")])


@pytest.mark.slow
@pytest.mark.parametrize("service", ["never decides a batch"], indirect=True)
def test_a_batch_without_an_outcome_is_unclear_in_the_end(service, tmp_path):
    rows = [{"user_id": f"u{number}", "name": "n"} for number in range(60)]
    (tmp_path / "people.jsonl").write_text("\n".join(map(json.dumps, rows)))
    words = ("write", "upsert_person", "people.jsonl", "--delivery", "batch", "--receipts", "receipts.jsonl")
    code, _ = ended(service, started(service, tmp_path, *words))
    assert code == 130
    assert set(outcomes(tmp_path / "receipts.jsonl")) == {("failed", "unclear")}


SCRIPTS = {
    "is open when the script ends": """
        threading.Thread(target=list, args=[batches], daemon=True).start()
        time.sleep(1)
    """,
    "is closed": """
        next(batches), next(batches), time.sleep(0.5)
        batches.close()
    """,
    "is dropped": """
        next(batches), next(batches), time.sleep(0.5)
        del batches
    """,
    "is open after its first batch": """
        next(batches), next(batches), time.sleep(0.5)
    """,
}


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_ends_whatever_becomes_of_its_iterator(script, tmp_path):
    def answer(line):
        page, size = (int(re.search(rf"[?&]{name}=(\d+)", line)[1]) for name in ("page", "itemsPerPage"))
        people = [{"id": f"p-{at}", "created_at": made(at)} for at in range((page - 1) * size, page * size)]
        return said(200, {"people": people, "total": 10_000}) if page * size <= 2 * 20 else None

    def made(at):
        return (datetime(2026, 1, 1) - timedelta(minutes=at)).isoformat() + ".000Z"  # noqa: DTZ001 - UTC, as its end says

    service = Service(answer)
    program = f"""
        import threading, time
        from custify_connector.plugin import connector
        credential = {{"name": "n", "api_key": "a-key", "base_url": {service.url!r}}}
        page = {{"parameter": "page", "size_parameter": "itemsPerPage", "size": 20}}
        source = {{"request": {{"path": "/people/all"}}, "records": ["people"], "page": page,
                   "order": {{"field": "created_at"}}}}
        batches = connector.read_source(credential, source, None)
    """
    text = textwrap.dedent(program) + textwrap.dedent(SCRIPTS[script])
    process = started(service, tmp_path, program=text)
    _, error = process.communicate(timeout=SECONDS)
    service.close()
    assert (process.returncode, error.decode()) == (0, "")
    assert len(service.asked) > 2

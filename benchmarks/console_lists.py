# ruff: noqa: INP001, T201 - a script, not a package, which prints its figures
"""Seconds until a browser has the first page, and an answer to a search, of 10,000 runs and 100,000 rejected rows.

    .venv/bin/python benchmarks/console_lists.py

A console with both is asked over loopback, each address so many times; the median and the slowest are printed.
"""

from __future__ import annotations

import http.client
import os
import statistics
import tempfile
import threading
import time
from pathlib import Path

import orjson
import uvicorn

from custify_connector.console import serving
from custify_connector.console.application import application
from custify_connector.contract import Receipt
from custify_connector.host import run_rows
from custify_connector.host.quarantine import Place, quarantined
from custify_connector.host.recorded_run import Run, row_of
from custify_connector.host.run_history import RunHistory
from custify_connector.host.run_rows import RunRow

RUNS, ROWS, TIMES = 10_000, 100_000, 20
PAGES = {
    "runs: first page": "/runs",
    "runs: last page": "/runs?page=200&sort=records",
    "runs: search": "/runs?q=file-4321",
    "a record in every run": "/runs/find?q=user-54321",
    "rejected rows: first page": "/quarantine/file?file=rejected.jsonl",
    "rejected rows: last page": "/quarantine/file?file=rejected.jsonl&page=2000",
    "rejected rows: search": "/quarantine/file?file=rejected.jsonl&q=user-54321@",
    "rejected rows: search for what all hold": "/quarantine/file?file=rejected.jsonl&q=example.com",
    "rejected rows: a reason, searched": "/quarantine/file?file=rejected.jsonl&q=user-5432&sort=last",
}


def fill(folder: Path) -> None:
    """Make a history of runs with the outcome of each row, and a quarantine."""
    history = RunHistory()
    first = history.begin(Run("write", "upsert_person", "acme", input="/data/file-0.csv", total=10))
    history.update(first.id, {"status": "finished", "records": 10, "outcomes": {"sent": 10}})
    values = {name: value for name, value in row_of(vars(history.find(first.id))).items() if name != "input"}
    with history.opened() as database:
        database.execute("BEGIN")
        for number in range(1, RUNS):
            names = ", ".join([*values, "input"])
            statement = f"INSERT INTO runs ({names}) VALUES ({', '.join('?' * (len(values) + 1))})"  # noqa: S608 - our own
            run = database.execute(statement, (*values.values(), f"/data/file-{number}.csv")).lastrowid or 0
            run_rows.add(database, run, [_row(number * 10 + place) for place in range(10)])
        database.execute("COMMIT")
    with (folder / "rejected.jsonl").open("wb") as stream:
        for number in range(ROWS):
            reason = (f"line {number} has 'x{number}' for a number", f"company 'c-{number}' does not exist")[number % 2]
            receipt = Receipt(number, "rejected", status=400, code="refused", reason=reason)
            record = {"user_id": f"user-{number}", "email": f"user-{number}@example.com", "name": "Max" * 20}
            line = quarantined(record, receipt, Place("people.csv", number, "upsert_person", 1))
            stream.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def _row(number: int) -> RunRow:
    return RunRow(number, Receipt(number, "sent", key={"user_id": f"user-{number}"}))


def ask(port: int, path: str, cookie: str) -> float:
    """Return the seconds until a page is there whole."""
    began = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Host": f"127.0.0.1:{port}", "Cookie": cookie})
    reply = connection.getresponse()
    reply.read()
    connection.close()
    if reply.status != http.client.OK:
        raise RuntimeError(f"{path}: {reply.status}")
    return time.perf_counter() - began


def main() -> None:
    """Print a row for each page."""
    with tempfile.TemporaryDirectory() as place:
        os.environ["CUSTIFY_HOME"] = str(Path(place, "home"))
        folder = Path(place, "folder")
        folder.mkdir()
        fill(folder)
        config = serving.settings_of(0)
        with config.bind_socket() as socket:
            console = serving.console_of(folder, socket.getsockname()[1])
            config.app = application(console)
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, args=([socket],))
            thread.start()
            measure(console.gate.port, console.gate.prefix, f"{console.gate.cookie_name}={console.gate.session}")
            server.should_exit = True
            thread.join()


def measure(port: int, prefix: str, cookie: str) -> None:
    """Ask each page; the first time that a quarantine is opened, it is not read yet."""
    time.sleep(1)
    first = ask(port, f"{prefix}{PAGES['rejected rows: first page']}", cookie)
    print(f"{'rejected rows: first page, file not read yet':46} {first * 1000:7.0f} ms")
    time.sleep(30)
    print(f"{'':46} {'median':>10} {'slowest':>10}")
    for name, path in PAGES.items():
        seconds = [ask(port, f"{prefix}{path}", cookie) for _ in range(TIMES)]
        print(f"{name:46} {statistics.median(seconds) * 1000:7.0f} ms {max(seconds) * 1000:7.0f} ms")


if __name__ == "__main__":
    main()

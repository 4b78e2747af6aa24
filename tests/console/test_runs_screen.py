"""A run's page and list: it can be ended from there, resumed, and says what it would really do."""

import os
import signal
import subprocess
import sys
import time

import pytest

from custify_connector.console.asking import sentence
from custify_connector.host import processes
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory

from .conftest import started

READ = {"credential": "acme", "output": "o.jsonl"}


def ended(client, page):
    until = time.monotonic() + 60
    while client.get(f"{page}/live").status != 286:
        assert time.monotonic() < until
        time.sleep(0.05)
    return client.get(page).text


@pytest.mark.slow
@pytest.mark.parametrize("page", ["/runs", "/runs/1", "/started/1"])
def test_a_run_is_ended_from_every_page_that_shows_it(signed_in, sandbox, page):
    sandbox.latency = 1.0
    run = started(signed_in.post("/custify/source/people/run", **READ, state="nightly"))
    signed_in.wait_for(run, "Run 1")
    shown = signed_in.get(page).text
    address = shown.partition('/end"')[0].rpartition('action="')[2]
    assert signed_in.post(f"{address}/end").status == 303
    again = signed_in.get("/runs/1").text
    assert "End it at once" in again or 'class="status interrupted"' in again
    sandbox.latency = 0.0
    ended(signed_in, run)
    assert '/end"' not in signed_in.get("/runs/1").text


WAITS = """import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)
print(flush=True)
time.sleep(60)"""
"""A shell that starts the tests in the background has its children ignore an interrupt, unless they say otherwise."""


def test_a_run_of_a_terminal_is_ended_too_and_no_other_process(signed_in, folder):
    waiting = subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE)  # noqa: S603 - our own
    waiting.stdout.readline()
    try:
        history = RunHistory()
        other = history.begin(Run("read", "people", "acme"))
        since = processes.started(waiting.pid)
        history.update(other.id, {"pid": waiting.pid, "pid_started": "another process of this number"})
        assert signed_in.post(f"/runs/{other.id}/end").status == 400
        assert waiting.poll() is None
        history.update(other.id, {"pid_started": since})
        assert signed_in.post(f"/runs/{other.id}/end").status == 303
        assert waiting.wait(20) in {-signal.SIGINT, 1, 130}
    finally:
        waiting.kill()
        waiting.communicate()
    assert os.getpid() != waiting.pid
    assert folder.is_dir()


def test_after_a_refused_key_the_run_itself_goes_on(signed_in, sandbox, folder):
    (folder / "rows.csv").write_text("user_id,email\n" + "".join(f"r-{n},r{n}@example.com\n" for n in range(3)))
    sandbox.revoke()
    form = {"file": "rows.csv", "target.user_id": "user_id", "target.email": "email", "credential": "acme"}
    run = started(signed_in.post("/custify/destination/upsert_person/write", **form))
    shown = ended(signed_in, run)
    assert "Test the key" in shown
    resumed = started(signed_in.post("/runs/1/resume"))
    assert signed_in.console.commands.find(int(resumed.rpartition("/")[2])).words[:2] == ("write", "upsert_person")
    assert "All went well" not in ended(signed_in, resumed)


@pytest.mark.slow
@pytest.mark.parametrize(("output", "state", "accepted"), [
    ("o.jsonl", "", False), ("o.csv", "", False), ("o.duckdb", "", True), ("o.jsonl", "nightly", True),
    ("changes/", "", True),
])  # fmt: skip
def test_what_changed_is_read_only_where_the_last_run_is_known(signed_in, output, state, accepted):
    form = {"credential": "acme", "output": output, "mode": "incremental", "state": state}
    answer = signed_in.post("/custify/source/companies/run", **form)
    assert answer.status == (303 if accepted else 400)
    assert accepted or "f-state-fault" in answer.text
    if accepted:
        ended(signed_in, started(answer))


def test_changes_do_not_replace_the_records_of_the_run_before(signed_in, folder):
    form = {"credential": "acme", "output": "o.jsonl", "mode": "incremental", "state": "nightly"}
    ended(signed_in, started(signed_in.post("/custify/source/companies/run", **form)))
    before = (folder / "o.jsonl").read_bytes()
    assert before
    again = signed_in.post("/custify/source/companies/run", **form)
    assert (again.status, "only what changed" in again.text) == (400, True)
    assert (folder / "o.jsonl").read_bytes() == before
    ended(signed_in, started(signed_in.post("/custify/source/companies/run", **{**form, "output": "new.jsonl"})))


@pytest.mark.parametrize("output", ["people.xlsx", "people", "people.txt", "kept.jsonl", "some.jsonl"])
def test_no_output_that_would_be_another_thing_than_its_name_says(signed_in, folder, output):
    kept = '{"nexlaMetaData": {}, "error": {}, "rawMessage": {}}\n'
    (folder / "kept.jsonl").write_text(kept)
    (folder / "some.jsonl").mkdir()
    answer = signed_in.post("/custify/source/people/run", credential="acme", output=output)
    assert (answer.status, "f-output-fault" in answer.text) == (400, True)
    assert (folder / "kept.jsonl").read_text() == kept


@pytest.mark.parametrize("quarantine", ["rows.csv", "other.csv", "link.csv", "sub/../rows.csv", "sub"])
def test_rejected_records_are_not_added_to_another_file(signed_in, folder, quarantine):
    (folder / "rows.csv").write_text("email,name\n,NoId\n")
    (folder / "other.csv").write_text("mine\n")
    (folder / "link.csv").symlink_to("rows.csv")
    (folder / "sub").mkdir()
    form = {"file": "rows.csv", "target.name": "name", "target.email": "email", "quarantine": quarantine}
    for action in ("write", "dry-run"):
        answer = signed_in.post(f"/custify/destination/upsert_person/{action}", **form, credential="acme")
        assert (answer.status, "f-quarantine-fault" in answer.text) == (400, True)
    assert (folder / "other.csv").read_text() == "mine\n"


@pytest.mark.parametrize(("text", "shown"), [
    ("the service is down", "The service is down"), ("a/b/c.jsonl: gone", "a/b/c.jsonl: gone"),
    ("upsert_person: no", "upsert_person: no"), ("", ""), ("interrupted; kept", "Interrupted; kept"),
])  # fmt: skip
def test_a_name_keeps_its_spelling_at_the_start_of_a_sentence(text, shown):
    assert sentence(text) == shown


def test_without_scripts_a_live_page_loads_itself_again(signed_in, sandbox):
    sandbox.latency = 0.5
    run = started(signed_in.post("/custify/source/people/run", **READ))
    assert '<noscript><meta http-equiv="refresh"' in signed_in.get(run).text
    sandbox.latency = 0.0
    assert "<noscript>" not in ended(signed_in, run)


def test_a_port_that_is_in_use_is_said_once(signed_in, folder):
    words = [sys.executable, "-c", "from custify_connector.cli import main; main(prog_name='custify')", "console",
             "--no-browser", "--port", str(signed_in.console.gate.port), "--folder", str(folder)]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own words
    assert done.returncode == 2
    assert "Errno" not in done.stderr
    assert "cannot be opened" in done.stderr


def test_a_file_of_another_program_is_replaced_only_where_that_is_asked_for(signed_in, folder):
    (folder / "precious.csv").write_text("mine\n1\n")
    form = {"credential": "acme", "output": "precious.csv"}
    shown = ended(signed_in, started(signed_in.post("/custify/source/tags/run", **form)))
    assert "Nothing was read or sent" in shown
    assert "Back to the form" in shown
    assert (folder / "precious.csv").read_text() == "mine\n1\n"
    ended(signed_in, started(signed_in.post("/custify/source/tags/run", **form, overwrite="on")))
    assert (folder / "precious.csv").read_text() != "mine\n1\n"

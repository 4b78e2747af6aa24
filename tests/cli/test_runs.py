"""`custify runs`, and that every read and write is recorded with the reason of its end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from custify_connector.checking.secret import Secret
from custify_connector.cli import main, recording
from custify_connector.contract.errors import ServiceUnavailable
from custify_connector.host import run_rows, runs
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory
from custify_connector.sandbox import Quirks

RUN = [sys.executable, "-c", "from custify_connector.cli import main; main()"]


@pytest.fixture(autouse=True)
def _account(monkeypatch, tmp_path, sandbox):
    monkeypatch.setenv("CUSTIFY_API_KEY", sandbox.api_key)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text("id,email\nu-1,a@b.co\nu-2,x,stray\n", "utf-8")


def custify(*words, code=0):
    done = CliRunner().invoke(main, words)
    assert done.exit_code == code, (words, done.output, done.exception)
    return done


def last():
    return RunHistory().page(1)[0]


def test_a_read_is_recorded_with_nexlas_counters(tmp_path):
    custify("read", "people", "-o", "people.jsonl", "--limit", "7")
    run = last()
    size = (tmp_path / "people.jsonl").stat().st_size
    assert (run.kind, run.endpoint, run.credential, run.status) == ("read", "people", "environment", "finished")
    assert (run.records, run.errors, run.size, run.exit_code) == (7, 0, size, 0)
    assert run.settings == {"mode": "full", "limit": 7}
    assert run.output == str(tmp_path / "people.jsonl")
    assert run.command == ("read", "people", "-o", "people.jsonl", "--limit", "7")


def test_a_write_is_recorded_with_its_outcomes_and_the_next_step(tmp_path):
    words = ["write", "upsert_person", "people.csv", "--map", "user_id=id", "--map", "email=email"]
    custify(*words, "--quarantine", "q.jsonl", code=1)
    run = last()
    assert (run.kind, run.status, run.records, run.errors) == ("write", "rejects", 2, 1)
    assert {name: number for name, number in run.outcomes.items() if number} == {"sent": 1, "rejected": 1}
    shown = custify("runs", "show", str(run.id)).stdout
    for text in ("1 of 2 records were not accepted", "1 sent, 1 rejected", f"custify replay {tmp_path / 'q.jsonl'}"):
        assert text in shown
    custify("replay", "q.jsonl", code=1)
    assert last().kind == "replay"


def test_a_load_is_one_run_for_each_file(tmp_path):
    plan = "writes:\n  - {endpoint: upsert_person, file: people.csv, map: [user_id=id], only_with: id}\n"
    (tmp_path / "plan.yaml").write_text(plan, "utf-8")
    (tmp_path / "people.csv").write_text("id,email\nu-1,a@b.co\n,b@b.co\n", "utf-8")
    custify("load", "plan.yaml")
    assert (last().kind, last().endpoint, last().records) == ("load", "upsert_person", 1)


def test_a_dry_run_is_not_recorded():
    custify("write", "upsert_person", "people.csv", "--map", "user_id=id", "--map", "email=email", "--dry-run", code=1)
    assert RunHistory().count() == 0


def test_a_run_that_failed_says_why_and_what_to_type(sandbox):
    sandbox.revoke()
    custify("read", "people", code=3)
    run = last()
    assert (run.status, run.exit_code) == ("failed", 3)
    assert "key" in run.reason
    assert "custify doctor" in custify("runs", "show", str(run.id)).stdout
    assert "failed" in custify("runs", "--status", "failed").stdout


def test_a_state_is_kept_by_name_and_the_next_run_goes_on(sandbox):
    words = ["read", "companies", "--mode", "incremental", "--state", "nightly", "-o", "c/"]
    custify(*words)
    custify(*words)
    assert last().state_name == "nightly"
    assert last().records < len(sandbox.content.records("companies"))
    listed = custify("runs", "states").stdout
    assert "nightly" in listed
    assert f"{last().id} read companies" in listed
    (shown,) = json.loads(custify("runs", "states", "--json").stdout)
    assert (shown["name"], shown["unfinished"], shown["last_run"]["id"]) == ("nightly", False, last().id)
    custify("runs", "states", "--remove", "nightly")
    assert "No state is kept by name yet" in custify("runs", "states").stdout


@pytest.mark.usefixtures("slow_hashes")
def test_a_read_that_was_interrupted_goes_on_by_name(sandbox, tmp_path):
    sandbox.latency, sandbox.quirks = 0.3, Quirks(page_cap=5)
    words = ["read", "people", "-o", "people.jsonl", "--state", "nightly", "--max-in-flight", "1"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([*RUN, *words], env=environment, stderr=subprocess.PIPE) as process:  # noqa: S603 - our own
        while len(sandbox.journal) < 2:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert (last().status, last().exit_code) == ("interrupted", 130)
    assert "resumes where it stopped" in custify("runs", "show", str(last().id)).stdout
    sandbox.latency = 0
    custify(*words)
    names = [json.loads(line)["id"] for line in (tmp_path / "people.jsonl").read_text("utf-8").splitlines()]
    assert sorted(names) == sorted(record["id"] for record in sandbox.content.records("people"))


def test_a_run_that_was_killed_has_died(sandbox):
    sandbox.latency, sandbox.quirks = 0.3, Quirks(page_cap=5)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    words = [*RUN, "read", "people", "-o", "p.jsonl"]
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE) as process:  # noqa: S603 - our own
        while len(sandbox.journal) < 2:
            assert process.poll() is None
        assert last().status == "running"
        assert "it is still running; look again later" in custify("runs", "show", str(last().id)).stdout
        process.kill()
    assert last().status == "died"
    assert "killed" in custify("runs", "show", str(last().id)).stdout


def test_recording_never_stops_a_run_and_says_so_once():
    custify("read", "people", "-o", "p.jsonl")
    RunHistory().path.write_bytes(b"not a database" * 100)
    said = custify("read", "people", "-o", "p.jsonl").stderr
    assert said.count("this run is not recorded") == 1
    assert "is damaged" in custify("runs", code=2).stderr


def test_whatever_fails_while_a_run_is_recorded_does_not_end_it(monkeypatch):
    monkeypatch.setattr(run_rows, "add", lambda *_: 1 / 0)
    done = custify("write", "upsert_person", "people.csv", "--map", "user_id=id", "--map", "name=email", code=1)
    assert done.stderr.count("this run is not recorded: unexpected ZeroDivisionError") == 1


def test_a_data_directory_that_cannot_be_made_stops_no_run(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CUSTIFY_HOME", str(tmp_path / "file"))
    assert "this run is not recorded" in custify("read", "people").stderr
    assert "cannot be made" in custify("read", "people", "--state", "nightly", code=2).stderr


def test_runs_are_listed_in_pages(tmp_path):
    for _ in range(3):
        custify("read", "people", "--limit", "1")
    listed = custify("runs", "--count", "2").stdout
    assert listed.splitlines()[-3:] == [
        "2 of 3 runs",
        "older ones:     custify runs --before 2",
        "all about one:  custify runs show 3",
    ]
    assert "1 of 3 runs\nall about one:" in custify("runs", "--before", "2").stdout
    assert [run["id"] for run in json.loads(custify("runs", "--json").stdout)] == [3, 2, 1]
    shown = json.loads(custify("runs", "show", "3", "--json").stdout)
    assert {"records", "errors", "size", "runId", "next"} <= set(shown)
    assert f"cd {tmp_path}" not in custify("runs", "show", "3").stdout


def test_an_empty_history_says_so():
    assert custify("runs").stdout == "No run is recorded yet.\n"
    assert custify("runs", "--status", "died").stdout == "No such run is recorded.\n"
    assert "there is no run 4" in custify("runs", "show", "4", code=2).stderr


def test_old_runs_are_forgotten_when_asked():
    for _ in range(3):
        custify("read", "people", "--limit", "1")
    assert custify("runs", "prune", "--keep", "1").stdout == "2 runs forgotten\n"
    assert "say what to keep" in custify("runs", "prune", code=2).stderr


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (ServiceUnavailable("Custify is away"), "failed", "Custify is away"),
        (KeyboardInterrupt(), "interrupted", "interrupted at once"),
        (BrokenPipeError(), "finished", "closed the pipe"),
        (OSError(28, "No space left on device"), "failed", "No space left on device"),
        (RuntimeError("x"), "failed", "a fault of this program (RuntimeError)"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_every_end_is_recorded_with_its_reason(error, status, reason, canary):
    with (
        pytest.raises(type(error)),
        recording.recorded(Run("read", "people", "acme"), [Secret(canary)]),
    ):
        raise error
    assert last().status == status
    assert reason in last().reason


def test_a_key_in_an_error_or_an_argument_is_not_recorded(canary):
    run = Run("read", canary, "acme", {"params": {"email": [canary]}}, ("read", canary), output=canary)
    with (
        pytest.raises(ServiceUnavailable),
        recording.recorded(run, [Secret(canary)]),
    ):
        raise ServiceUnavailable(canary)
    assert canary not in str(last())


def test_counters_are_written_while_a_run_goes_on(canary, monkeypatch):
    monkeypatch.setattr(recording, "_SECONDS_BETWEEN", 0)
    with recording.recorded(Run("read", "people", "acme"), [Secret(canary)]) as record:
        record.count(5, 50)
        assert (last().records, last().size, last().status) == (5, 50, "running")
    with recording.recorded(Run("write", "people", "acme"), [Secret(canary)]) as record:
        count = runs.WriteCount()
        count.outcomes["sent"] = 4
        record.follow(count)
        assert last().outcomes["sent"] == 4


def test_the_outcomes_of_a_person_are_found_over_all_runs():
    custify("write", "upsert_person", "people.csv", "--map", "user_id=id", "--map", "email=email", code=1)
    custify("write", "upsert_person", "people.csv", "--map", "user_id=id", "--map", "name=email", code=1)
    found = json.loads(custify("runs", "find", "U-1", "--json").stdout)
    assert [(row["run"], row["line"], row["outcome"], row["key"]) for row in found] == [
        (2, 2, "sent", {"user_id": "u-1"}), (1, 2, "sent", {"user_id": "u-1"}),
    ]  # fmt: skip
    assert "rejected" in custify("runs", "find", "u-2").stdout
    assert "No such row" in custify("runs", "find", "u-9").stdout
    assert [
        row["line"] for row in json.loads(custify("runs", "rows", "1", "--outcome", "rejected", "--json").stdout)
    ] == [3]
    assert "there is no run 9" in custify("runs", "rows", "9", code=2).output


def test_what_was_left_out_of_a_list_of_rows_is_said():
    custify("write", "upsert_person", "people.csv", "--map", "user_id=id", "--map", "email=email", code=1)
    for words in (("rows", "1"), ("find", "u-")):
        assert "only the first 1 rows: --count shows more" in custify("runs", *words, "--count", "1").stderr
        assert "only the first" not in custify("runs", *words, "--count", "2").stderr


@pytest.mark.parametrize("words", [("rows",), ("show",)], ids=str)
def test_a_run_has_a_number_that_fits_the_history(words):
    assert "is not in the range" in custify("runs", *words, str(2**63), code=2).stderr
    assert "is not in the range" in custify("runs", *words, "0", code=2).stderr


def test_records_and_replies_are_kept_on_request_and_without_the_key(canary, tmp_path):
    (tmp_path / "people.csv").write_text(f"id,name\nu-1,{canary}\n", "utf-8")
    custify("write", "upsert_person", "people.csv", "--map", "user_id=id", "--map", "name", code=2)
    custify("write", "upsert_person", "people.csv", "--map", "user_id=id", "--map", "name=name")
    assert "record" not in json.loads(custify("runs", "rows", "1", "--json").stdout)[0]
    custify("write", "upsert_person", "people.csv", "--map", "user_id=id", "--map", "name=name", "--capture")
    (row,) = json.loads(custify("runs", "rows", "2", "--json").stdout)
    assert row["record"]["user_id"] == "u-1"
    assert row["response"]
    files = [path for path in RunHistory().path.parent.iterdir() if path.is_file()]
    assert not any(canary.encode() in path.read_bytes() for path in files)


def test_a_run_is_recorded_with_its_total_and_the_reason_of_each_wait(tmp_path):
    custify("read", "people", "-o", "people.jsonl", "--rate-limit", "1/0.05")
    assert last().total == last().records == 30
    (tmp_path / "rows.csv").write_text("user_id\n" + "".join(f"w-{n}\n" for n in range(5)), "utf-8")
    custify("write", "upsert_person", "rows.csv", "--rate-limit", "1/0.05")
    assert (last().total, last().records) == (5, 5)
    assert last().waits["rate limit"]["times"] >= 1


@pytest.mark.parametrize(
    ("name", "content", "total"),
    [
        ("a.csv", "h\n1\n2", 2),
        ("a.csv", "", None),
        ("a.jsonl", "{}\n{}\n", 2),
        ("a.parquet", "PAR1", None),
        ("b.csv", None, None),
    ],
)
def test_the_rows_of_a_text_are_counted_by_its_lines(tmp_path, name, content, total):
    if content is not None:
        (tmp_path / name).write_text(content, "utf-8")
    assert recording._rows(str(tmp_path / name)) == total  # noqa: SLF001 - one figure of a run

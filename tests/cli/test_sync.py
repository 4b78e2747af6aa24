"""`custify sync`: plans that are run by name, what they report, and what starts them."""

import json
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.exchange import retrying
from custify_connector.host import syncs
from custify_connector.host.run_history import RunHistory

PLAN = """
reads:
  - endpoints: [companies]
    output: ../companies.jsonl
writes:
  - endpoint: upsert_person
    file: ../people.csv
    map: [user_id=id, name=name]
quarantine: ../rejected.jsonl
"""
KEEP = "import sys, pathlib; pathlib.Path(sys.argv[1]).open('ab').write(sys.stdin.buffer.read())"


@pytest.fixture
def sync(sandbox, canary, monkeypatch, tmp_path):
    """Return the command, bound to the sandbox, in a folder of its own with a sync and its file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    (tmp_path / "people.csv").write_text("id,name\nn-1,Ana\nn-2,Bo\n", encoding="utf-8")
    save(PLAN)
    return lambda *words: CliRunner().invoke(main, ["sync", *words])


def save(text, name="nightly"):
    Path("syncs").mkdir(exist_ok=True)
    Path("syncs", f"{name}.yaml").write_text(text, encoding="utf-8")


def with_alerts(command=None):
    kept = command or [sys.executable, "-c", KEEP]
    save(PLAN + yaml.safe_dump({kind: [*kept, f"{kind}.jsonl"] for kind in ("on_failure", "on_recovery")}))


def reported(kind):
    path = Path("syncs", f"{kind}.jsonl")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.mark.usefixtures("sync")
def test_the_plan_in_the_help_runs_as_it_stands(sandbox, tmp_path):
    (tmp_path / "people.csv").write_text("id,email,first,last\nn-1,ana@example.com,Ana,Ito\n", encoding="utf-8")
    text = CliRunner().invoke(main, ["load", "--help"]).stdout
    plan = re.search(r"^  reads:\n(?:  .*\n)+", text, re.MULTILINE)
    (tmp_path / "plan.yaml").write_text(textwrap.dedent(plan[0]), encoding="utf-8")
    done = CliRunner().invoke(main, ["load", "plan.yaml"])
    assert done.exit_code == 0, done.output
    assert "Ana Ito" in {each.get("name") for each in sandbox.content.records("people")}
    assert {path.name for path in (tmp_path / "crm").iterdir()} >= {"people", "companies"}


def test_a_sync_reads_and_writes_and_is_a_run_like_any_other(sync, sandbox, tmp_path):
    done = sync("run", "nightly")
    assert done.exit_code == 0, done.output
    assert len((tmp_path / "companies.jsonl").read_text().splitlines()) == 5
    assert {"n-1", "n-2"} <= {each["user_id"] for each in sandbox.content.records("people")}
    write, read = RunHistory().page(9)
    assert (read.kind, read.endpoint, write.kind, write.endpoint) == ("read", "companies", "load", "upsert_person")
    assert write.command == ("load", "syncs/nightly.yaml")
    listed = json.loads(sync("list", "--json").stdout)
    assert [(each["name"], each["last"]["code"], each["last"]["runs"]) for each in listed] == [
        ("nightly", 0, [read.id, write.id])
    ]
    assert "companies → ../companies.jsonl; ../people.csv → upsert_person" in sync("list").stdout.replace("…", "")


def test_what_is_typed_goes_before_what_the_plan_says(sync, tmp_path):
    (tmp_path / "people.csv").write_text("id,name\n,Nameless\n", encoding="utf-8")
    assert sync("run", "nightly").exit_code == 1
    assert (tmp_path / "rejected.jsonl").exists()
    done = sync("run", "nightly", "--quarantine", "other.jsonl", "--rate-limit", "none")
    assert (done.exit_code, (tmp_path / "other.jsonl").exists()) == (1, True), done.output


def test_a_dry_run_changes_nothing_and_is_not_a_run(sync, sandbox):
    done = sync("run", "nightly", "--dry-run")
    assert done.exit_code == 0, done.output
    assert len(sandbox.journal) == sandbox.journal.count("GET")
    assert (RunHistory().count(), syncs.last_of(Path("syncs/nightly.yaml"))) == (0, None)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (PLAN.replace("user_id=id", "userid=id"), "writes[0].map: userid: upsert_person has no field 'userid'"),
        (PLAN.replace("user_id=id", "user_id"), "writes[0].map: user_id: has no '='"),
        (PLAN.replace("[user_id=id", "[user_id=ids"), "writes[0].map: there is no column 'ids'"),
        ("reads: [{endpoints: [compnies], output: c.jsonl}]", "reads[0].endpoints: there is no 'compnies'"),
        ("reads: [{endpoints: [people], output: p.jsonl, mode: incremental}]", "reads[0].mode: incremental needs"),
        ("reads: [{endpoints: [people], output: p.jsonl, params: {naem: x}}]", "reads[0].params.naem: people has no"),
    ],
    ids=["field", "rule", "column", "endpoint", "mode", "parameter"],
)
def test_a_refused_setting_is_named_by_the_plan_and_the_key_it_stands_at(sync, plan, said):
    save(plan)
    done = sync("run", "nightly")
    assert done.exit_code == 2, done.output
    assert f"custify: syncs/nightly.yaml: {said}" in done.stderr


def test_a_read_that_fails_keeps_the_files_from_being_written(sync, sandbox):
    save(PLAN.replace("companies]", "compnies]"))
    done = sync("run", "nightly")
    assert done.exit_code == 2
    assert "did you mean" in done.stderr
    assert len(sandbox.journal) == 0


def test_a_failure_and_a_recovery_are_reported_once_each_with_the_run(sync, tmp_path, canary):
    with_alerts()
    good = (tmp_path / "people.csv").read_text()
    for rows in ("id,name\n,Nameless\n", "id,name\n,Nameless\n", good, good):
        (tmp_path / "people.csv").write_text(rows, encoding="utf-8")
        sync("run", "nightly")
    (failed,), (recovered,) = reported("on_failure"), reported("on_recovery")
    assert (failed["sync"], failed["status"], failed["exit_code"], failed["errors"]) == ("nightly", "rejects", 1, 1)
    assert (recovered["sync"], recovered["status"], recovered["exit_code"]) == ("nightly", "finished", 0)
    assert {"id", "runId", "outcomes", "command"} <= failed.keys()
    assert canary not in json.dumps([failed, recovered])


def test_a_failure_of_another_kind_is_reported_although_the_last_run_failed_as_well(
    sync, tmp_path, monkeypatch, canary
):
    with_alerts()
    (tmp_path / "people.csv").write_text("id,name\n,Nameless\n", encoding="utf-8")
    nights = {"rejects": canary, "rejects again": canary, "refused key": f"{canary}x", "no key": "", "none again": ""}
    codes = []
    for key in nights.values():
        monkeypatch.setenv("CUSTIFY_API_KEY", key)
        codes.append(sync("run", "nightly").exit_code)
    assert codes == [1, 1, 3, 2, 2]
    assert [each["exit_code"] for each in reported("on_failure")] == [1, 3, 2]
    assert sync("list", "--json").exit_code == 0


def test_a_run_that_never_began_is_reported_with_why(sync, tmp_path):
    with_alerts()
    (tmp_path / "people.csv").unlink()
    done = sync("run", "nightly")
    assert done.exit_code == 2
    (failed,) = reported("on_failure")
    assert (failed["kind"], failed["sync"], failed["exit_code"], failed["status"]) == ("sync", "nightly", 2, "failed")
    assert f"custify: {failed['reason']}" in done.stderr
    assert "people.csv" in failed["reason"]
    assert [each["reason"] for each in failed["failed"]] == [failed["reason"]]  # the read before it ended well


@pytest.mark.parametrize(
    ("wrong", "said"),
    [("\nquarantaine: x.jsonl\n", "quarantaine: unknown field"), ("\nreads: 7\n", "must be")],
)
def test_a_plan_that_became_wrong_is_reported_by_the_program_that_it_still_names(sync, wrong, said):
    """A schedule shows no one what is printed, and the night after a change of the plan is the likeliest to fail."""
    with_alerts()
    path = Path("syncs/nightly.yaml")
    good = path.read_text()
    path.write_text(good.replace("\nreads:", "\nreads_:") + wrong if "reads" in wrong else good + wrong)
    assert [sync("run", "nightly").exit_code for _ in range(2)] == [2, 2]
    (failed,) = reported("on_failure")
    assert (failed["sync"], failed["exit_code"]) == ("nightly", 2)
    assert said in failed["reason"]
    path.write_text(good)
    assert sync("run", "nightly").exit_code == 0
    assert len(reported("on_recovery")) == 1


@pytest.mark.parametrize("plan", ["on_failure: [", "on_failure: 7\n", "on_failure: []\n"])
def test_a_plan_that_no_longer_says_how_starts_no_program(sync, plan):
    with_alerts()
    Path("syncs/nightly.yaml").write_text(plan)
    done = sync("run", "nightly")
    assert (done.exit_code, reported("on_failure")) == (2, [])
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("--max-in-flight", "no"), ("--quarantine", "../nightly.yaml/x")])
def test_a_refusal_of_an_option_is_reported_with_its_words(sync, words):
    with_alerts()
    done = sync("run", "nightly", *words)
    assert done.exit_code == 2
    (failed,) = reported("on_failure")
    assert failed["reason"]
    assert failed["reason"] in done.stderr


def test_what_is_rejected_names_its_file_without_dots_and_the_credential_of_the_plan(sync, tmp_path, canary, sandbox):
    added = CliRunner().invoke(
        main, ["credential", "add", "acme", "--base-url", sandbox.base_url, "--api-key-stdin"], input=canary
    )
    assert added.exit_code == 0, added.output
    (tmp_path / "people.csv").write_text("id,name\n,Nameless\n", encoding="utf-8")
    save("credential: acme\n" + PLAN)
    done = sync("run", "nightly")
    assert "\npeople.csv: line 2: rejected: needs one of" in done.stderr
    assert "saved to rejected.jsonl." in done.stderr
    assert "  custify replay rejected.jsonl --credential acme\n" in done.stderr
    assert ".." not in done.stderr
    shown = CliRunner().invoke(main, ["runs", "show", "2"]).output
    assert "rejected.jsonl --credential acme\n" in shown


def test_a_path_through_a_linked_folder_stays_as_it_is(sync, tmp_path):
    (tmp_path / "elsewhere" / "syncs").mkdir(parents=True)
    (tmp_path / "elsewhere" / "people.csv").write_text("id,name\n,Nameless\n", encoding="utf-8")
    (tmp_path / "linked").symlink_to(tmp_path / "elsewhere" / "syncs")
    (tmp_path / "linked" / "nightly.yaml").write_text(PLAN, encoding="utf-8")
    done = sync("run", "nightly", "--folder", "linked")
    assert done.exit_code == 1, done.output
    assert (tmp_path / "elsewhere" / "rejected.jsonl").exists()


def test_a_write_that_reaches_no_service_is_reported_with_the_connection(sync, monkeypatch):
    monkeypatch.setattr(retrying, "PATIENT", retrying.Patience(tries=1))
    monkeypatch.setenv("CUSTIFY_BASE_URL", "http://127.0.0.1:9")
    plan = {"on_failure": [sys.executable, "-c", KEEP, "on_failure.jsonl"], "writes": yaml.safe_load(PLAN)["writes"]}
    save(yaml.safe_dump(plan))
    assert sync("run", "nightly").exit_code == 4
    (failed,) = reported("on_failure")
    assert (failed["status"], failed["exit_code"], failed["outcomes"]["failed"]) == ("failed", 4, 2)
    assert "the connection was refused" in failed["reason"]
    assert "http://127.0.0.1:9" in failed["reason"]


def test_states_of_another_key_are_a_setting_to_correct_and_a_replaced_key_is_said_to_the_reads(
    sync, monkeypatch, canary
):
    save("reads: [{endpoints: [people, companies], output: ../crm/, mode: incremental}]")
    assert sync("run", "nightly").exit_code == 0
    monkeypatch.setenv("CUSTIFY_API_KEY", f"{canary}x")
    done = sync("run", "nightly")
    assert done.exit_code == 2, done.output
    assert "if it is a new key of the same account, add --same-account" in " ".join(done.stderr.split())
    assert sync("run", "nightly", "--same-account").exit_code == 3  # the key that was made up here is asked for


def test_every_failing_write_is_reported_with_its_most_frequent_reasons(sync, tmp_path):
    (tmp_path / "people.csv").write_text("id,name\n,Ana\n,Bo\n,Cy\n", encoding="utf-8")
    (tmp_path / "more.csv").write_text("id,name\na," + "x" * 300 + "\nb,Bo\n", encoding="utf-8")
    second = {"endpoint": "upsert_person", "file": "../more.csv", "map": ["user_id=id", "name=name"]}
    plan = yaml.safe_load(PLAN)
    plan["on_failure"] = [sys.executable, "-c", KEEP, "on_failure.jsonl"]
    save(yaml.safe_dump({**plan, "writes": [*plan["writes"], second]}))
    assert sync("run", "nightly").exit_code == 1
    (got,) = reported("on_failure")
    first, second = got["failed"]
    assert (first["errors"], second["errors"], got["id"]) == (3, 1, second["id"])
    assert first["reasons"] == [{"outcome": "rejected", "reason": "needs one of id, user_id, email", "count": 3}]
    assert [(each["outcome"], each["count"]) for each in second["reasons"]] == [("rejected", 1)]
    assert got["reasons"] == second["reasons"]


def test_a_crash_is_reported_like_any_failure(sync, monkeypatch):
    with_alerts()
    monkeypatch.setattr("custify_connector.cli.load.command.callback", lambda **_: 1 / 0)
    done = sync("run", "nightly")
    assert isinstance(done.exception, ZeroDivisionError)
    (failed,) = reported("on_failure")
    assert (failed["sync"], failed["exit_code"]) == ("nightly", 1)


def test_the_program_gets_no_key_and_no_shell(sync, tmp_path):
    seen = "import os, sys, json; json.dump([sorted(os.environ), sys.argv[1:]], open('seen.json', 'w'))"
    with_alerts([sys.executable, "-c", seen, "$(touch shell); x"])
    (tmp_path / "people.csv").write_text("id,name\n,Nameless\n", encoding="utf-8")
    sync("run", "nightly")
    names, words = json.loads((tmp_path / "syncs" / "seen.json").read_text())
    assert "CUSTIFY_API_KEY" not in names
    assert words == ["$(touch shell); x", "on_failure.jsonl"]
    assert not (tmp_path / "syncs" / "shell").exists()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ([sys.executable, "-c", "raise SystemExit(7)"], "the command ended with exit code 7"),
        (["no-such-program"], "the command could not be started: no-such-program"),
        (["bad\0name"], "the command could not be started"),
    ],
    ids=["fails", "missing", "not a name"],
)
def test_a_program_that_fails_is_said_and_changes_nothing(sync, tmp_path, command, said):
    if "\0" in command[0]:
        save(PLAN + 'on_failure: ["bad\\0name"]\n')
    else:
        with_alerts(command)
    (tmp_path / "people.csv").write_text("id,name\n,Nameless\n", encoding="utf-8")
    done = sync("run", "nightly")
    assert done.exit_code == 1
    assert said in done.stderr
    assert syncs.last_of(Path("syncs/nightly.yaml")).code == 1


@pytest.mark.parametrize(
    "command", [["./report"], [sys.executable, "-c", "raise SystemExit(7)"]], ids=["none", "fails"]
)
def test_what_a_program_did_not_report_is_reported_by_the_next_run(sync, tmp_path, command):
    good = (tmp_path / "people.csv").read_text()
    for kind, rows in (("on_failure", "id,name\n,Nameless\n"), ("on_recovery", good)):
        (tmp_path / "people.csv").write_text(rows, encoding="utf-8")
        with_alerts(command)
        sync("run", "nightly")
        with_alerts()
        sync("run", "nightly")
        sync("run", "nightly")
        assert len(reported(kind)) == 1


def test_a_second_run_at_the_same_time_is_refused(sync, sandbox):
    with syncs.running(Path("syncs/nightly.yaml")):
        done = sync("run", "nightly")
    assert (done.exit_code, len(sandbox.journal)) == (2, 0)
    assert "the sync nightly: another run of custify" in done.stderr


def test_what_cannot_be_kept_does_not_change_how_a_run_ended(sync, monkeypatch, tmp_path):
    with_alerts()
    home = tmp_path / "home"
    monkeypatch.setenv("CUSTIFY_HOME", str(home))
    home.mkdir()
    (home / "runs.sqlite").write_text("this is not a database of runs")
    monkeypatch.setattr(syncs.atomic, "replacing", _full)
    (tmp_path / "people.csv").write_text("id,name\n,Nameless\n", encoding="utf-8")
    save(Path("syncs/nightly.yaml").read_text().partition("writes:")[1] + PLAN.partition("writes:")[2])
    done = sync("run", "nightly")
    assert done.exit_code == 1, done.output
    assert "how this run ended is not kept" in done.stderr


def _full(*_arguments, **_options):
    raise OSError(28, "No space left on device")


def test_a_credential_that_can_be_read_once_is_refused_where_it_is_needed_twice(sync, sandbox):
    done = sync("run", "nightly", "--credential-file", "-")
    assert (done.exit_code, len(sandbox.journal)) == (2, 0)
    assert "standard input can be read once" in done.stderr


def test_a_stored_credential_is_named_by_the_plan(sync, monkeypatch, canary, sandbox):
    added = CliRunner().invoke(
        main, ["credential", "add", "acme", "--base-url", sandbox.base_url, "--api-key-stdin"], input=canary
    )
    assert added.exit_code == 0, added.output
    monkeypatch.setenv("CUSTIFY_API_KEY", "wrong")
    save("credential: acme\n" + PLAN)
    assert sync("run", "nightly").exit_code == 0
    assert {run.credential for run in RunHistory().page(9)} == {"acme"}


def test_what_is_not_there_is_said(sync):
    done = sync("run", "nighly")
    assert (done.exit_code, "did you mean 'nightly'?" in done.stderr) == (2, True)
    assert "cannot be the name" in sync("run", "../x").stderr
    assert "There is no sync in other yet" in sync("list", "--folder", "other").stdout
    assert "must be a time such as 02:15" in sync("schedule", "nightly", "--as", "cron", "--at", "25:00").stderr


@pytest.mark.parametrize("form", ["cron", "systemd", "airflow", "kubernetes"])
def test_a_schedule_names_whole_paths_and_no_key(sync, form, canary, tmp_path, monkeypatch):
    folder = tmp_path / "a folder, 100% 'quoted'"
    folder.mkdir()
    monkeypatch.chdir(folder)
    save(PLAN)
    done = sync("schedule", "nightly", "--as", form, "--at", "03:05")
    assert done.exit_code == 0, done.output
    assert canary not in done.stdout
    if form == "kubernetes":
        job = yaml.safe_load(done.stdout)
        assert (job["kind"], job["spec"]["schedule"], job["metadata"]["name"]) == (
            "CronJob",
            "5 3 * * *",
            "custify-nightly",
        )
        container = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]
        assert container["args"] == ["sync", "run", "nightly", "--folder", "/data/syncs"]
    elif form == "airflow":
        names = compile(done.stdout, "dag.py", "exec").co_names
        assert {"COMMAND", "FOLDER", "HOME"} <= set(names)
        assert repr(str(folder)) in done.stdout
        assert 'schedule="5 3 * * *"' in done.stdout
    elif form == "cron":
        line = done.stdout.splitlines()[-1]
        assert line.startswith("5 3 * * * ")
        assert "100\\% " in line
    else:
        assert "OnCalendar=*-*-* 03:05:00" in done.stdout
        assert f"WorkingDirectory={str(folder).replace('%', '%%')}" in done.stdout


def test_a_schedule_of_a_plan_without_a_credential_says_that_it_needs_a_key(sync):
    assert "names no credential, so what starts it has to set CUSTIFY_API_KEY" in (
        sync("schedule", "nightly", "--as", "cron").stderr
    )
    save("credential: acme\n" + PLAN)
    assert sync("schedule", "nightly", "--as", "cron").stderr == ""


def test_a_plan_that_is_interrupted_in_one_write_does_not_begin_the_next(sync, monkeypatch):
    entry = "  - {endpoint: upsert_person, file: ../people.csv, map: [user_id=id, name=name]}\n"
    save(f"writes:\n{entry}{entry}")
    begun = []
    monkeypatch.setattr("custify_connector.cli.writing.run", lambda *_: begun.append(1) or 143)
    assert (sync("run", "nightly").exit_code, len(begun)) == (143, 1)


def test_a_dollar_is_doubled_in_a_command_alone(sync, tmp_path, monkeypatch):
    folder = tmp_path / "$HOME"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CUSTIFY_HOME", str(folder))
    save(PLAN)
    unit = sync("schedule", "nightly", "--as", "systemd").stdout
    assert f'Environment="CUSTIFY_HOME={folder}"' in unit
    assert str(folder / "syncs").replace("$", "$$") in unit


@pytest.mark.parametrize("form", ["cron", "systemd", "airflow"])
def test_a_schedule_with_a_line_break_in_its_folder_is_refused(sync, tmp_path, monkeypatch, form):
    folder = tmp_path / "a\nb"
    folder.mkdir()
    monkeypatch.chdir(folder)
    save(PLAN)
    done = sync("schedule", "nightly", "--as", form)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "a schedule cannot name a folder with a line break" in done.stderr


def test_the_line_of_cron_runs_as_cron_starts_it(sync, tmp_path, sandbox, canary):
    folder = tmp_path
    *_, line = sync("schedule", "nightly", "--as", "cron").stdout.splitlines()
    command = line.split(None, 6)[6].replace("\\%", "%")
    keys = {"CUSTIFY_API_KEY": canary, "CUSTIFY_BASE_URL": sandbox.base_url, "CUSTIFY_HOME": str(tmp_path / "home")}
    done = subprocess.run(["/bin/sh", "-c", command], env=keys, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    assert done.returncode == 0, done.stderr
    assert (folder / "companies.jsonl").exists()


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="this machine has no systemd to judge its units")
def test_systemd_accepts_the_units(sync, tmp_path):
    service, mark, timer = sync("schedule", "nightly", "--as", "systemd").stdout.partition(
        "# /etc/systemd/system/custify-nightly.timer"
    )
    (tmp_path / "custify-nightly.service").write_text(service)
    (tmp_path / "custify-nightly.timer").write_text(mark + timer)
    words = ["systemd-analyze", "verify", *(str(tmp_path / f"custify-nightly.{kind}") for kind in ("timer", "service"))]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - of Debian
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

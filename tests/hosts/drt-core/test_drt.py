"""The destination inside drt, by its command: found, validated, run dry, run with a bad row, and the row retried."""

import json
import os
import shutil
import subprocess
import time
from pathlib import Path

import duckdb
import pytest

COUNT = 120
BAD = "w-057"


@pytest.fixture
def project(tmp_path, checkout):
    """Return the example project in a folder of its own, with a warehouse of sign-ups, one of them bad."""
    folder = tmp_path / "project"
    shutil.copytree(checkout / "examples" / "drt", folder)
    (tmp_path / ".drt").mkdir()
    shutil.move(folder / "profiles.yml", tmp_path / ".drt" / "profiles.yml")
    fill(folder)
    return folder


def fill(folder):
    """Make the warehouse."""
    with duckdb.connect(str(folder / "warehouse.duckdb")) as warehouse:
        warehouse.execute(
            "CREATE TABLE signups AS SELECT format('w-{:03d}', i) AS user_id, format('w{}@example.com', i) AS email, "
            "'Zoë ' || i AS name, timestamptz '2026-01-01 00:00:00+02' AS signed_up_at, i AS sessions "
            "FROM range(?) numbers(i)",
            [COUNT],
        )
        warehouse.execute("UPDATE signups SET email = repeat('x', 300) WHERE user_id = ?", [BAD])


@pytest.fixture
def begin(project, custify):
    """Return what starts drt's command in the project."""

    def begun(*words, **changed):
        key = {"CUSTIFY_API_KEY": custify.api_key, "CUSTIFY_BASE_URL": custify.base_url}
        environment = {**os.environ, "HOME": str(project.parent), "COLUMNS": "200", "NO_COLOR": "1", **key, **changed}
        return subprocess.Popen(  # noqa: S603 - drt, installed beside this
            ["drt", *words],  # noqa: S607 - first on the PATH of a host's tests
            cwd=project,
            env={name: value for name, value in environment.items() if value},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return begun


@pytest.fixture
def drt(begin, custify):
    """Return a runner of drt's command in the project."""

    def run(*words, **changed):
        process = begin(*words, **changed)
        said = "".join(process.communicate())
        assert custify.api_key not in said
        assert "Traceback" not in said
        return process.returncode, said

    return run


def signups(custify):
    """Return the people that came from the warehouse, by their id there."""
    return {one["user_id"]: one for one in custify.content("people") if str(one.get("user_id")).startswith("w-")}


def writes(custify):
    """Return the requests that could have changed something."""
    return [entry for entry in custify.journal() if entry["method"] != "GET"]


def lines(path):
    """Return the JSON lines of a file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def test_drt_finds_the_destination_and_accepts_the_example(drt, custify):
    code, said = drt("plugins", "list")
    assert code == 0
    assert "custify" in said
    code, said = drt("validate", "--check-connection")
    assert code == 0, said
    assert "signups" in said
    code, said = drt("validate", "--check-connection", CUSTIFY_API_KEY="another")
    assert "the API key was not accepted" in " ".join(said.split())
    assert writes(custify) == []


def test_a_dry_run_sends_nothing_and_the_run_after_it_sends_all(drt, custify, figures):
    code, said = drt("run", "--dry-run")
    assert code == 0, said
    assert writes(custify) == []
    drt("run")
    assert len(signups(custify)) == COUNT - 1
    figures["rows after a dry run and a run"] = f"{len(signups(custify))} of {COUNT}, 1 rejected"


def test_a_bad_row_does_not_stop_the_others_and_is_retried_when_corrected(drt, custify, project, figures):
    code, said = drt("run")
    assert code == 1, said
    arrived = signups(custify)
    assert len(arrived) == COUNT - 1
    assert BAD not in arrived
    expected = {"email": "w7@example.com", "name": "Zoë 7", "session_count": 7}
    assert {name: arrived["w-007"][name] for name in expected} == expected
    assert arrived["w-007"]["signed_up_at"] == "2025-12-31T22:00:00.000Z"
    assert len(writes(custify)) == COUNT - 1
    assert "1 rejected: email: has 300 characters; at most 255 are allowed" in said
    assert "(first: row 58)" in said
    (path,) = (project / ".drt" / "dlq").glob("*.jsonl")
    (letter,) = lines(path)
    assert letter["record"]["user_id"] == BAD
    assert "email: has 300 characters; at most 255 are allowed" in letter["error_message"]

    drt("retry", "signups")
    assert lines(path)[0]["attempts"] == 2
    letter["record"]["email"] = "w57@example.com"
    path.write_text(json.dumps(letter) + "\n", encoding="utf-8")
    code, said = drt("retry", "signups")
    assert code == 0, said
    assert lines(path) == []
    assert signups(custify)[BAD]["email"] == "w57@example.com"
    assert custify.summary()["busiest_window"] <= 100
    figures.update(
        {
            "streams": 1,
            "records": COUNT - 1,
            "second run": "1 by drt retry",
            "rejected": 1,
            "rejected rows went to": "drt's dead letter queue",
        }
    )


def change(project, **changed):
    """Change lines of the example's sync."""
    path = project / "syncs" / "signups.yml"
    text = path.read_text("utf-8")
    for old, new in changed.values():
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("create_only", "match_policy: create_only is not supported by CustifyDestination"),
        ("update_only", "upsert_person cannot keep update_only: only update_task, update_ticket never create"),
    ],
)
def test_a_match_policy_that_custify_cannot_keep_is_refused_before_the_first_request(
    drt, custify, project, policy, expected
):
    change(project, policy=("mode: full", f"mode: full\n  match_policy: {policy}"))
    code, said = drt("run")
    assert code == 1
    assert expected in " ".join(said.split())
    assert custify.journal() == []


def test_update_only_changes_what_is_there_and_skips_the_rest(drt, custify, project):
    task = custify.content("tasks")[0]
    change(
        project,
        policy=("mode: full", "mode: full\n  match_policy: update_only"),
        endpoint=("upsert_person", "update_task"),
        model=(
            "SELECT user_id, email, name, signed_up_at, sessions AS session_count\n  FROM signups ORDER BY user_id",
            f"FROM (VALUES ('{task['id']}', 'Renamed'), ('6fffffff00000000000fffff', 'Nobody')) tasks(id, name)",
        ),
    )
    count = len(custify.content("tasks"))
    code, said = drt("run")
    assert code == 0, said
    tasks = {one["id"]: one for one in custify.content("tasks")}
    assert len(tasks) == count
    assert tasks[task["id"]]["name"] == "Renamed"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (("upsert_person", "upsert_persons"), "there is no 'upsert_persons'; did you mean 'upsert_person'?"),
        (("type: custify", "type: custify\n  quarantene: q.jsonl"), "quarantene"),
        (("upsert_person", "create_task"), "only creates"),
        (("type: custify", "type: custify\n  max_rejects: lots"), "max_rejects"),
    ],
)
def test_a_wrong_configuration_is_reported_by_validate(drt, custify, project, line, expected):
    change(project, line=line)
    code, said = drt("validate")
    assert code == 1
    assert expected in " ".join(said.split())
    assert custify.journal() == []


def write_sync(project, model, destination, **options):
    """Write a sync of its own in the place of the example's."""
    for path in (project / "syncs").iterdir():
        path.unlink()
    sync = {"mode": "full", "on_error": "skip", **options}
    words = {"name": "made", "model": model, "destination": {"type": "custify", **destination}, "sync": sync}
    (project / "syncs" / "made.yml").write_text(json.dumps(words), encoding="utf-8")


@pytest.mark.parametrize("size", [1, 2, 100])
def test_a_bad_event_through_three_syncs_leaves_one_copy_of_the_others(drt, custify, project, figures, size):
    users = [one["user_id"] for one in custify.content("people") if one.get("user_id")]
    moments = ("2026-01-01", "2026-01-02", "2026-01-02", "nonsense")
    rows = ", ".join(f"('{user}', 'used', '{moment}')" for user, moment in zip(users, moments, strict=False))
    write_sync(
        project,
        f"FROM (VALUES {rows}) events(user_id, name, created_at)",
        {"endpoint": "create_event", "quarantine": "quarantine.jsonl"},
        batch_size=size,
    )
    before = len(custify.content("events"))
    for _ in range(3):
        code, said = drt("run")
        assert code == 1
        assert "1 rejected: created_at: is not a date" in said
    assert len(custify.content("events")) - before == 3
    assert len(lines(project / "quarantine.jsonl")) == 1
    figures["copies after three syncs with a bad row"] = 1


def test_a_killed_run_and_the_next_one_lose_and_double_no_event(begin, drt, custify, project, figures):
    user = next(one["user_id"] for one in custify.content("people") if one.get("user_id"))
    model = f"SELECT '{user}' AS user_id, 'e' || i AS name, '2026-01-01' AS created_at FROM range(300) numbers(i)"  # noqa: S608 - an id of the sandbox
    quick = {"settings": {"rate_limit": None}}
    write_sync(project, model, {"endpoint": "create_event", "journal": "sent", **quick}, batch_size=50)
    before = len(custify.content("events"))
    custify.settings(rate_limit=None, latency=0.05)
    for moment in (60, 150):
        process = begin("run")
        while len(custify.content("events")) - before < moment:
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        process.kill()
        process.communicate()
    custify.settings(latency=0)
    code, said = drt("run")
    assert code == 0, said
    names = [one["name"] for one in custify.content("events")][before:]
    assert sorted(names) == sorted(f"e{at}" for at in range(300))
    figures["killed twice"] = "lost 0, doubled 0"


def test_tasks_are_created_once_where_a_folder_remembers_them(drt, custify, project):
    model = (
        "FROM (VALUES ('a', 'medium', 'open'), ('b', 'medium', 'open'), ('b', 'medium', 'open'),"
        " ('', 'medium', 'open')) tasks(name, priority, status)"
    )
    write_sync(project, model, {"endpoint": "create_task", "journal": "sent"}, batch_size=1)
    before = len(custify.content("tasks"))
    for _ in range(3):
        drt("run")
    assert len(custify.content("tasks")) - before == 3


def test_a_row_that_did_not_arrive_is_kept_once(drt, project):
    change(project, quarantine=("type: custify", "type: custify\n  quarantine: quarantine.jsonl"))
    _, said = drt("run")
    assert "destination.quarantine is not used: sync.dlq keeps the rows that do not arrive" in said
    assert lines(project / "quarantine.jsonl") == []
    (path,) = (project / ".drt" / "dlq").glob("*.jsonl")
    assert len(lines(path)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        ("upsert_person", "create_task\n  api_key: a-literal-canary-key"),
        ("endpoint: upsert_person", "api_key: a-literal-canary-key"),
        ("upsert_person", "upsert_person\n  api_key: [a-literal-canary-key]"),
    ],
)
def test_a_literal_key_is_in_no_error(drt, project, changed):
    change(project, key=changed)
    code, said = drt("validate")
    assert code == 1
    assert "canary" not in said


def test_a_refused_key_ends_the_run_with_its_reason(drt, custify):
    code, said = drt("run", CUSTIFY_API_KEY="another")
    assert code == 1
    assert "Custify refused the API key (401)" in " ".join(said.split())
    assert signups(custify) == {}


def test_the_address_may_have_the_name_that_custifys_own_server_reads(drt, custify):
    code, said = drt("run", CUSTIFY_BASE_URL="", CUSTIFY_API_URL=custify.base_url)
    assert len(signups(custify)) == COUNT - 1, (code, said)


def test_a_missing_key_is_reported_by_the_name_of_its_variable(drt, custify):
    code, said = drt("run", CUSTIFY_API_KEY="")
    assert code == 1
    assert "CUSTIFY_API_KEY: is not set" in " ".join(said.split())
    assert custify.journal() == []


def test_the_configuration_has_the_fields_of_the_credential():
    from custify_connector.adapters.drt_custify import CustifyDestinationConfig  # noqa: PLC0415 - drt's alone
    from custify_connector.plugin import connector  # noqa: PLC0415

    assert set(connector.describe()["credential"]["properties"]) <= set(CustifyDestinationConfig.model_fields)


def test_the_project_of_the_example_is_complete(checkout):
    names = {path.relative_to(checkout / "examples" / "drt") for path in (checkout / "examples" / "drt").rglob("*.yml")}
    assert names == {Path("drt_project.yml"), Path("profiles.yml"), Path("syncs/signups.yml")}


def test_the_block_of_the_page_runs(set_up, custify):
    def fill_without_the_bad_row(examples):
        fill(examples / "drt")
        with duckdb.connect(str(examples / "drt" / "warehouse.duckdb")) as warehouse:
            warehouse.execute("DELETE FROM signups WHERE user_id = ?", [BAD])

    set_up("drt", "drt-core", fill_without_the_bad_row)
    assert len(signups(custify)) == COUNT - 1

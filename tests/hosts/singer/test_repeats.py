"""The target as a host runs it again and again: dry, with a bad row, killed in the middle."""

import json
import os
import subprocess
import time

import pytest


@pytest.fixture
def account(serve):
    with serve(rate_limit="none") as custify:
        yield custify


@pytest.fixture
def begin(tmp_path, account):
    """Return what starts the target, which is to read messages from standard input."""

    def begun(variables=None, **config):
        words = {} if variables else {"name": "t", "api_key": account.api_key, "base_url": account.base_url}
        words |= config
        words["settings"] = {"rate_limit": None}
        (tmp_path / "config.json").write_text(json.dumps(words), encoding="utf-8")
        command = ["target-custify"]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        environment = {**os.environ, "PYTHONWARNINGS": "always::ResourceWarning", **(variables or {})}
        return subprocess.Popen(  # noqa: S603 - ours
            [*command, "--config", "config.json"], cwd=tmp_path, env=environment, text=True, **pipes
        )

    return begun


@pytest.fixture
def write(begin):
    """Return a runner of the target on the rows of one stream; it returns what came out, its state and its log."""

    def written(rows, **config):
        process = begin(**config)
        state, log = process.communicate(messages(rows), timeout=120)
        assert process.returncode == 0, log
        assert "ResourceWarning" not in log
        return state.strip(), log

    return written


def messages(rows):
    schema = {"type": "SCHEMA", "stream": "made", "schema": {"properties": {}}, "key_properties": []}
    reported = [schema, *({"type": "RECORD", "stream": "made", "record": row} for row in rows)]
    return "".join(f"{json.dumps(one)}\n" for one in [*reported, {"type": "STATE", "value": {"at": len(rows)}}])


def events(account, count=4):
    """Return an event each of so many people; of the last, the moment is none."""
    users = [one["user_id"] for one in account.content("people") if one.get("user_id")][:count]
    made = [{"user_id": user, "name": "used", "created_at": f"2026-01-0{day}"} for day, user in enumerate(users, 1)]
    made[-1]["created_at"] = "nonsense"
    return made


TASKS = [{"name": name, "priority": "medium", "status": "open"} for name in ("a", "b", "b", "")]


@pytest.mark.parametrize("keeps", [{}, {"journal": "sent"}])
def test_a_bad_event_through_three_runs_leaves_one_copy_of_the_others(write, account, figures, keeps):
    before = len(account.content("events"))
    for _ in range(3):
        state, log = write(events(account), destination={"endpoint": "create_event"}, **keeps)
        assert state == '{"at": 4}'
        assert "made: 1 rejected: created_at: is not a date that Custify recognises" in log
    assert len(account.content("events")) - before == 3
    figures["copies after three runs with a bad row"] = 1


def test_tasks_are_created_once_where_a_folder_remembers_them_and_refused_without_one(write, begin, account):
    before = len(account.content("tasks"))
    for _ in range(3):
        write(TASKS, destination={"endpoint": "create_task"}, journal="sent")
    assert len(account.content("tasks")) - before == 3
    process = begin(destination={"endpoint": "create_task"})
    _, log = process.communicate(messages(TASKS), timeout=120)
    assert process.returncode == 1
    assert "name a folder in `journal`" in log.splitlines()[-1]
    assert len(account.content("tasks")) - before == 3


@pytest.mark.parametrize(
    "dry",
    [
        {"dry_run": True},
        {"destination": {"endpoint": "upsert_person", "dry_run": True}},
        {"destinations": {"made": {"endpoint": "upsert_person", "dry_run": True}}},
    ],
)
def test_a_dry_run_emits_no_state_and_the_run_after_it_sends_all(write, account, tmp_path, figures, dry):
    rows = [{"user_id": f"dry-{at}"} for at in range(20)]
    state, _ = write(rows, **{"destination": {"endpoint": "upsert_person"}, **dry})
    assert state == ""
    assert not (tmp_path / "custify-quarantine.jsonl").exists()
    assert write(rows, destination={"endpoint": "upsert_person"})[0] == '{"at": 20}'
    assert sum(str(one.get("user_id")).startswith("dry-") for one in account.content("people")) == 20
    figures["rows after a dry run and a run"] = 20


def test_a_killed_run_and_the_next_one_lose_and_double_no_event(begin, write, account, figures):
    users = [one["user_id"] for one in account.content("people") if one.get("user_id")]
    rows = [{"user_id": users[at % len(users)], "name": f"e{at}", "created_at": "2026-01-01"} for at in range(300)]
    before = len(account.content("events"))
    account.settings(latency=0.05)
    for moment in (60, 150):
        process = begin(destination={"endpoint": "create_event"}, journal="sent", batch_size_rows=50)
        process.stdin.write(messages(rows))
        process.stdin.flush()
        while len(account.content("events")) - before < moment:
            time.sleep(0.02)
        process.kill()
        process.communicate()
    account.settings(latency=0)
    write(rows, destination={"endpoint": "create_event"}, journal="sent")
    names = [one["name"] for one in account.content("events")][before:]
    assert sorted(names) == sorted(row["name"] for row in rows)
    figures["killed twice"] = "lost 0, doubled 0"


def test_the_key_and_the_address_may_be_those_of_the_environment(write, account):
    reported = {"CUSTIFY_API_KEY": account.api_key, "CUSTIFY_API_URL": account.base_url}
    write([{"user_id": "by-environment"}], destination={"endpoint": "upsert_person"}, variables=reported)
    assert "by-environment" in {one.get("user_id") for one in account.content("people")}


def test_a_destination_that_there_is_not_is_reported_with_those_that_there_are(begin):
    process = begin(destination={"endpoint": "upsert_persons"})
    _, log = process.communicate(messages([]), timeout=120)
    assert process.returncode == 1
    assert "config.destination.endpoint" in log
    assert "upsert_person" in log

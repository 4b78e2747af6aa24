"""The destination as a platform runs it again and again: with a bad row, dry, killed in the middle."""

import json
import subprocess
import time

import pytest

STREAM = "made"


@pytest.fixture
def account(serve):
    with serve(rate_limit="none") as custify:
        yield custify


@pytest.fixture
def begin(tmp_path, account):
    """Return what starts the destination for one operation; it is to read messages from standard input."""

    def begun(endpoint, **config):
        account_of = {"name": "t", "api_key": account.api_key, "base_url": account.base_url}
        routes = {"streams": [{"stream": STREAM, "endpoint": endpoint}], "settings": {"rate_limit": None}}
        stream = {"name": STREAM, "json_schema": {}, "supported_sync_modes": ["full_refresh"]}
        chosen = {"stream": stream, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
        (tmp_path / "config.json").write_text(json.dumps({**account_of, **routes, **config}))
        (tmp_path / "catalog.json").write_text(json.dumps({"streams": [chosen]}))
        command = ["destination-custify", "write", "--config", "config.json", "--catalog", "catalog.json"]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(command, cwd=tmp_path, text=True, **pipes)  # noqa: S603 - ours

    return begun


@pytest.fixture
def write(begin, account):
    """Return a runner of the destination on rows; it returns the states that came back."""

    def written(rows, endpoint, **config):
        process = begin(endpoint, **config)
        out, log = process.communicate(messages(rows), timeout=120)
        assert process.returncode == 0, out + log
        assert account.api_key not in out + log
        return [one["state"] for one in map(json.loads, out.splitlines()) if one["type"] == "STATE"]

    return written


def messages(rows):
    """Return the messages of one stream: its records, a state, its end."""
    descriptor = {"name": STREAM}
    records = [{"type": "RECORD", "record": {"stream": STREAM, "data": row, "emitted_at": 1}} for row in rows]
    at = {"stream_descriptor": descriptor, "stream_state": {"at": len(rows)}}
    status = {"stream_descriptor": descriptor, "status": "COMPLETE"}
    ended = {"type": "STREAM_STATUS", "emitted_at": 1.0, "stream_status": status}
    sent = [*records, {"type": "STATE", "state": {"type": "STREAM", "stream": at}}, {"type": "TRACE", "trace": ended}]
    return "".join(f"{json.dumps(one)}\n" for one in sent)


def users(account):
    return [one["user_id"] for one in account.content("people") if one.get("user_id")]


@pytest.mark.parametrize("keeps", [{}, {"journal": "sent"}])
def test_a_bad_event_through_three_syncs_leaves_one_copy_of_the_others(write, account, figures, keeps):
    rows = [
        {"user_id": user, "name": "used", "created_at": f"2026-01-0{day}"}
        for day, user in enumerate(users(account)[:4], 1)
    ]
    rows[-1]["created_at"] = "nonsense"
    before = len(account.content("events"))
    for _ in range(3):
        (state,) = write(rows, "create_event", quarantine="rejected.jsonl", **keeps)
        assert state["destinationStats"]["rejectedRecordCount"] == 1
    assert len(account.content("events")) - before == 3
    figures["copies after three syncs with a bad row"] = 1


def test_a_dry_run_gives_no_state_back_and_the_sync_after_it_sends_all(write, account, figures):
    rows = [{"user_id": f"dry-{at}"} for at in range(20)]
    assert write(rows, "upsert_person", dry_run=True) == []
    assert len(write(rows, "upsert_person")) == 1
    assert sum(user.startswith("dry-") for user in users(account)) == 20
    figures["rows after a dry run and a run"] = 20


def test_a_killed_sync_and_the_next_one_lose_and_double_no_event(begin, write, account, figures):
    people = users(account)
    rows = [{"user_id": people[at % len(people)], "name": f"e{at}", "created_at": "2026-01-01"} for at in range(300)]
    before = len(account.content("events"))
    account.settings(latency=0.05)
    for moment in (60, 150):
        process = begin("create_event", journal="sent")
        process.stdin.write(messages(rows))
        process.stdin.flush()
        while len(account.content("events")) - before < moment:
            time.sleep(0.02)
        process.kill()
        process.communicate()
    account.settings(latency=0)
    write(rows, "create_event", journal="sent")
    names = [one["name"] for one in account.content("events")][before:]
    assert sorted(names) == sorted(row["name"] for row in rows)
    figures["killed twice"] = "lost 0, doubled 0"

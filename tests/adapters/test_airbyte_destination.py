"""`destination-custify`: what arrives, which states come back when, and where rejected rows are."""

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from custify_connector.adapters.airbyte_destination import main
from custify_connector.adapters.airbyte_inbox import Ledger
from custify_connector.contract import Receipt
from custify_connector.plugin import connector
from custify_connector.sandbox import Fault

COMMAND = str(Path(sys.executable).with_name("destination-custify"))


@pytest.fixture
def config(sandbox, canary, tmp_path):
    return {
        "name": "n",
        "api_key": canary,
        "base_url": sandbox.base_url,
        "settings": {"rate_limit": None},
        "streams": [{"stream": "users", "endpoint": "upsert_person", "map": ["user_id=id", "name={first} {last}"]}],
        "quarantine": str(tmp_path / "rejected.jsonl"),
    }


def record(stream, **data):
    return {"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": 1}}


def state(number, stream="users"):
    body = {"stream_descriptor": {"name": stream}, "stream_state": {"n": number}}
    return {"type": "STATE", "state": {"type": "STREAM", "stream": body}}


def ended_stream(stream):
    reported = {"stream_descriptor": {"name": stream}, "status": "COMPLETE"}
    return {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": 1.0, "stream_status": reported}}


def user(number):
    return record("users", id=f"w-{number}", first="Ada", last=str(number))


BAD = record("users", first="No", last="Id")


def catalog(*names, mode="append"):
    streams = [{"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]} for name in names]
    return {"streams": [{"stream": one, "sync_mode": "full_refresh", "destination_sync_mode": mode} for one in streams]}


class Ended:
    """What the executable said, and how it ended."""

    def __init__(self, code, output):
        self.code, self.lines = code, output.splitlines()
        self.messages = [json.loads(line) for line in self.lines]

    @property
    def states(self):
        """Return (number, records delivered, records rejected) of each state that came back."""
        reported = [message["state"] for message in self.messages if message["type"] == "STATE"]
        return [
            (
                one["stream"]["stream_state"]["n"],
                one["destinationStats"]["recordCount"],
                one["destinationStats"]["rejectedRecordCount"],
            )
            for one in reported
        ]

    @property
    def errors(self):
        """Return the errors."""
        traces = [message["trace"] for message in self.messages if message["type"] == "TRACE"]
        return [one["error"] for one in traces if one["type"] == "ERROR"]

    @property
    def logs(self):
        """Return the texts of the log."""
        return [message["log"]["message"] for message in self.messages if message["type"] == "LOG"]


@pytest.fixture
def arguments(tmp_path):
    """Write the files that a command is given, and return its words."""

    def words(verb, config, configured):
        given = [verb]
        for name, content in (("config", config), ("catalog", configured if verb == "write" else None)):
            path = tmp_path / f"{name}.json"
            path.write_text(json.dumps(content), encoding="utf-8")
            given += [f"--{name}", str(path)] if content is not None else []
        return given

    return words


@pytest.fixture
def begin(arguments):
    """Start a write as a process of its own."""

    def begun(config, configured):
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen([COMMAND, *arguments("write", config, configured)], **pipes)  # noqa: S603 - ours

    return begun


@pytest.fixture
def write(arguments, executed):
    """Write messages (a text stands for itself), and return what was said."""

    def written(config, messages, configured=None, verb="write"):
        lines = [one if isinstance(one, str) else json.dumps(one) for one in messages]
        words = arguments(verb, config, configured or catalog("users"))
        return Ended(*executed(main, *words, given="".join(f"{line}\n" for line in lines).encode()))

    return written


def held(sandbox):
    return {one["user_id"]: one["name"] for one in sandbox.content.people if str(one["user_id"]).startswith("w-")}


def kept(config):
    return [json.loads(line) for line in Path(config["quarantine"]).read_text("utf-8").splitlines()]


def test_rows_arrive_and_each_state_comes_back_in_order_with_its_counts(write, config, sandbox):
    messages = [user(0), user(1), state(1), user(2), state(2), state(3)]
    ended = write(config, messages)
    assert held(sandbox) == {f"w-{number}": f"Ada {number}" for number in range(3)}
    assert ended.states == [(1, 2.0, 0.0), (2, 1.0, 0.0), (3, 0.0, 0.0)]
    assert (ended.code, ended.errors) == (0, [])


def test_a_bad_row_stops_nothing_and_is_kept_with_its_reason(write, config, sandbox):
    ended = write(config, [user(0), BAD, user(1), state(1), {**BAD, "record": {"stream": "users"}}, user(2), state(2)])
    assert set(held(sandbox)) == {"w-0", "w-1", "w-2"}
    assert ended.states == [(1, 2.0, 1.0), (2, 1.0, 1.0)]
    rows = {one["error"]["message"]: one["rawMessage"] for one in kept(config)}
    assert rows == {"needs one of id, user_id, email": {"name": "No Id"}, "line 5 has no object as its data": {}}
    assert (ended.code, ended.errors) == (0, [])


def test_without_a_quarantine_the_first_bad_row_ends_the_sync_and_no_state_passes_it(write, config, sandbox):
    del config["quarantine"]
    ended = write(config, [user(0), state(1), BAD, state(2), user(1), state(3)])
    assert (ended.states, set(held(sandbox))) == ([(1, 1.0, 0.0)], {"w-0"})
    (error,) = ended.errors
    assert "name a quarantine file" in error["message"]
    assert (error["failure_type"], ended.code) == ("config_error", 1)


def test_rows_that_were_not_tried_hold_the_states_back(write, config, sandbox):
    ended = write({**config, "on_reject": "stop"}, [user(0), state(1), BAD, user(1), user(2), state(2)])
    assert [number for number, _, _ in ended.states] == [1]
    assert (len(ended.errors), ended.code) == (1, 1)
    assert "w-0" in held(sandbox)


def test_streams_are_written_one_after_another_in_the_order_of_the_input(write, config, sandbox):
    def company(number):
        return record("upsert_company", company_id=f"wc-{number}")

    messages = [company(0), user(0), state(1), company(1), state(2, "upsert_company"), user(1), state(3)]
    ended = write(config, messages, catalog("users", "upsert_company"))
    assert [number for number, _, _ in ended.states] == [1, 2, 3]
    bodies = [entry.body for entry in sandbox.journal.entries if entry.method == "POST"]
    assert [one.get("company_id") or one["user_id"] for one in bodies] == ["wc-0", "w-0", "wc-1", "w-1"]


def test_a_state_of_all_streams_counts_all_of_them(write, config):
    everything = {"type": "STATE", "state": {"type": "GLOBAL", "global": {"stream_states": []}}}
    ended = write(
        config, [user(0), record("upsert_company", company_id="wc-9"), everything], catalog("users", "upsert_company")
    )
    (reported,) = [message["state"] for message in ended.messages if message["type"] == "STATE"]
    assert reported["destinationStats"] == {"recordCount": 2.0, "rejectedRecordCount": 0.0}
    assert reported["type"] == "GLOBAL"


def test_the_end_of_a_stream_gives_its_states_back_before_the_input_ends(begin, config):
    process = begin(config, catalog("users"))
    with process:
        for message in (user(0), state(1), ended_stream("users")):
            process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["state"]["stream"]["stream_state"] == {"n": 1}
        process.stdin.close()
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("nonsense", "line 3 of the input is not JSON"),
        ("[1]", "line 3 of the input is not a message"),
        (record("others", id=1), "a record of stream 'others', which the catalog lacks (users)"),
        ({"type": "RECORD"}, "a record of stream None"),
    ],
)
def test_what_is_no_message_ends_the_write_after_all_that_came_before(write, config, sandbox, line, reason):
    ended = write(config, [user(0), state(1), line, user(1), state(2)])
    (error,) = ended.errors
    assert reason in error["message"]
    assert (error["failure_type"], ended.code) == ("system_error", 1)
    assert (set(held(sandbox)), [number for number, _, _ in ended.states]) == ({"w-0"}, [1])


def test_messages_of_unknown_kinds_are_reported_once_and_others_ignored(write, config):
    ended = write(config, [{"type": "NEW"}, {"type": "NEW"}, {"type": "LOG", "log": {}}, "", user(0), state(1)])
    assert sum("type NEW is ignored" in text for text in ended.logs) == 1
    assert (ended.states, ended.code) == ([(1, 1.0, 0.0)], 0)


def test_columns_that_airbyte_added_are_not_sent(write, config, sandbox):
    message = record("upsert_person", user_id="w-7", name="Ada", _airbyte_raw_id="x", _airbyte_meta={})
    assert write(config, [message], catalog("upsert_person")).code == 0
    (body,) = [entry.body for entry in sandbox.journal.entries if entry.method == "POST"]
    assert body == {"user_id": "w-7", "name": "Ada"}


def test_a_dry_run_sends_nothing_and_gives_no_state_back(write, config, sandbox):
    ended = write({**config, "dry_run": True}, [user(0), user(1), state(1)])
    assert (ended.states, ended.code, held(sandbox)) == ([], 0, {})
    assert sum("would send" in text for text in ended.logs) == 2


def test_a_refused_key_is_a_config_error_and_no_state_comes_back(write, config):
    ended = write({**config, "api_key": "wrong-key-12345"}, [user(0), user(1), state(1)])
    assert (ended.states, ended.code) == ([], 1)
    assert [one["failure_type"] for one in ended.errors] == ["config_error"]


def test_a_stream_that_comes_again_is_refused_where_a_bound_counts_one_run(write, config):
    streams = catalog("users", "upsert_company")
    messages = [user(0), record("upsert_company", company_id="wc-1"), user(1), state(1)]
    ended = write({**config, "max_rejects": "5%"}, messages, streams)
    assert "send it in one piece" in ended.errors[0]["message"]
    assert (ended.states, ended.code) == ([], 1)


@pytest.mark.parametrize(
    ("change", "configured", "reason"),
    [
        ({}, catalog("nowhere"), "does not say where nowhere goes"),
        ({}, catalog("users", mode="overwrite"), "choose append or append_dedup"),
        ({"streams": [{"stream": "users", "endpoint": "upsert_persn"}]}, None, "did you mean 'upsert_person'?"),
        ({"streams": [{"stream": "users", "endpoint": "upsert_person", "map": ["x"]}]}, None, "has no '='"),
        ({"streams": [{"stream": "users"}]}, None, "config.streams[0]"),
        ({"streams": "users"}, None, "config.streams"),
        ({"on_reject": "often"}, None, "on_reject"),
        ({"max_rejects": "many"}, None, "max_rejects"),
        ({"quarantine": "/nowhere/rejected.jsonl"}, None, "/nowhere/rejected.jsonl: cannot be written"),
        ({"quarantine": 7}, None, "config.quarantine"),
    ],
)
def test_wrong_arguments_are_a_config_error_before_anything_is_sent(write, config, change, configured, reason):
    ended = write({**config, **change}, [user(0), state(1)], configured)
    assert reason in ended.errors[0]["message"]
    assert (ended.errors[0]["failure_type"], ended.code, ended.states) == ("config_error", 1, [])


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({}, "SUCCEEDED", ""),
        ({"api_key": "wrong-key-12345"}, "FAILED", "unauthorized"),
        ({"streams": [{"stream": "a", "endpoint": "b"}]}, "FAILED", "stream a"),
        ({"quarantine": "/nowhere/x"}, "FAILED", "cannot be written"),
    ],
)
def test_a_check_says_whether_the_whole_configuration_can_be_used(write, config, change, status, reason):
    reported = write({**config, **change}, [], verb="check").messages[-1]["connectionStatus"]
    assert reported["status"] == status
    assert reason in reported.get("message", "")


def test_the_specification_has_the_credential_and_the_modes(write):
    (message,) = write(None, [], verb="spec").messages
    reported = message["spec"]
    assert reported["supported_destination_sync_modes"] == ["append", "append_dedup"]
    fields = reported["connectionSpecification"]["properties"]
    assert fields["api_key"]["airbyte_secret"] is True
    assert {"streams", "quarantine", "on_reject", "max_rejects", "dry_run", "settings"} <= set(fields)


def test_no_line_shows_the_key(write, config, canary):
    for messages in ([user(0), BAD, state(1)], ["nonsense"], [record(canary, id=1)]):
        assert not any(canary.encode() in line for line in write(config, messages).lines)
    assert canary not in json.dumps(kept(config))


def test_a_signal_lets_what_is_under_way_end_and_says_so(begin, config, sandbox):
    sandbox.latency = 0.05
    process = begin(config, catalog("users"))
    with process:
        for message in (user(0), state(1), user(1)):
            process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        while not held(sandbox):
            time.sleep(0.01)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(json.dumps(user(2)).encode() + b"\n", timeout=30)
    ended = Ended(process.returncode, output)
    assert (ended.code, errors) == (143, b"")
    assert [number for number, _, _ in ended.states] == [1]
    assert any("ended by a signal" in text for text in ended.logs)


def test_an_unclear_row_is_kept_and_counted_as_rejected(write, config, sandbox):
    config["streams"] = [{"stream": "clicks", "endpoint": "create_event"}]
    config["allow_duplicates"] = True
    sandbox.faults.add(Fault("reset", method="POST", times=None, before=False))
    known = sandbox.content.people[0]["user_id"]
    click = record("clicks", name="click", user_id=known, created_at="2026-01-01T00:00:00.000Z")
    ended = write(config, [click, state(1, "clicks")], catalog("clicks"))
    assert ended.states == [(1, 0.0, 1.0)]
    assert kept(config)[0]["error"]["code"] == "unclear"


class Said:
    """What a ledger gives back."""

    def __init__(self):
        self.states = []

    def message(self, _kind, state):
        """Take a message."""
        self.states.append(state["stream"]["stream_state"]["n"])


def test_a_state_waits_for_the_records_before_it_alone():
    said = Said()
    ledger = Ledger(said, keeps_rejected=True)
    ledger.taken = 1
    ledger.state(state(1)["state"])
    ledger.taken = 2
    ledger.state(state(2)["state"])
    assert said.states == []
    ledger.settle("users", Receipt(0, "sent"))
    assert said.states == [1]
    ledger.settle("users", Receipt(1, "not_tried"))
    assert said.states == [1]


def clicks(sandbox, moments):
    """Return an event for each moment, all of one person."""
    known = next(one["user_id"] for one in sandbox.content.people if one.get("user_id"))
    return [record("clicks", name="click", user_id=known, created_at=moment) for moment in moments]


MOMENTS = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "nonsense"]


@pytest.mark.parametrize("keeps", [{}, {"quarantine": "kept.jsonl"}, {"journal": "sent"}])
def test_a_bad_event_through_three_syncs_leaves_one_copy_of_the_others(write, config, sandbox, tmp_path, keeps):
    config["streams"] = [{"stream": "clicks", "endpoint": "create_event"}]
    del config["quarantine"]
    config |= {name: str(tmp_path / value) for name, value in keeps.items()}
    before = len(sandbox.content.events)
    for _ in range(3):
        ended = write(config, [*clicks(sandbox, MOMENTS), state(1, "clicks")], catalog("clicks"))
        assert ended.states == ([(1, 3.0, 1.0)] if "quarantine" in keeps else [])
    assert len(sandbox.content.events) - before == 3
    assert any("clicks: 1 rejected: created_at: is not a date that Custify recognises" in text for text in ended.logs)


def test_equal_events_of_one_sync_are_as_many_events(write, config, sandbox):
    config["streams"] = [{"stream": "clicks", "endpoint": "create_event"}]
    before = len(sandbox.content.events)
    for _ in range(2):
        write(config, clicks(sandbox, MOMENTS[:1] * 3), catalog("clicks"))
    assert len(sandbox.content.events) - before == 3


def test_rows_that_differ_are_two_events_also_where_they_map_to_one_record(write, config, sandbox):
    rules = ["name==bought", "user_id=user", "created_at==2026-01-01"]
    config["streams"] = [{"stream": "orders", "endpoint": "create_event", "map": rules}]
    known = next(one["user_id"] for one in sandbox.content.people if one.get("user_id"))
    before = len(sandbox.content.events)
    for order in (1, 2, 2):
        ended = write(config, [record("orders", order=order, user=known)], catalog("orders"))
        assert ended.code == 0, ended.errors
    assert len(sandbox.content.events) - before == 2


def task(name):
    return record("todo", name=name, priority="medium", status="open")


def test_what_only_creates_is_refused_without_a_folder_and_created_once_with_one(write, config, sandbox, tmp_path):
    config["streams"] = [{"stream": "todo", "endpoint": "create_task"}]
    before = len(sandbox.content.tasks)
    reported = write(config, [], verb="check").messages[-1]["connectionStatus"]
    assert reported["status"] == "FAILED"
    assert "name a folder in `journal`" in reported["message"]
    refused = write(config, [task("a")], catalog("todo"))
    assert refused.code == 1
    assert "name a folder in `journal`" in refused.errors[0]["message"]
    assert len(sandbox.content.tasks) == before
    config["journal"] = str(tmp_path / "sent")
    for _ in range(3):
        ended = write(config, [task("a"), task("a"), task("b"), task(""), state(1, "todo")], catalog("todo"))
        assert ended.states == [(1, 3.0, 1.0)]
    assert len(sandbox.content.tasks) - before == 3
    del config["journal"]
    write({**config, "allow_duplicates": True}, [task("a")], catalog("todo"))
    assert len(sandbox.content.tasks) - before == 4


def test_two_streams_and_two_accounts_have_a_memory_each(write, config, sandbox, tmp_path):
    config["journal"] = str(tmp_path / "sent")
    config["streams"] = [{"stream": name, "endpoint": "create_task"} for name in ("todo", "other")]
    before = len(sandbox.content.tasks)
    same = record("other", name="a", priority="medium", status="open")
    for _ in range(2):
        write(config, [task("a"), same], catalog("todo", "other"))
    assert len(sandbox.content.tasks) - before == 2
    assert len(list((tmp_path / "sent").glob("*.sent"))) == 2
    write({**config, "api_key": "another-key-0123456789"}, [task("a")], catalog("todo"))
    assert len(list((tmp_path / "sent").glob("*.sent"))) == 3


def given(folder):
    """Return how many rows were passed, by the file that remembers them."""
    for path in folder.glob("*.sent"):
        with contextlib.suppress(sqlite3.OperationalError), contextlib.closing(sqlite3.connect(path)) as database:
            return database.execute("SELECT count(*) FROM rows").fetchone()[0]
    return 0


@pytest.mark.usefixtures("slow_hashes")
def test_a_row_that_a_killed_sync_may_have_sent_is_not_sent_again(begin, write, config, sandbox, tmp_path):
    config["journal"] = str(tmp_path / "sent")
    config["streams"] = [{"stream": "todo", "endpoint": "create_task"}]
    sandbox.latency = 3
    process = begin(config, catalog("todo"))
    process.stdin.write((json.dumps(task("a")) + "\n").encode())
    process.stdin.flush()
    while not given(tmp_path / "sent"):
        time.sleep(0.02)
    process.kill()
    process.communicate()
    sandbox.latency = 0
    ended = write(config, [task("a"), task("b"), state(1, "todo")], catalog("todo"))
    assert ended.states == [(1, 1.0, 1.0)]
    assert kept(config)[0]["error"]["code"] == "unclear"
    assert [one["name"] for one in sandbox.content.tasks].count("a") <= 1


def test_a_dry_run_gives_no_state_back_not_even_one_before_the_first_row(write, config, sandbox):
    config["dry_run"] = True
    ended = write(config, [state(0), BAD, state(1), user(1), state(2)])
    assert ended.states == []
    assert not Path(config["quarantine"]).exists() or kept(config) == []
    assert held(sandbox) == {}
    del config["dry_run"]
    assert write(config, [state(0), user(1), state(2)]).states[-1][0] == 2
    assert held(sandbox) == {"w-1": "Ada 1"}


@pytest.mark.parametrize(
    "message",
    [
        {"type": "RECORD", "record": {"stream": {"name": "users"}, "data": {}}},
        {"type": "RECORD", "record": {"stream": ["users"], "data": {}}},
        {"type": "STATE"},
        {"type": "STATE", "state": [1]},
    ],
)
def test_a_malformed_message_ends_the_write_with_a_sentence(write, config, message):
    ended = write(config, [message])
    assert ended.code == 1
    assert ended.errors[0]["message"].startswith("line 1: ")
    assert "stack_trace" not in ended.errors[0]


def test_the_operations_are_discovered_with_their_keys_and_an_operation_is_where_a_stream_goes(write, config, sandbox):
    ended = write(config, [], verb="discover")
    found = {one["object_name"]: one for one in ended.messages[-1]["destination_catalog"]["operations"]}
    described = connector.describe()["destinations"]
    assert set(found) == set(described)
    assert found["upsert_person"]["matching_keys"] == [["id"], ["user_id"], ["email"]]
    assert (found["upsert_person"]["sync_mode"], found["create_event"]["sync_mode"]) == ("append_dedup", "append")
    assert "email" in found["upsert_person"]["json_schema"]["properties"]
    configured = catalog("anything")
    configured["streams"][0]["destination_object_name"] = "upsert_person"
    del config["streams"]
    assert write(config, [record("anything", user_id="w-1", name="Ada")], configured).code == 0
    assert held(sandbox) == {"w-1": "Ada"}


def test_the_specification_lists_every_endpoint(write):
    spec = write(None, [], verb="spec").messages[0]["spec"]["connectionSpecification"]
    endpoint = spec["properties"]["streams"]["items"]["properties"]["endpoint"]
    assert endpoint["enum"] == list(connector.describe()["destinations"])


@pytest.mark.parametrize("name", ["CUSTIFY_BASE_URL", "CUSTIFY_API_URL"])
def test_what_the_configuration_leaves_out_is_taken_from_the_environment(write, config, sandbox, monkeypatch, name):
    monkeypatch.setenv("CUSTIFY_API_KEY", config["api_key"])
    monkeypatch.setenv(name, sandbox.base_url)
    ended = write({"streams": config["streams"], "quarantine": config["quarantine"]}, [user(1)])
    assert ended.code == 0, ended.errors
    assert held(sandbox) == {"w-1": "Ada 1"}
    assert config["api_key"].encode() not in b"".join(ended.lines)

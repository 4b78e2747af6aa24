"""`source-custify`: what it says, in which order, and what it says when something is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from custify_connector import manifest
from custify_connector.adapters import airbyte_schemas as schemas
from custify_connector.adapters import airbyte_source as source
from custify_connector.contract.errors import ConfigurationError
from custify_connector.plugin import connector
from custify_connector.sandbox import Fault

COMMAND = str(Path(sys.executable).with_name("source-custify"))
SOURCES = connector.describe()["sources"]


class Ended:
    """What the executable said: its messages, and how it ended."""

    def __init__(self, code, lines):
        self.code = code
        self.lines = lines
        self.messages = [json.loads(line) for line in lines]

    def of(self, kind):
        """Return the bodies of the messages of a kind."""
        return [message[kind.lower()] for message in self.messages if message["type"] == kind]

    def traces(self, kind):
        """Return the bodies of the traces of a kind (`ERROR`, `STREAM_STATUS`)."""
        return [trace[kind.lower()] for trace in self.of("TRACE") if trace["type"] == kind]

    def statuses(self, stream):
        """Return the statuses of a stream."""
        reported = self.traces("STREAM_STATUS")
        return [one["status"] for one in reported if one["stream_descriptor"]["name"] == stream]

    def records(self, stream):
        """Return the records of a stream."""
        return [one["data"] for one in self.of("RECORD") if one["stream"] == stream]


@pytest.fixture
def run(tmp_path, executed):
    """Run the executable with the files that it is to be given."""

    def ran(verb, **files):
        words = []
        for name, content in files.items():
            path = tmp_path / f"{name}.json"
            path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
            words += [f"--{name}", str(path)]
        code, output = executed(source.main, verb, *words)
        return Ended(code, output.splitlines())

    return ran


@pytest.fixture
def config(sandbox, canary):
    return {"name": "n", "api_key": canary, "base_url": sandbox.base_url, "settings": {"rate_limit": None}}


def catalog(*names, mode="full_refresh", properties=None):
    schema = {"type": "object", "properties": properties or {}}
    streams = [{"name": name, "json_schema": schema, "supported_sync_modes": ["full_refresh"]} for name in names]
    return {"streams": [{"stream": one, "sync_mode": mode, "destination_sync_mode": "append"} for one in streams]}


def test_the_specification_is_the_credential_with_its_secret_marked_and_open(run):
    ended = run("spec")
    (reported,) = ended.of("SPEC")
    form = reported["connectionSpecification"]
    credential = connector.describe()["credential"]
    assert list(form["properties"])[: len(credential["properties"])] == list(credential["properties"])
    assert form["required"] == credential["required"]
    assert [name for name, field in form["properties"].items() if field.get("airbyte_secret")] == ["api_key"]
    assert form["additionalProperties"] is True
    assert not {"allOf", "not", "if", "anyOf", "$ref"} & words_of(form)
    assert ended.code == 0


def words_of(value):
    """Return every key in a value, however deep."""
    if isinstance(value, dict):
        return {*value, *(word for one in value.values() for word in words_of(one))}
    return {word for one in value for word in words_of(one)} if isinstance(value, list) else set()


def test_a_good_key_is_accepted_and_a_field_that_no_one_knows_is_reported(run, config):
    ended = run("check", config={**config, "api_kye": 1, "__injected": {}})
    assert [message["connectionStatus"]["status"] for message in ended.messages if "connectionStatus" in message] == [
        "SUCCEEDED"
    ]
    (log,) = ended.of("LOG")
    assert "config.api_kye: is not known; did you mean 'api_key'?" in log["message"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"api_key": "wrong-key"}, "unauthorized"),
        ({"api_key": None}, "credential.api_key: must be string"),
        ({"base_url": "http://127.0.0.1:9"}, "unreachable"),
        ({"base_url": "https://example.com"}, "example.com"),
        ({"settings": {"timeout_seconds": -1}}, "timeout_seconds"),
    ],
)
def test_a_check_that_fails_says_why_and_is_no_error_of_the_process(run, config, change, reason):
    ended = run("check", config={**config, **change})
    (reported,) = [message["connectionStatus"] for message in ended.messages if "connectionStatus" in message]
    assert (reported["status"], ended.code) == ("FAILED", 0)
    assert reason in reported["message"]


def test_the_catalog_has_every_documented_stream_in_types_that_hosts_have(run, config):
    (reported,) = run("discover", config=config).of("CATALOG")
    streams = {one["name"]: one for one in reported["streams"]}
    declared = manifest.load().sources
    assert set(streams) == {name for name in SOURCES if not declared[name].undocumented}
    assert streams["people"]["default_cursor_field"] == ["updated_at"]
    assert streams["people"]["source_defined_primary_key"] == [["id"]]
    assert streams["deals"]["source_defined_primary_key"] == []
    assert streams["deals"]["supported_sync_modes"] == ["full_refresh"]
    assert "seat_type" in streams["people"]["json_schema"]["properties"]["custom_attributes"]["properties"]
    for stream in streams.values():
        assert not {"allOf", "anyOf", "oneOf", "not", "$ref"} & words_of(stream["json_schema"])
        assert all(len([t for t in kinds if t != "null"]) == 1 for kinds in types_of(stream["json_schema"]))


def types_of(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), list):
            yield schema["type"]
        for one in schema.values():
            yield from types_of(one)


def test_the_account_s_fields_may_be_unknown_and_the_catalog_is_whole_all_the_same(run, config, sandbox):
    sandbox.faults.add(Fault("status", path="/attribute", value=404, times=None))
    ended = run("discover", config=config)
    (reported,) = ended.of("CATALOG")
    assert "people" in {one["name"] for one in reported["streams"]}


def test_several_streams_are_read_each_with_its_statuses_states_and_counts(run, config, sandbox):
    ended = run("read", config=config, catalog=catalog("people", "companies"))
    assert ended.code == 0
    for stream in ("people", "companies"):
        held = getattr(sandbox.content, stream)
        assert {one["id"] for one in ended.records(stream)} == {one["id"] for one in held}
        assert ended.statuses(stream) == ["STARTED", "RUNNING", "COMPLETE"]
        states = [one for one in ended.of("STATE") if one["stream"]["stream_descriptor"]["name"] == stream]
        assert sum(one["sourceStats"]["recordCount"] for one in states) == len(held)
    kinds = [message["type"] for message in ended.messages]
    assert kinds.index("STATE") > kinds.index("RECORD")


def test_a_second_incremental_read_brings_what_changed(run, config):
    first = run("read", config=config, catalog=catalog("people", mode="incremental"))
    states = [{"type": "STREAM", "stream": one["stream"]} for one in first.of("STATE")][-1:]
    second = run("read", config=config, catalog=catalog("people", mode="incremental"), state=states)
    assert (len(first.records("people")), second.records("people")) == (30, [])
    assert (second.statuses("people"), second.code) == (["STARTED", "RUNNING", "COMPLETE"], 0)


def test_a_stream_without_a_cursor_is_read_in_full_whatever_was_asked(run, config):
    ended = run("read", config=config, catalog=catalog("tags", mode="incremental"))
    assert (len(ended.records("tags")) > 0, ended.code) == (True, 0)


def test_only_the_fields_of_the_catalog_are_sent_with_key_and_cursor(run, config):
    ended = run("read", config=config, catalog=catalog("people", properties={"email": {"type": "string"}}))
    assert {name for one in ended.records("people") for name in one} == {"email", "id", "updated_at"}


def test_a_catalog_with_every_declared_field_asks_for_all_that_a_record_has():
    schema = {"properties": {name: {} for name in SOURCES["people"]["schema"]["properties"]}}
    assert source.selected_fields(schema, SOURCES["people"]) == []
    assert source.selected_fields(None, SOURCES["people"]) == []


STATE = {"type": "STREAM", "stream": {"stream_descriptor": {"name": "people"}, "stream_state": {"version": 99}}}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"catalog": catalog("peopel")}, "stream peopel: is not known; did you mean 'people'?"),
        ({"catalog": catalog("companies", "nothing")}, "stream nothing"),
        ({"catalog": catalog("people", mode="INVALID")}, "sync_mode 'INVALID' is not known"),
        ({"catalog": catalog("people", "people")}, "people is configured more than once"),
        ({"catalog": {}}, "catalog.streams: must be a list"),
        ({"catalog": {"streams": [7]}}, "catalog.streams[0].stream.name"),
        ({"catalog": []}, "catalog: must be a JSON object"),
        ({"catalog": "{nonsense"}, "is not JSON"),
        ({"catalog": catalog("people"), "state": [STATE]}, "update the connector"),
        ({"catalog": catalog("people"), "state": [{"type": "GLOBAL", "global": {}}]}, "is not the state of a stream"),
        ({"catalog": catalog("people"), "state": {"people": {"at": 1}}}, "was not written by this source"),
        ({"catalog": catalog("people"), "state": "[[["}, "is not JSON"),
    ],
)
def test_wrong_arguments_are_a_config_error_and_nothing_is_emitted(run, config, sandbox, files, reason):
    ended = run("read", config=config, **files)
    (error,) = ended.traces("ERROR")
    assert reason in error["message"]
    assert error["failure_type"] == "config_error"
    assert (ended.code, ended.of("RECORD"), len(sandbox.journal.entries)) == (1, [], 0)


def test_one_stream_that_fails_leaves_the_others_whole(run, config, sandbox):
    sandbox.faults.add(Fault("status", path="/company", value=403, times=None))
    ended = run("read", config=config, catalog=catalog("companies", "people"))
    (error,) = ended.traces("ERROR")
    assert error["stream_descriptor"] == {"name": "companies"}
    assert error["failure_type"] == "config_error"
    assert ended.statuses("companies")[-1] == "INCOMPLETE"
    assert ended.statuses("people")[-1] == "COMPLETE"
    assert (len(ended.records("people")), ended.code) == (30, 1)


def test_a_refused_key_ends_the_read_at_the_first_stream(run, config):
    ended = run("read", config={**config, "api_key": "wrong-key-12345"}, catalog=catalog("people", "companies"))
    assert (ended.statuses("people"), ended.statuses("companies")) == (["STARTED", "INCOMPLETE"], [])
    assert [one["failure_type"] for one in ended.traces("ERROR")] == ["config_error"]


def test_no_line_shows_the_key(run, config, canary):
    for verb, files in (("check", {}), ("discover", {}), ("read", {"catalog": catalog("people")})):
        ended = run(verb, config=config, **files)
        assert not any(canary.encode() in line for line in ended.lines)
    sent = run("read", config={**config, canary: 1}, catalog={"streams": [{"stream": {"name": canary}}]})
    assert not any(canary.encode() in line for line in sent.lines)


@pytest.mark.parametrize(
    ("words", "reason"), [(["nonsense"], "invalid choice"), (["read"], "--config"), ([], "command")]
)
def test_a_wrong_command_line_is_an_error_of_the_protocol(executed, words, reason):
    code, line = executed(source.main, *words)
    error = json.loads(line)["trace"]["error"]
    assert (reason in error["message"], error["failure_type"], code) == (True, "config_error", 1)


def test_a_host_that_closes_the_pipe_ends_the_read_without_a_traceback(config, tmp_path):
    for name, content in (("config", config), ("catalog", catalog("people", "companies", "tags"))):
        (tmp_path / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
    words = ["read", "--config", str(tmp_path / "config.json"), "--catalog", str(tmp_path / "catalog.json")]
    with subprocess.Popen([COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:  # noqa: S603
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(30) == 1


def test_a_configuration_that_is_no_object_is_refused():
    with pytest.raises(ConfigurationError, match="must be a list of at least one"):
        source.protocol.configured_streams({"streams": []})
    credential, unknown = schemas.divided({"api_key": "k", "other": 1}, ())
    assert (credential, len(unknown)) == ({"api_key": "k"}, 1)

"""What was read can be written: without what a destination does not take, and in its form."""

import json

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.host.writable import Writable
from custify_connector.plugin import connector


@pytest.fixture
def custify(sandbox, canary, monkeypatch, tmp_path):
    """Return the command, bound to the sandbox, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    return lambda *words: CliRunner().invoke(main, words)


SCHEMA = {
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "name": {"type": ["string", "null"], "maxLength": 5},
        "size": {"type": "integer"},
        "companies": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
        "own": {"type": "object", "additionalProperties": {"type": ["string", "number", "null"]}},
    }
}


def test_a_record_keeps_what_is_taken_and_the_rest_is_counted():
    writable = Writable(SCHEMA)
    record = {"id": "a", "name": "too long", "size": None, "companies": ["c"], "own": {"x": 1, "y": [1]}, "at": "now"}
    assert writable.record(record) == {"id": "a", "companies": [{"id": "c"}], "own": {"x": 1}}
    assert writable.left_out == {"name": 1, "own.y": 1, "at": 1}
    assert writable.record({"id": "b", "name": None, "own": {}}) == {"id": "b", "name": None, "own": {}}


def test_a_source_promises_only_what_is_left():
    assert list(Writable(SCHEMA).schema_of({"properties": {"id": {}, "at": {}}})["properties"]) == ["id"]


FORMS = [
    "jsonl",
    "csv",
    *(pytest.param(form, marks=pytest.mark.slow) for form in ("json", "tsv", "parquet", "duckdb", "postgres")),
]
VERBS = {"upsert", "update", "create"}
PLURALS = {"person": "people", "company": "companies", "custom_data": "custom_data"}


def pairs():
    """Return each source with every destination that writes what it reads, by the names of both."""
    description = connector.describe()
    for destination in description["destinations"]:
        verb, _, noun = destination.partition("_")
        source = PLURALS.get(noun, f"{noun}s")
        if verb in VERBS and source in description["sources"]:
            yield source, destination


def test_a_pair_is_found_for_everything_that_can_be_read_and_written():
    assert len(list(pairs())) >= 14


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("source", "destination"), list(pairs()), ids=lambda name: name)
def test_what_was_read_is_written_without_a_rejected_record(request, custify, source, destination, form):
    output = request.getfixturevalue("database") if form == "postgres" else f"x.{form}"
    read = custify("read", source, "--writable", destination, "-o", output, "--json", "--rate-limit", "none")
    assert read.exit_code == 0, read.output
    (count,) = (stream["records"] for stream in json.loads(read.stdout)["streams"])
    table = ["--table", source] if form in {"duckdb", "postgres"} else []
    written = custify("write", destination, output, "--dry-run", *table)
    assert written.exit_code == 0, written.stderr
    assert f"{count:,} planned" in written.stderr or count == 0, written.stderr
    assert count > 0
    assert all(json.loads(line) for line in written.stdout.splitlines())


def test_a_field_that_is_read_under_another_name_is_written_under_its_own():
    schema = {"properties": {"key": {"type": "string", "x-read-as": "keys.own"}, "name": {"type": "string"}}}
    writable = Writable(schema)
    assert writable.record({"keys": {"own": "a"}, "name": "x"}) == {"key": "a", "name": "x"}
    assert writable.record({"keys": {"other": "a"}}) == {}
    assert list(writable.schema_of({"properties": {"keys": {}, "name": {}}})["properties"]) == ["name", "key"]
    assert writable.left_out == {"keys": 1}


def test_an_unknown_destination_is_refused(custify):
    done = custify("read", "people", "--writable", "upsert_persom")
    assert (done.exit_code, "upsert_person" in done.stderr) == (2, True)

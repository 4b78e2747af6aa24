"""What was read can be written: without what a destination does not take, and in its form."""

import json

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.host.writable import Writable


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


PAIRS = [
    ("people", "upsert_person"), ("companies", "upsert_company"), ("notes", "upsert_note"), ("tags", "upsert_tag"),
    ("comments", "upsert_comment"),
]  # fmt: skip


@pytest.mark.parametrize("form", ["jsonl", "parquet", "duckdb"])
@pytest.mark.parametrize(("source", "destination"), PAIRS, ids=lambda name: name)
def test_what_was_read_is_written_without_a_rejected_record(sandbox, custify, source, destination, form):
    read = custify("read", source, "--writable", destination, "-o", f"x.{form}", "--rate-limit", "none")
    assert read.exit_code == 0, read.output
    assert f"left out, because {destination} does not take them: " in read.stderr
    table = ["--table", source] if form == "duckdb" else []
    written = custify("write", destination, f"x.{form}", "--dry-run", *table)
    assert written.exit_code == 0, written.stderr
    assert len(written.stdout.splitlines()) >= len(sandbox.content.records(source)) > 0
    assert all(json.loads(line) for line in written.stdout.splitlines())


def test_an_unknown_destination_is_refused(custify):
    done = custify("read", "people", "--writable", "upsert_persom")
    assert (done.exit_code, "upsert_person" in done.stderr) == (2, True)

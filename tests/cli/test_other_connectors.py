"""`--connector NAME`: read, sample, write and replay take any installed connector, through the same host."""

import io
import json

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.host.run_history import RunHistory
from tests import others

PASS = "rain-and-snow"
LENT = json.dumps({"station": "7", "password": PASS})


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Return the command, in a folder of its own; the credential comes from standard input."""
    others.install(tmp_path / "site", monkeypatch)
    monkeypatch.chdir(tmp_path)

    def called(*words, given=LENT):
        stdin = given if words[0] == "replay" or "--credential-file" in words else None
        return CliRunner().invoke(main, list(words), input=stdin)

    return called


WHOM = ("--connector", "weather", "--credential-file", "-")


def test_its_records_are_read_and_the_run_names_it(run, tmp_path):
    done = run("read", "readings", "-o", "warm.jsonl", *WHOM)
    assert (done.exit_code, done.stderr) == (0, "readings: 40 records in warm.jsonl\n")
    assert len((tmp_path / "warm.jsonl").read_text().splitlines()) == 40
    kept = RunHistory().page(1)[0]
    assert (kept.connector, kept.credential, kept.endpoint) == ("weather", "weather", "readings")
    assert PASS not in json.dumps(kept.shown())


def test_it_is_described_as_our_own_is(run):
    every = run("describe", "--connector", "weather").stdout
    assert every.startswith("Weather office 1.0\n")
    assert "readings  Readings" in every
    one = run("describe", "readings", "--connector", "weather").stdout
    assert "height  integer; Metres above sea." in one
    assert json.loads(run("describe", "--connector", "tiny", "--json").stdout)["name"] == "tiny"
    refused = run("describe", "--account", *WHOM)
    assert "the connector 'weather' does not implement describe_account" in refused.stderr


def test_all_of_its_endpoints_are_read_into_a_folder(run, tmp_path):
    done = run("read", "--all", "-o", "lake", *WHOM)
    assert done.exit_code == 0, done.stderr
    assert len((tmp_path / "lake" / "readings.jsonl").read_text().splitlines()) == 40


def test_its_parameters_have_the_types_that_it_describes(run):
    done = run("read", "readings", "--param", "height=9001", *WHOM)
    assert done.exit_code == 2
    assert "is above every mountain" in done.stderr


def test_a_source_that_its_schema_takes_by_hand_is_read(run):
    done = run("read", "--source", '{"request": {"tower": "north"}}', "--limit", "2", *WHOM)
    assert [json.loads(line)["tower"] for line in done.stdout.splitlines()] == ["north", "north"]


def test_a_sample_asks_for_no_more_than_it_shows(run):
    assert run("sample", "readings", "--count", "3", *WHOM).stdout.count("celsius") == 3


def test_a_sample_shows_what_rows_would_become(run, tmp_path):
    (tmp_path / "storms.jsonl").write_text('{"wind": 12}\n{"wind": "much"}\n')
    shown = run("sample", "warn", "storms.jsonl", *WHOM).stdout
    assert '"wind": 12' in shown
    assert '"reason": "is no force of wind"' in shown
    assert "is a destination" in run("sample", "warn", *WHOM).stderr


def test_rows_are_written_and_what_is_rejected_is_kept_for_its_replay(run, tmp_path):
    (tmp_path / "storms.jsonl").write_text('{"wind": 12}\n{"wind": "much"}\n')
    done = run("write", "warn", "storms.jsonl", "--quarantine", "calm.jsonl", *WHOM)
    assert done.exit_code == 1
    assert "1 sent, 1 rejected" in done.stderr
    line = json.loads((tmp_path / "calm.jsonl").read_text())
    (tmp_path / "calm.jsonl").write_text(json.dumps({**line, "rawMessage": {"wind": 3}}) + "\n")
    again = run("replay", "calm.jsonl", "--credential-file", "-")
    assert (again.exit_code, "1 sent" in again.stderr) == (0, True), again.stderr


def test_a_quarantine_of_two_connectors_is_not_sent_to_one(run, tmp_path):
    meta = {"destination": "warn", "connector": "weather"}
    lines = [{"nexlaMetaData": meta, "rawMessage": {"wind": 1}},
             {"nexlaMetaData": {"destination": "warn"}, "rawMessage": {"wind": 2}}]  # fmt: skip
    (tmp_path / "both.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = run("replay", "both.jsonl", "--credential-file", "-")
    assert done.exit_code == 1
    assert "was meant for another connector" in done.stderr


def test_a_dry_run_prints_what_would_be_sent(run, tmp_path):
    (tmp_path / "storms.jsonl").write_text('{"wind": 12}\n')
    done = run("write", "warn", "storms.jsonl", "--dry-run", *WHOM)
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"wind": 12})
    assert RunHistory().count() == 0


def test_a_dry_run_that_no_one_declared_is_refused_before_the_first_row(run, tmp_path):
    (tmp_path / "notes.jsonl").write_text('{"id": 1, "text": "x"}\n')
    done = run("write", "put_note", "notes.jsonl", "--dry-run", "--connector", "tiny", "--credential-file", "-")
    assert done.exit_code == 2
    assert "destination.dry_run: tiny does not declare that it supports this setting" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("read", "readings", "--connector", "wether"), "no connector named 'wether' is installed; did you mean"),
        (("read", "readings", "--connector", "weather"), "takes its credential from --credential-file"),
        (("read", "readings", "--connector", "weather", "--credential", "acme"), "only Custify's are stored here"),
        (("read", "reedings", *WHOM), "there is no 'reedings'"),
        (("write", "worn", "rows.jsonl", *WHOM), "destination.endpoint: there is no 'worn'; did you mean 'warn'?"),
        (("write", "warn", "-", *WHOM), "standard input gives the credential already"),
        (("write", "warn", "rows.jsonl", "--max-rejects", "1", *WHOM), "destination.max_rejects: weather does not"),
        (("read", "readings", "--rate-limit", "1/1", *WHOM), "source.settings: weather does not declare"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_what_to_do(run, tmp_path, words, said):
    (tmp_path / "rows.jsonl").write_text('{"wind": 1}\n')
    done = run(*words)
    assert (done.exit_code, said in done.stderr) == (2, True), done.stderr


@pytest.mark.parametrize("given", ["no JSON", "[1]"])
def test_a_credential_that_is_none_is_refused_unseen(run, given):
    done = run("read", "readings", *WHOM, given=given)
    assert done.exit_code == 2
    assert "must hold the credential of weather as a JSON object" in done.stderr


def test_the_name_of_this_connector_is_the_default(run, monkeypatch, sandbox, canary):
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    assert run("read", "people", "--limit", "1", "--connector", "custify").exit_code == 0


def test_the_credential_of_this_connector_may_come_from_standard_input(run, sandbox, canary):
    lent = json.dumps({"api_key": canary, "base_url": sandbox.base_url})
    done = run("read", "people", "--limit", "1", "--credential-file", "-", given=lent)
    assert done.exit_code == 0
    assert RunHistory().page(1)[0].credential == "standard input"


def test_an_input_that_is_a_terminal_is_read_as_any_other(monkeypatch, run):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(LENT.encode())))
    assert run("sample", "readings", *WHOM).exit_code == 0

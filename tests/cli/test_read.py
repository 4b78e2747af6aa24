"""`custify read`."""

import csv
import io
import json

import duckdb
import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.exchange import retrying
from custify_connector.host.run_history import RunHistory
from custify_connector.sandbox import Fault, Permissions, Quirks


@pytest.fixture
def read(sandbox, canary, monkeypatch, tmp_path):
    """Return the command, bound to the sandbox, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    return lambda *words: CliRunner().invoke(main, ["read", *words, "--rate-limit", "none"])


def records(text):
    return [json.loads(line) for line in text.splitlines()]


def refused(done, code, *said):
    """Hold that a run was refused with one sentence a fault, and no traceback."""
    assert (done.exit_code, done.stdout) == (code, ""), done.output
    assert all(line.startswith("custify: ") for line in done.stderr.splitlines()), done.stderr
    assert all(text in done.stderr for text in said), done.stderr
    assert "Traceback" not in done.output


def test_records_go_to_standard_output_and_the_rest_to_standard_error(read, sandbox):
    done = read("people")
    assert done.exit_code == 0
    assert {record["id"] for record in records(done.stdout)} == {one["id"] for one in sandbox.content.records("people")}
    assert done.stderr == "people: 30 records\n"


def test_csv_and_parquet_go_to_standard_output_too(read, sandbox, tmp_path):
    ids = [one["id"] for one in sandbox.content.records("companies")]
    table = read("companies", "--output", "-", "--format", "csv")
    assert (table.exit_code, table.stderr) == (0, "companies: 5 records\n")
    assert sorted(row["id"] for row in csv.DictReader(io.StringIO(table.stdout))) == sorted(ids)
    columns = read("companies", "--format", "parquet")
    assert (columns.exit_code, columns.stderr) == (0, "companies: 5 records\n")
    (tmp_path / "piped.parquet").write_bytes(columns.stdout_bytes)
    with duckdb.connect() as database:
        found = database.execute("SELECT id FROM read_parquet(?)", [str(tmp_path / "piped.parquet")]).fetchall()
    assert sorted(row[0] for row in found) == sorted(ids)
    assert [file.name for file in tmp_path.iterdir()] == ["piped.parquet"], "nothing is left beside it"


def test_a_field_that_is_not_documented_is_refused_and_can_be_allowed(read):
    refused(
        read("people", "--field", "emial", "--field", "id"),
        2, "--field emial: is not a field of people; did you mean 'email'?; --undocumented allows any name",
    )  # fmt: skip
    allowed = read("people", "--limit", "1", "--field", "emial", "--field", "id", "--undocumented")
    assert (allowed.exit_code, [list(record) for record in records(allowed.stdout)]) == (0, [["id"]])


def test_the_size_of_what_went_to_standard_output_is_in_the_history(read):
    done = read("people")
    (run,) = RunHistory().page(1)
    assert (run.records, run.size) == (30, len(done.stdout_bytes))


def test_a_file_is_written_whole(read, tmp_path):
    done = read("companies", "-o", "companies.jsonl")
    assert (done.exit_code, done.stdout, done.stderr) == (0, "", "companies: 5 records in companies.jsonl\n")
    assert len(records((tmp_path / "companies.jsonl").read_text())) == 5
    assert [file.name for file in tmp_path.iterdir()] == ["companies.jsonl"]


def test_fields_limit_and_parameters_choose_what_is_read(read, sandbox):
    done = read("people", "--field", "id", "--field", "email", "--field", "id", "--limit", "4")
    assert [list(record) for record in records(done.stdout)] == [["id", "email"]] * 4
    wanted = sandbox.content.records("people")[3]
    assert [one["id"] for one in records(read("people", "--param", f"id={wanted['id']}").stdout)] == [wanted["id"]]
    by_name = read("people", "--param", 'sorting={"field":"name","direction":"asc"}', "--field", "name")
    names = [record["name"] for record in records(by_name.stdout)]
    assert (len(names), names) == (30, sorted(names, key=str.lower)) or names == sorted(names)


def test_an_incremental_read_goes_on_from_its_state(read, sandbox):
    words = ("people", "--mode", "incremental", "--state", "people.state")
    assert len(records(read(*words).stdout)) == 30
    sandbox.content.create("people", {"user_id": "new", "email": "new@example.com", "companies": [], "tags": []})
    assert [record["user_id"] for record in records(read(*words).stdout)] == ["new"]


def test_a_run_that_was_refused_in_the_middle_goes_on_where_it_stopped(read, sandbox, tmp_path):
    sandbox.quirks = Quirks(page_cap=4)
    sandbox.faults.add(Fault("status", value=401, after=4))
    words = ("people", "-o", "people.jsonl", "--state", "people.state", "--max-in-flight", "1")
    refused(read(*words), 3, "people: GET /people/all: Custify refused the API key (401)")
    assert not (tmp_path / "people.jsonl").exists()
    assert read(*words).exit_code == 0
    names = [record["id"] for record in records((tmp_path / "people.jsonl").read_text())]
    assert sorted(names) == sorted(record["id"] for record in sandbox.content.records("people"))
    assert read(*words).exit_code == 0
    assert len(records((tmp_path / "people.jsonl").read_text())) == 30


def test_verbose_logs_waits_to_standard_error(read, sandbox, caplog):
    sandbox.faults.add(Fault("rate_limited", value=0))
    assert read("people", "-v").exit_code == 0
    assert "GET /people/all again in " in caplog.text


# ----------------------------------------------------------------------------------------------------------- exit codes


def test_a_key_that_is_refused_is_exit_code_3(read, sandbox, canary):
    sandbox.revoke()
    refused(read("people"), 3, "check that the key is whole and current")
    sandbox.keys[canary] = Permissions(paths_denied=("/people",))
    refused(read("people"), 3, "people: GET /people/all: the API key is not allowed here (403)")


@pytest.mark.parametrize(
    "fault", [Fault("status", value=503, times=None), Fault("reset", times=None), Fault("html", times=None)]
)
def test_a_service_that_gives_up_is_exit_code_4(read, sandbox, monkeypatch, fault):
    monkeypatch.setattr(retrying, "PATIENT", retrying.Patience(tries=1))
    sandbox.faults.add(fault)
    address = f"(the API URL is {sandbox.base_url})"
    refused(read("people"), 4, "people: GET /people/all: no usable response from Custify", "try again later", address)


def test_a_reply_of_another_kind_is_exit_code_4(read, sandbox):
    sandbox.faults.add(Fault("wrong_type"))
    refused(read("people"), 4, "is not wrapped as connector.yaml says")


# ------------------------------------------------------------------------------------------------------------ bad input


def test_an_id_that_custify_would_answer_as_if_it_were_down_is_asked_for_only_with_an_option(read, sandbox):
    refused(
        read("tags", "--param", "id=not-an-id"), 2, "source.params.id: 'not-an-id' is not a Custify id", "--any-ids"
    )
    assert not sandbox.journal.entries
    read("tags", "--param", "id=not-an-id", "--any-ids")
    assert [entry.path for entry in sandbox.journal.entries] == ["/tag/not-an-id"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["peopel"], "source.endpoint: there is no 'peopel'; did you mean 'people'?"),
        (["people", "--param", "emial=a"], "source.params.emial: people has no such parameter; did you mean 'email'?"),
        (["people", "--param", "email"], "--param email: write NAME=VALUE"),
        (["people", "--param", "email="], "source.params.email: must not be empty"),
        (["people", "--param", "filters=["], "--param filters: must be JSON of type array"),
        (["people", "--param", "filters={}"], "source.params.filters: must be array, not an object"),
        (["tags", "--mode", "incremental"], "source.mode: tags can only be read in full"),
        (
            ["people", "-o", "missing/people.jsonl"],
            "missing/people.jsonl: cannot be written: No such file or directory",
        ),
        (["people", "-o", "."], "is a directory: name a file in it, or end it in /"),
        (["people", "--state", "missing/people.state"], "missing/people.state"),
        (["people", "--state", "damaged.state"], "damaged.state: is not a state file: restore it, or remove it"),
        (["people", "--state", "newer.state"], "state.version: is 9, and this connector knows 1: update the connector"),
        (["people", "--state", "other.state"], "state.stream: belongs to 'companies', not to 'people'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_exit_code_2_with_place_and_remedy_and_nothing_is_sent(read, sandbox, tmp_path, words, said):
    (tmp_path / "damaged.state").write_text("{")
    (tmp_path / "newer.state").write_text('{"state": {"version": 9}}')
    (tmp_path / "other.state").write_text('{"state": {"version": 1, "stream": "companies", "for": "x"}}')
    refused(read(*words), 2, said)
    assert len(sandbox.journal) == 0


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"CUSTIFY_API_KEY": ""}, "CUSTIFY_API_KEY: is not set: put the API key in this environment variable"),
        ({"CUSTIFY_API_KEY": "a b"}, "credential.api_key: must not contain blanks"),
        ({"CUSTIFY_API_KEY": "Bearer x"}, "credential.api_key: must be the key alone"),
        ({"CUSTIFY_BASE_URL": "http://api.custify.com"}, "credential.base_url: must be https"),
        ({"CUSTIFY_BASE_URL": "https://evil.example"}, "credential.base_url: is not a host of custify.com"),
        ({"CUSTIFY_BASE_URL": "custify"}, "credential.base_url: must be a URL such as https://api.custify.com"),
    ],
    ids=repr,
)
def test_a_wrong_credential_is_exit_code_2_and_shows_no_key(read, sandbox, monkeypatch, environment, said):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    refused(read("people"), 2, said)
    assert len(sandbox.journal) == 0


@pytest.mark.parametrize("limit", ["often", "0/10", "100/0", "100/nan"])
@pytest.mark.usefixtures("read")
def test_a_wrong_rate_limit_is_exit_code_2(sandbox, limit):
    refused(CliRunner().invoke(main, ["read", "people", "--rate-limit", limit]), 2)
    assert len(sandbox.journal) == 0

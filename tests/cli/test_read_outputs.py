"""`custify read` replaces nothing that is not its own, and writes UTF-8 whatever the locale."""

# ruff: noqa: S603 - our own command is run

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from subprocess import PIPE

import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.sandbox import Quirks

COMMAND = (sys.executable, "-c", "from custify_connector.cli import main; main()")


@pytest.fixture
def read(sandbox, canary, monkeypatch, tmp_path):
    """Return the command, bound to the sandbox, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    return lambda *words: CliRunner().invoke(main, ["read", *words, "--rate-limit", "none"])


def lines(path):
    return path.read_text().splitlines()


FOREIGN = {
    "people.csv": "email,name\na@example.com,A\n",
    "people.jsonl": '{"rawMessage": {"email": "x"}, "error": "y"}\n',
    "people.json": '{"important": true}\n',
    "people.tsv": "id\temail\n1\ta\n",
    "people.parquet": "this is no parquet",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_a_file_that_is_no_output_is_replaced_only_on_request(read, tmp_path, name):
    (tmp_path / name).write_text(FOREIGN[name])
    done = read("people", "-o", name)
    assert (done.exit_code, done.stderr) == (
        2, f"custify: {name}: exists and is not an output of this read: name another file, or add --overwrite\n",
    )  # fmt: skip
    assert (tmp_path / name).read_text() == FOREIGN[name]
    assert read("people", "-o", name, "--overwrite").exit_code == 0
    assert read("people", "-o", name).exit_code == 0, "now it is an output"


@pytest.mark.parametrize("name", [*FOREIGN, "people.csv.gz"])
def test_an_output_is_known_on_a_machine_that_did_not_write_it(read, tmp_path, monkeypatch, name):
    assert read("people", "-o", name).exit_code == 0
    monkeypatch.setenv("CUSTIFY_HOME", str(tmp_path / "another-home"))
    assert read("people", "-o", name).exit_code == 0


def test_an_output_that_another_program_has_changed_is_no_output_any_more(read, tmp_path):
    words = ("people", "-o", "people.csv", "--field", "id", "--field", "email")
    assert read(*words).exit_code == 0
    assert read(*words).exit_code == 0
    path = tmp_path / "people.csv"
    path.write_text("id,email\n1,edited@example.com\n")
    later = path.stat().st_mtime + 60
    os.utime(path, (later, later))
    assert "add --overwrite" in read(*words).stderr
    assert lines(path)[1] == "1,edited@example.com"


def test_an_incremental_run_never_replaces_what_earlier_runs_read(read, tmp_path):
    words = ("people", "--mode", "incremental", "--state", "people.state", "-o", "people.jsonl")
    assert read(*words).exit_code == 0
    done = read(*words)
    assert done.exit_code == 2
    assert "people.jsonl: would hold only what changed" in done.stderr
    assert "name a folder, such as people/" in done.stderr
    assert len(lines(tmp_path / "people.jsonl")) == 30
    assert read(*words, "--overwrite").exit_code == 0


@pytest.mark.parametrize("output", ["-", "people.jsonl", "people.csv"])
def test_an_incremental_read_needs_a_place_for_its_state(read, sandbox, output):
    done = read("people", "--mode", "incremental", "-o", output)
    assert done.exit_code == 2
    assert "--mode: incremental needs --state NAME" in done.stderr
    assert not sandbox.journal


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_folder_keeps_its_state_and_a_file_for_each_run(read, sandbox, tmp_path, form):
    words = ("people", "--mode", "incremental", "-o", "changes/", "--format", form)
    assert read(*words).exit_code == 0
    sandbox.content.create("people", {"user_id": "new", "email": "new@example.com", "companies": [], "tags": []})
    done = read(*words)
    assert done.exit_code == 0
    assert done.stderr.startswith("people: 1 record in changes/")
    files = [each for each in (tmp_path / "changes").rglob(f"*.{form}") if each.is_file()]
    assert len(files) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-o", "people.xlsx"], "people.xlsx: spreadsheets are not written: end it in .csv, and add --for-excel"),
        (["-o", "people"], "people: its ending names no known format"),
        (
            ["-o", "s3://bucket/people.parquet"],
            "s3://: cannot be written to: use --output dlt:filesystem, which dlt's own",
        ),
        (["-o", "x" * 300 + ".jsonl"], "cannot be written: File name too long"),
        (["-o", "people.jsonl", "--for-excel"], "--for-excel: applies to CSV only"),
        (["-o", "/dev/null", "--format", "duckdb"], "/dev/null: a DuckDB database cannot be a pipe or a device"),
        (["companies", "-o", "all.csv.gz"], "all.csv.gz: several endpoints need a folder"),
    ],
)
def test_an_output_that_cannot_be_is_refused_before_anything_is_asked(read, sandbox, words, said):
    done = read("people", *words)
    assert done.exit_code == 2, done.output
    assert said in done.stderr
    assert "Traceback" not in done.output
    assert not sandbox.journal


def test_the_password_of_an_address_is_shown_nowhere(read):
    done = read("people", "-o", "postgresql://me:hunter2@host/db")
    assert done.exit_code == 2
    assert "hunter2" not in done.output


def test_two_runs_on_one_file_do_not_mix(sandbox, canary, tmp_path):
    environment = {**os.environ, "CUSTIFY_API_KEY": canary, "CUSTIFY_BASE_URL": sandbox.base_url}
    words = [*COMMAND, "read", "people", "--field", "id", "-o"]
    lock = tmp_path / ".people.jsonl.lock" / "lock"
    with ExitStack() as stack:
        with sandbox.content.lock:  # the first run has no answer until the second has ended
            first = stack.enter_context(
                subprocess.Popen([*words, "people.jsonl"], cwd=tmp_path, env=environment, stderr=PIPE, text=True)
            )
            while not (lock.exists() and lock.stat().st_size):
                assert first.poll() is None
            second = subprocess.run(
                [*words, "./people.jsonl"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
            )
        said = first.communicate()[1]
    assert first.returncode == 0, said
    assert second.returncode == 2
    assert "another run of custify is writing it" in second.stderr
    assert len({json.loads(line)["id"] for line in lines(tmp_path / "people.jsonl")}) == 30
    assert [each.name for each in tmp_path.iterdir()] == ["people.jsonl"]


LOCALES = [
    {"PYTHONIOENCODING": "cp1252"}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp932"}, {"LC_ALL": "C"},
    {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]  # fmt: skip


SHOWING = [
    ["read", "people", "--format", "csv"], ["read", "people"], ["sample", "people", "--count", "31"],
    ["describe", "--json"], ["read", "people", "--format", "tsv"],
]  # fmt: skip
ALL_OF_THEM = (
    "from custify_connector.cli import main\n"
    f"for words in {SHOWING}:\n"
    "    assert not main(words, standalone_mode=False), words\n    print('-----', flush=True)\n"
)


@pytest.mark.slow
@pytest.mark.parametrize("locale", LOCALES, ids=str)
def test_output_is_utf8_in_every_locale(sandbox, canary, tmp_path, locale):
    name = "Łukasz Żółć 株式会社 👩‍🚀"
    sandbox.content.create("people", {"user_id": "new", "name": name, "companies": [], "tags": []})
    environment = {**os.environ, "CUSTIFY_API_KEY": canary, "CUSTIFY_BASE_URL": sandbox.base_url, **locale}
    done = subprocess.run(
        [sys.executable, "-c", ALL_OF_THEM], cwd=tmp_path, env=environment, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    shown = done.stdout.decode("utf-8").split("-----\n")
    for words, text in zip(SHOWING, shown, strict=False):
        assert name in text or words[0] != "read", words


def test_a_dry_run_says_what_a_read_would_do_and_leaves_nothing(read, sandbox, tmp_path):
    sandbox.quirks = Quirks(page_cap=10)
    done = read("people", "companies", "-o", "lake", "--dry-run")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "people (full): 30 records in about 3 requests; lake/people.jsonl is new",
        "companies (full): 5 records in about 1 request; lake/companies.jsonl is new",
    ]
    assert list(tmp_path.iterdir()) == []
    assert len(sandbox.journal) <= 4, "first pages only"


def test_a_dry_run_knows_what_is_merged_and_what_is_replaced(read):
    for output in ("crm.duckdb", "people.csv"):
        assert read("people", "-o", output).exit_code == 0
    (merged,) = json.loads(read("people", "-o", "crm.duckdb", "--dry-run", "--json").stdout)["streams"]
    assert (merged["mode"], merged["effect"]) == ("incremental", "table people is merged by id")
    assert read("people", "-o", "people.csv", "--dry-run").stdout.endswith("people.csv is replaced\n")
    assert read("people", "--dry-run").stdout.endswith("; standard output\n")


def test_a_database_can_be_made_for_another_version_of_duckdb(read):
    assert read("tags", "-o", "new.duckdb", "--duckdb-version", "1.0").exit_code == 0
    assert "--duckdb-version: write two numbers" in read("tags", "-o", "b.duckdb", "--duckdb-version", "one").stderr
    unknown = read("tags", "-o", "c.duckdb", "--duckdb-version", "9.9")
    assert (unknown.exit_code, "Traceback" in unknown.output) == (2, False)


def test_columns_take_names_that_warehouses_take(read, tmp_path):
    assert read("people", "-o", "people.csv", "--names", "snake").exit_code == 0
    heading = lines(tmp_path / "people.csv")[0].split(",")
    assert "company_names" in heading
    assert all("." not in name and name == name.lower() for name in heading)
    assert "--names: applies to tables only" in read("people", "-o", "people.jsonl", "--names", "snake").stderr

"""`custify read` with several endpoints, or all: into a database, or a folder of files."""

# ruff: noqa: S608 - the names of tables and files stand here

import csv
import json
import logging
import os
import subprocess
import sys
import time
from collections import Counter
from datetime import timezone

import duckdb
import pytest
from click.testing import CliRunner

from custify_connector import manifest
from custify_connector.cli import main, options, read_cost
from custify_connector.cli.reads import jobs
from custify_connector.cli.wanted import Wanted
from custify_connector.exchange import retrying
from custify_connector.host.installation import command_for
from custify_connector.host.outputs.flattening import Columns
from custify_connector.plugin import connector
from custify_connector.sandbox import Fault, Permissions, Quirks

DIRECT = ("people", "companies", "tags", "notes", "tasks", "tickets", "meetings", "segments", "deals", "invoices")
"""What the sandbox serves as it holds it."""


@pytest.fixture
def run(sandbox, canary, monkeypatch, tmp_path):
    """Return the command, bound to the sandbox, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    return lambda *words: CliRunner().invoke(main, ["read", *words, "--rate-limit", "none"])


def cell(value, kind):
    """Return a value of a table as the record had it."""
    if value is not None and kind == "TIMESTAMP WITH TIME ZONE":
        return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return json.loads(value) if value is not None and kind == "JSON" else value


def table(path, name):
    """Return the rows of a table as flat records without nulls."""
    with duckdb.connect(str(path), read_only=True) as database:
        found = database.execute(f'SELECT * FROM "{name}"')
        columns = [(column[0], str(column[1])) for column in found.description]
        return [
            {column: cell(value, kind) for (column, kind), value in zip(columns, row, strict=True) if value is not None}
            for row in found.fetchall()
        ]


def flat(records):
    columns = Columns()
    rows = map(columns.row, records)
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def counted(rows):
    return Counter(json.dumps(row, sort_keys=True) for row in rows)


def numbers(rows):
    """Make every number a floating-point one: a column of such holds whole numbers, too."""
    return [{name: float(value) if type(value) is int else value for name, value in row.items()} for row in rows]


def holds_the_account(path, sandbox, names=DIRECT):
    for name in names:
        true = counted(numbers(flat(sandbox.content.records(name))))
        assert counted(numbers(table(path, name))) == true, name


def holds_what_is_served(path, sandbox):
    """Hold every table against a full read of its own, straight from the hook."""
    credential = {"name": "judge", "api_key": sandbox.api_key, "base_url": sandbox.base_url}
    for name, source in manifest.load().sources.items():
        if not source.undocumented:
            served = connector.read_source(credential, {"endpoint": name, "settings": {"rate_limit": None}}, None)
            records = [record for batch in served for record in batch.records]
            assert counted(numbers(table(path, name))) == counted(numbers(flat(records))), name


def change(sandbox):
    """Create, update and delete; deletes only where every read is a full one."""
    content = sandbox.content
    with content.lock:
        fresh = {"email": "fresh@example.com", "companies": [], "tags": []}
        for number in range(3):
            plan = {"custom_attributes": {"brand_new": number, "nested": {"deep": [number]}}}
            content.create("people", {"user_id": f"fresh-{number}", **fresh, **plan})
        for person in list(content.table("people"))[:7]:
            content.update("people", person, {"name": "Changed", "custom_attributes": {"score": "no number"}})
        tags, deals = content.table("tags"), content.table("deals")
        tags.remove(next(iter(tags))["id"])
        deals.remove(next(iter(deals))["id"])
        content.create("tags", {"name": "new", "category": "company"})


@pytest.mark.parametrize("words", [["people"], ["people", "--mode", "full"]], ids=["no mode", "full"])
def test_a_full_read_of_one_endpoint_fills_its_file_in_a_folder(run, sandbox, tmp_path, words):
    for _ in range(2):
        assert run(*words, "-o", "new/").exit_code == 0
        assert [path.name for path in (tmp_path / "new").iterdir() if path.is_file()] == ["people.jsonl"]
        assert len((tmp_path / "new" / "people.jsonl").read_text().splitlines()) == len(sandbox.content.table("people"))


@pytest.mark.parametrize(("first", "then"), [("full", "incremental"), ("incremental", "full")])
def test_a_folder_of_one_endpoint_holds_the_files_of_one_mode(run, first, then):
    assert run("people", "-o", "new/", "--mode", first).exit_code == 0
    done = run("people", "-o", "new/", "--mode", then)
    assert (done.exit_code, "name another folder" in done.stderr) == (2, True)
    assert run("people", "-o", "new/", "--mode", first).exit_code == 0


def test_several_endpoints_need_no_folder_with_the_name_of_a_file(run, tmp_path):
    done = run("tags", "companies", "-o", "both.jsonl")
    assert (done.exit_code, "write both.jsonl/ or another" in done.stderr) == (2, True)
    assert run("tags", "companies", "-o", "both.jsonl/").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "both.jsonl").glob("*.jsonl")) == ["companies.jsonl", "tags.jsonl"]


@pytest.mark.slow
def test_a_database_read_twice_equals_the_account_each_time(run, sandbox, tmp_path):
    path = tmp_path / "crm.duckdb"
    first = run("--all", "--output", "crm.duckdb")
    assert first.exit_code == 0, first.output
    holds_the_account(path, sandbox)
    holds_what_is_served(path, sandbox)
    change(sandbox)
    second = run("--all", "--output", "crm.duckdb")
    assert second.exit_code == 0, second.output
    holds_the_account(path, sandbox)
    holds_what_is_served(path, sandbox)
    assert [file.name for file in tmp_path.iterdir()] == ["crm.duckdb"]


def test_the_second_run_asks_for_what_changed_and_for_all_that_has_no_cursor(run, sandbox, tmp_path):
    run("people", "tags", "-o", "crm.duckdb")
    sandbox.content.create("people", {"user_id": "new", "email": "new@example.com", "companies": [], "tags": []})
    summary = json.loads(run("people", "tags", "-o", "crm.duckdb", "--json").stdout)
    read = {stream["stream"]: (stream["mode"], stream["records"]) for stream in summary["streams"]}
    assert read == {"people": ("incremental", 1), "tags": ("full", len(sandbox.content.tags))}
    assert len(table(tmp_path / "crm.duckdb", "people")) == 31


@pytest.mark.parametrize("streams", [["people"], ["people", "tags"]], ids=len)
def test_the_summary_of_a_read_is_one_line_also_of_one_that_failed(run, sandbox, streams):
    assert len(run(*streams, "-o", "crm.duckdb", "--json").stdout.splitlines()) == 1
    sandbox.faults.add(Fault("status", value=401, times=None))
    done = run(*streams, "-o", "crm.duckdb", "--json")
    assert done.exit_code == 3
    (line,) = done.stdout.splitlines()
    assert "refused the API key" in json.loads(line)["streams"][0]["error"]


def test_a_full_read_shows_what_was_deleted_and_keeps_the_cursor(run, sandbox, tmp_path):
    run("people", "-o", "crm.duckdb")
    people = sandbox.content.table("people")
    people.remove(next(iter(people))["id"])
    run("people", "-o", "crm.duckdb")
    assert len(table(tmp_path / "crm.duckdb", "people")) == 30, "Custify reports no deletes"
    assert run("people", "-o", "crm.duckdb", "--mode", "full").exit_code == 0
    assert len(table(tmp_path / "crm.duckdb", "people")) == 29
    assert "people: 0 records" in run("people", "-o", "crm.duckdb").stderr


@pytest.mark.parametrize("words", [("--limit", "3"), ("--field", "email"), ("--param", "email=a@example.com")])
def test_a_part_never_takes_the_place_of_a_whole_table(run, sandbox, tmp_path, words):
    run("people", "-o", "crm.duckdb")
    asked = len(sandbox.journal)
    done = run("people", "-o", "crm.duckdb", *words)
    assert done.exit_code == 2
    assert "table people: holds all records: name another database" in done.stderr
    assert len(sandbox.journal) == asked
    assert len(table(tmp_path / "crm.duckdb", "people")) == 30


def test_a_table_of_a_part_is_read_again_by_the_next_run(run, tmp_path):
    for _ in range(2):
        assert run("people", "-o", "crm.duckdb", "--limit", "3").exit_code == 0
        assert len(table(tmp_path / "crm.duckdb", "people")) == 3
    run("people", "-o", "crm.duckdb")
    assert len(table(tmp_path / "crm.duckdb", "people")) == 30


def test_one_stream_that_fails_stops_no_other(run, sandbox, canary, tmp_path):
    run("people", "tags", "-o", "crm.duckdb")
    before = table(tmp_path / "crm.duckdb", "people")
    sandbox.keys[canary] = Permissions(paths_denied=("/people",))
    sandbox.content.create("tags", {"name": "new", "category": "company"})
    done = run("people", "tags", "companies", "-o", "crm.duckdb")
    assert done.exit_code == 1
    assert "people: GET /people/all: the API key is not allowed here (403)" in " ".join(done.stderr.split())
    assert "2 of 3 streams are in crm.duckdb" in done.stderr
    assert table(tmp_path / "crm.duckdb", "people") == before
    holds_the_account(tmp_path / "crm.duckdb", sandbox, ("tags", "companies"))


@pytest.mark.parametrize(("fault", "code"), [("key", 3), ("gone", 4)])
def test_when_all_fails_the_exit_code_says_why(run, sandbox, monkeypatch, fault, code):
    monkeypatch.setattr(retrying, "PATIENT", retrying.Patience(tries=1))
    if fault == "key":
        sandbox.revoke()
    else:
        sandbox.faults.add(Fault("status", value=503, times=None))
    done = run("people", "tags", "-o", "crm.duckdb")
    assert (done.exit_code, "0 of 2 streams" in done.stderr) == (code, True), done.output


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_folder_has_one_file_for_each_stream(run, sandbox, tmp_path, form):
    words = ("people", "tags", "--format", form, "-o", "lake")
    assert run(*words).exit_code == 0
    change(sandbox)
    assert run(*words).exit_code == 0
    files = sorted(file.name for file in (tmp_path / "lake").iterdir())
    assert files == [f"people.{form}", f"tags.{form}"]
    ids = {person["id"] for person in sandbox.content.people}
    assert set(names_in(tmp_path / "lake" / f"people.{form}")) == ids


def names_in(path):
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as stream:
            return [row["id"] for row in csv.DictReader(stream)]
    if path.suffix == ".parquet":
        with duckdb.connect() as database:
            return [row[0] for row in database.execute(f"SELECT id FROM '{path}'").fetchall()]
    return [json.loads(line)["id"] for line in path.read_text().splitlines()]


def test_incremental_runs_into_a_folder_add_a_file_each(run, sandbox, tmp_path):
    words = ("people", "tags", "--mode", "incremental", "-o", "lake")
    assert run(*words).exit_code == 0
    (first,) = (tmp_path / "lake" / "people").iterdir()
    assert len(names_in(first)) == 30
    sandbox.content.create("people", {"user_id": "new", "email": "new@example.com", "companies": [], "tags": []})
    assert run(*words).exit_code == 0
    (second,) = set((tmp_path / "lake" / "people").iterdir()) - {first}
    assert (len(names_in(first)), len(names_in(second))) == (30, 1)
    assert len(names_in(tmp_path / "lake" / "tags.jsonl")) == len(sandbox.content.tags)


def test_what_an_interrupted_run_staged_is_used_while_it_is_fresh(run, sandbox, tmp_path):
    sandbox.quirks = Quirks(page_cap=8)
    sandbox.faults.add(Fault("status", value=401, after=2, path="/people/all"))
    words = ("people", "-o", "crm.duckdb", "--max-in-flight", "1")
    assert run(*words).exit_code == 3
    state = tmp_path / "crm.duckdb.part" / "people.state"
    staged = len((tmp_path / "crm.duckdb.part" / "people.jsonl").read_text().splitlines())
    assert 0 < staged < 30
    assert not (tmp_path / "crm.duckdb").exists()
    asked = len(sandbox.journal)
    assert run(*words).exit_code == 0
    assert len(sandbox.journal) - asked < 11
    holds_the_account(tmp_path / "crm.duckdb", sandbox, ("people",))
    assert not state.exists()


def test_what_was_staged_long_ago_is_read_again(run, sandbox, tmp_path):
    sandbox.quirks = Quirks(page_cap=4)
    sandbox.faults.add(Fault("status", value=401, after=6, path="/people/all"))
    words = ("people", "-o", "crm.duckdb", "--max-in-flight", "1")
    assert run(*words).exit_code == 3
    old = time.time() - 7200
    os.utime(tmp_path / "crm.duckdb.part" / "people.state", (old, old))
    change(sandbox)
    assert run(*words).exit_code == 0
    holds_the_account(tmp_path / "crm.duckdb", sandbox, ("people",))


# ------------------------------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["people", "tags"], "--output: several endpoints need a folder, or a database such as crm.duckdb"),
        (["--all", "people", "-o", "x"], "ENDPOINT: cannot be combined"),
        ([], "ENDPOINT: name one or several, or add --all"),
        (["people", "tagz", "-o", "x"], "there is no 'tagz'; did you mean 'tags'?"),
        (["people", "tags", "-o", "x", "--state", "s"], "--state: applies to one endpoint only"),
        (["people", "tags", "-o", "x", "--param", "a=b"], "--param: applies to one endpoint only"),
        (["people", "--json"], "--json: needs --output"),
        (["people", "--format", "duckdb"], "--output: a DuckDB database cannot be standard output"),
        (["people", "--format", "duckdb", "-o", "."], "is a directory: name a file in it"),
        (["people", "--format", "csv", "-o", "."], "is a directory: name a file in it, or end it in /"),
        (["people", "tags", "-o", "file.txt"], "file.txt: is a file: name a folder"),
        (["people", "-o", "other.duckdb"], "other.duckdb: is not a DuckDB database: name another file"),
        (["people", "-o", "missing/crm.duckdb"], "missing/crm.duckdb: cannot be written: No such file or directory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(run, sandbox, tmp_path, words, said):
    (tmp_path / "file.txt").write_text("")
    (tmp_path / "other.duckdb").write_text("this is no database, and long enough to be looked at" * 200)
    done = run(*words)
    assert (done.exit_code, done.stdout) == (2, ""), done.output
    assert said in done.stderr
    assert len(sandbox.journal) == 0


def test_a_table_that_is_not_ours_is_left_alone(run, tmp_path):
    path = tmp_path / "crm.duckdb"
    with duckdb.connect(str(path)) as database:
        database.execute("CREATE TABLE people AS SELECT 'mine' AS id")
    done = run("people", "-o", "crm.duckdb")
    assert done.exit_code == 2
    assert "table people: was not written by custify: name another database, or remove the table" in done.stderr
    assert table(path, "people") == [{"id": "mine"}]


def test_a_table_with_another_key_is_left_as_it_is_until_it_is_read_in_full(run, sandbox, tmp_path):
    path = tmp_path / "crm.duckdb"
    run("people", "-o", "crm.duckdb")
    with duckdb.connect(str(path)) as database:
        database.execute("""UPDATE _custify_state SET key = '["user_id"]'""")
    done = run("people", "-o", "crm.duckdb")
    assert done.exit_code == 2
    assert "has the key user_id, not id: read it once with --mode full" in done.stderr
    assert run("people", "-o", "crm.duckdb", "--mode", "full").exit_code == 0
    holds_the_account(path, sandbox, ("people",))


def test_without_the_extra_the_command_says_what_to_install(run, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "duckdb", None)
    for words in (["people", "-o", "crm.duckdb"], ["people", "-o", "people.parquet"]):
        done = run(*words)
        assert done.exit_code == 2
        assert command_for("duckdb") in done.stderr


@pytest.mark.parametrize("output", ["crm.duckdb", "people.csv", "people.parquet", "people.jsonl"])
def test_a_full_disk_is_a_sentence_and_leaves_the_old_data_whole(run, sandbox, tmp_path, output):
    """A process that may write no file larger than a few kilobytes meets the same refusal as on a full disk."""
    assert run("people", "-o", output, "--mode", "full").exit_code == 0
    before = (tmp_path / output).read_bytes()
    code = (
        "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\nfrom custify_connector.cli import main\n"
        f"main(['read', 'people', '--mode', 'full', '-o', {output!r}, '--rate-limit', 'none'])"
    )
    account = {"CUSTIFY_API_KEY": sandbox.api_key, "CUSTIFY_BASE_URL": sandbox.base_url}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-B", "-c", code], env={**os.environ, **account}, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert "cannot be written: " in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / output).read_bytes() == before


def test_a_database_in_use_by_another_process_is_a_sentence(run, tmp_path):
    assert run("people", "-o", "crm.duckdb").exit_code == 0
    code = "import duckdb, sys\nheld = duckdb.connect('crm.duckdb')\nprint('held', flush=True)\nsys.stdin.read()"
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, **pipes) as other:  # noqa: S603 - our own code
        assert other.stdout.readline() == "held\n"
        done = run("people", "-o", "crm.duckdb")
        other.stdin.close()
    assert done.exit_code == 2
    assert "crm.duckdb: is in use by another process: close it there, and give the same command again" in done.stderr


def test_a_log_can_be_json():
    line = options._JsonLines().format(  # noqa: SLF001 - the form of a line is the point
        logging.LogRecord("custify_connector", logging.INFO, "f", 1, "waited %.1f s", (1.5,), None)
    )
    assert {name: value for name, value in json.loads(line).items() if name != "time"} == {
        "level": "INFO", "logger": "custify_connector", "message": "waited 1.5 s",
    }  # fmt: skip


# --------------------------------------------------------------------------------------------- what a read of all costs


@pytest.fixture
def paths(sandbox):
    """Return a function that gives the paths asked for since, in order."""
    began = len(sandbox.journal.entries)
    return lambda: [entry.path for entry in sandbox.journal.entries[began:]]


def test_all_can_leave_streams_out(run, tmp_path):
    left_out = [
        word for name in manifest.load().sources if name not in {"tags", "notes"} for word in ("--except", name)
    ]
    assert run("--all", *left_out, "-o", "all").exit_code == 0
    assert {file.name for file in (tmp_path / "all").glob("*.jsonl")} == {"tags.jsonl", "notes.jsonl"}
    assert "applies to --all only" in run("tags", "notes", "--except", "tags", "-o", "x").output
    assert "tags" in run("--all", "--except", "tagz", "-o", "x").output


def test_a_stream_that_asks_for_each_parent_says_its_cost(sandbox, monkeypatch):
    monkeypatch.setattr(read_cost, "_WORTH_A_LINE", 0.1)
    known = {"name": "judge", "api_key": sandbox.api_key, "base_url": sandbox.base_url}
    wanted = Wanted((), "all", every=True)
    chosen = jobs(wanted, {}, known)
    counts = read_cost.requests(chosen, known, wanted)
    people, companies = (len(sandbox.content.records(name)) for name in ("people", "companies"))
    assert counts["custom_data"] == people + companies
    assert (counts["company_people"], counts["objectives"]) == (companies, companies)
    assert "people" not in counts
    (line,) = [line for line in read_cost.lines(chosen, counts, wanted) if line.startswith("custom_data")]
    assert f"one request for each of companies and people: up to {people + companies:,} requests" in line
    assert "--except custom_data leaves it out" in line


def test_a_dry_run_asks_for_no_child_and_counts_the_parents(run, sandbox, paths):
    result = run("custom_data", "company_people", "-o", "all", "--dry-run")
    people, companies = (len(sandbox.content.records(name)) for name in ("people", "companies"))
    assert f"custom_data (full): up to {people + companies} requests" in result.output
    assert set(paths()) == {"/people/all", "/company/all"}
    assert len(paths()) == 2


def test_the_parents_that_changed_are_all_that_is_asked_for_the_next_night(run, sandbox, paths):
    words = ("custom_data", "objectives", "--mode", "incremental", "--trust-parents", "-o", "all")
    assert run(*words).exit_code == 0
    children = [path for path in paths() if "custom_data/" in path]
    assert len(children) == sum(len(sandbox.content.records(name)) for name in ("people", "companies"))
    asked = len(paths())
    assert run(*words).exit_code == 0
    later = paths()[asked:]
    assert [path for path in later if "custom_data/" in path or path == "/objective"] == []
    assert len(later) <= 11 < asked  # each list of parents, filtered, and its records without a date

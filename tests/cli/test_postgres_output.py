"""`custify read` fills a schema of PostgreSQL: whole or not at all, rows with their state, and without a password."""

import json

import psycopg
import pytest
from click.testing import CliRunner

from custify_connector.cli import main
from custify_connector.sandbox import Fault


@pytest.fixture
def run(sandbox, canary, monkeypatch, tmp_path):
    """Return the command, bound to the sandbox, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    return lambda *words: CliRunner().invoke(main, [*words, "--rate-limit", "none"])


@pytest.fixture
def read(run):
    """Return `custify read`."""
    return lambda *words: run("read", *words)


@pytest.fixture
def write(run):
    """Return `custify write`."""
    return lambda *words: run("write", *words)


def crm(database, schema="crm"):
    """Return the address of a schema."""
    return database.replace("?", f"/{schema}?")


def ask(database, query):
    with psycopg.connect(database) as connection:
        return connection.execute(query).fetchall()


def test_streams_become_tables_with_types_keys_and_comments(read, database):
    done = read("people", "companies", "-o", crm(database))
    assert (done.exit_code, "2 of 2 streams are in" in done.stderr) == (0, True), done.output
    assert ask(database, "SELECT count(*), count(DISTINCT id) FROM crm.people") == [(30, 30)]
    columns = "SELECT column_name, data_type FROM information_schema.columns"
    types = dict(ask(database, f"{columns} WHERE table_schema = 'crm' AND table_name = 'people'"))
    assert types["created_at"] == "timestamp with time zone"
    assert (types["id"], types["session_count"], types["unsubscribed_from_emails"], types["companies"]) == (
        "text", "bigint", "boolean", "jsonb",
    )  # fmt: skip
    keys = "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'p'"
    assert ("crm.people", "PRIMARY KEY (id)") in ask(database, keys)
    assert ask(database, "SELECT obj_description('crm.people'::regclass)")[0][0]
    assert ask(database, "SELECT col_description('crm.people'::regclass, 1)")[0][0]


def test_the_second_run_merges_what_changed_and_reads_the_rest_again(read, database, sandbox, tmp_path):
    assert read("people", "tags", "-o", crm(database)).exit_code == 0
    content = sandbox.content
    content.create("people", {"user_id": "new", "email": "new@example.com", "companies": [], "tags": []})
    summary = json.loads(read("people", "tags", "-o", crm(database), "--json").stdout)
    assert {each["stream"]: (each["mode"], each["records"]) for each in summary["streams"]} == {
        "people": ("incremental", 1), "tags": ("full", len(content.tags)),
    }  # fmt: skip
    held = {row[0] for row in ask(database, "SELECT id FROM crm.people")}
    assert held == {person["id"] for person in content.records("people")}
    assert list(tmp_path.iterdir()) == [], "what is staged is in the data directory"


def test_a_read_that_fails_changes_nothing_and_the_next_goes_on(read, database, sandbox):
    assert read("people", "-o", crm(database)).exit_code == 0
    before = ask(database, "SELECT * FROM crm._custify_state"), ask(database, "SELECT * FROM crm.people ORDER BY id")
    sandbox.faults.add(Fault("revoke", path="/people/all"))
    assert read("people", "-o", crm(database), "--mode", "full").exit_code == 3
    assert before == (
        ask(database, "SELECT * FROM crm._custify_state"),
        ask(database, "SELECT * FROM crm.people ORDER BY id"),
    )


def test_a_dry_run_makes_nothing(read, database):
    done = read("people", "-o", crm(database), "--dry-run")
    assert (done.exit_code, "table people is replaced or new" in done.stdout) == (0, True), done.output
    assert ask(database, "SELECT to_regnamespace('crm')") == [(None,)]


def test_a_part_of_a_stream_takes_no_place_of_all_of_it(read, database):
    assert read("people", "-o", crm(database)).exit_code == 0
    done = read("people", "-o", crm(database), "--limit", "3")
    assert (done.exit_code, "table people: holds all records" in done.stderr) == (2, True)


def test_columns_are_in_snake_case_unless_dots_are_asked_for(read, database):
    assert read("people", "-o", crm(database)).exit_code == 0
    assert read("people", "-o", crm(database, "dots"), "--names", "dotted").exit_code == 0
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'people' AND table_schema = "
    assert ("custom_attributes__seat_type",) in ask(database, f"{columns}'crm'")
    assert ("custom_attributes.seat_type",) in ask(database, f"{columns}'dots'")


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--verbose",)])
def test_a_password_on_the_command_line_is_refused_and_shown_nowhere(read, more, tmp_path):
    done = read("people", "-o", "postgresql://me:hunter2@127.0.0.1:9/db", *more)
    assert (done.exit_code, "PGPASSWORD" in done.stderr, "hunter2" in done.output) == (2, True, False)
    assert list(tmp_path.iterdir()) == []


def test_a_password_of_the_environment_is_shown_nowhere(read, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "hunter2")
    done = read("people", "-o", "postgresql://me@127.0.0.1:9/db", "--verbose")
    assert (done.exit_code, "hunter2" in done.output) == (4, False)
    assert done.stderr.startswith("custify: postgresql://127.0.0.1:9/db/public: PostgreSQL: ")


def test_a_format_goes_with_no_address(read, database):
    done = read("people", "-o", database, "--format", "csv")
    assert (done.exit_code, "--format cannot be combined with an address" in done.stderr.replace(": ", " ")) == (
        2,
        True,
    )


def test_rows_of_a_query_are_written_and_a_run_goes_on_with_its_own_journal(write, database, sandbox, tmp_path):
    with psycopg.connect(database) as connection:
        users = "SELECT 'u-' || i AS id, i || '@example.com' AS email FROM generate_series(1, 3) i"
        connection.execute(f"CREATE TABLE users AS {users}")
    words = ("upsert_person", database, "--query", "SELECT id AS user_id, email FROM users", "--json")
    done = write(*words)
    assert (done.exit_code, json.loads(done.stdout)["outcomes"]["sent"]) == (0, 3), done.output
    assert {"u-1", "u-2", "u-3"} <= {person["user_id"] for person in sandbox.content.records("people")}
    assert len(list((tmp_path / ".custify").glob("*.journal"))) == 1
    again = write(*words, "--resume")
    assert "rows that it decided are not sent again" in again.stderr

"""`custify read --output dlt:DESTINATION` fills what dlt is configured for, and then reads what changed."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import duckdb
import psycopg2
import pytest

SERVER = runpy.run_path(str(Path(__file__).parents[2] / "postgres_server.py"))
SUPERUSER = SERVER["SUPERUSER"]
COMMAND = (sys.executable, "-c", "from custify_connector.cli import main; main()")


@pytest.fixture
def free(serve):
    """Run a Custify without a rate limit."""
    with serve(rate_limit="none") as custify:
        yield custify


@pytest.fixture
def read(free, tmp_path):
    """Return the command; its environment can be added to."""

    def run(*words, **variables):
        own = {"CUSTIFY_API_KEY": free.api_key, "CUSTIFY_BASE_URL": free.base_url}
        own |= {
            "CUSTIFY_HOME": str(tmp_path / "home"),
            "DLT_DATA_DIR": str(tmp_path / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        command = [*COMMAND, "read", *words, "--rate-limit", "none"]
        return subprocess.run(  # noqa: S603 - our own command
            command, cwd=tmp_path, env={**os.environ, **own, **variables}, capture_output=True, text=True, check=False
        )

    return run


@pytest.fixture(scope="module")
def server():
    with SERVER["postgres"]() as folder:
        yield folder


def test_postgresql_is_filled_twice(read, free, server):
    fields = {"HOST": quote(str(server), safe=""), "USERNAME": SUPERUSER, "PASSWORD": "unused", "DATABASE": "postgres"}
    place = {f"DESTINATION__POSTGRES__CREDENTIALS__{name}": str(value) for name, value in fields.items()}
    words = ("people", "tags", "-o", "dlt:postgres/crm", "--json")
    first = read(*words, **place)
    assert first.returncode == 0, first.stderr
    counts = {each["stream"]: each["records"] for each in json.loads(first.stdout)["streams"]}
    assert counts == {"people": len(free.content("people")), "tags": len(free.content("tags"))}
    second = read(*words, **place)
    counts = {each["stream"]: each["records"] for each in json.loads(second.stdout)["streams"]}
    assert counts == {"people": 0, "tags": len(free.content("tags"))}
    with (
        psycopg2.connect(f"host={server} user={SUPERUSER} dbname=postgres") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT id FROM crm.people ORDER BY 1")
        assert [row[0] for row in cursor.fetchall()] == sorted(person["id"] for person in free.content("people"))


def test_a_folder_of_files_and_duckdb_are_filled(read, free, tmp_path):
    lake = read("people", "-o", "dlt:filesystem", DESTINATION__FILESYSTEM__BUCKET_URL=(tmp_path / "lake").as_uri())
    assert lake.returncode == 0, lake.stderr
    assert list((tmp_path / "lake/custify/people").iterdir())
    done = read("people", "-o", "dlt:duckdb", DESTINATION__DUCKDB__CREDENTIALS=str(tmp_path / "x.duckdb"))
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        assert database.execute("SELECT count(*) FROM custify.people").fetchone() == (len(free.content("people")),)


def test_what_goes_wrong_is_said_without_a_password_or_a_traceback(read):
    place = "postgresql://me:hunter2@127.0.0.1:9/db"
    lost = read("people", "-o", "dlt:postgres", DESTINATION__POSTGRES__CREDENTIALS=place)
    assert (lost.returncode, "Traceback" in lost.stderr, "hunter2" in lost.stderr) == (2, False, False), lost.stderr
    none = read("people", "-o", "dlt:nowhere")
    assert (none.returncode, none.stderr.startswith("custify: dlt:nowhere: ")) == (2, True), none.stderr
    refused = read("people", "-o", "dlt:duckdb", CUSTIFY_API_KEY="wrong")
    assert (refused.returncode, "Traceback" in refused.stderr) == (3, False), refused.stderr


def test_options_that_mean_nothing_in_dlt_are_refused(read):
    done = read("people", "-o", "dlt:duckdb", "--limit", "3", "--format", "csv")
    assert done.returncode == 2
    assert done.stderr.count("cannot be combined with --output dlt:") == 2

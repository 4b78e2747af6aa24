"""The outputs opened by what people open them with: each value has the type that docs/outputs.md promises."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.csv
import pyarrow.parquet
import pytest

PEOPLE = 30
FIELDS = {
    "true or false": "unsubscribed_from_emails",
    "whole number": "session_count",
    "number": "custom_attributes.score",
    "moment in UTC": "created_at",
    "text": "name",
    "list": "companies",
    "values of several types": "custom_attributes.mixed",
}
OLDER = """
import json, sys
sys.path.insert(0, sys.argv[1])
import duckdb
assert duckdb.__version__.startswith("1.2."), duckdb.__version__
rows = duckdb.connect(sys.argv[2], read_only=True).execute(sys.argv[3]).fetchall() if sys.argv[2] else \
    duckdb.sql(sys.argv[3]).fetchall()
print(json.dumps(rows, default=str))
"""


@pytest.fixture(scope="module")
def account(serve):
    """Run an account in which one attribute has values of several types."""
    with serve(people=PEOPLE, companies=4, rate_limit="none") as running:
        for place, value in enumerate(["text", 5, True]):
            person = {"user_id": f"u-00000{place}", "custom_attributes": {"mixed": value}}
            headers = {"Authorization": f"Bearer {running.api_key}", "Content-Type": "application/json"}
            sent = urllib.request.Request(f"{running.base_url}/people", json.dumps(person).encode(), headers)  # noqa: S310 - loopback
            urllib.request.urlopen(sent, timeout=30).close()  # noqa: S310 - as above
        yield running


@pytest.fixture(scope="module")
def read(account, tmp_path_factory):
    """Return a function that reads the people into an output, and the folder in which it does."""
    folder = tmp_path_factory.mktemp("outputs")
    keys = {"CUSTIFY_API_KEY": account.api_key, "CUSTIFY_BASE_URL": account.base_url}

    def run(output):
        words = ["custify", "read", "people", "--output", output, "--rate-limit", "none"]
        variables = {**os.environ, **keys}
        done = subprocess.run(words, cwd=folder, env=variables, capture_output=True, text=True, check=False)  # noqa: S603 - ours
        assert done.returncode == 0, done.stderr
        return str(folder / output)

    return run


@pytest.fixture(scope="module")
def promised(checkout):
    """Return the table of the page: types by value and reader."""
    text = (checkout / "docs" / "outputs.md").read_text("utf-8").partition("## What readers see")[2]
    table = text.partition("| value | ")[2]
    heading, _, *rows = (
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in table.partition("\n\n")[0].splitlines()
    )
    found = {row[0]: dict(zip(heading, row[1:], strict=True)) for row in rows}
    assert found.keys() == FIELDS.keys()
    return found


@pytest.fixture(scope="module")
def parquet(read):
    return read("people.parquet")


@pytest.fixture(scope="module")
def database(read):
    return read("crm.duckdb")


def of_reader(promised, reader):
    return {FIELDS[value]: types[reader] for value, types in promised.items()}


def test_polars_opens_parquet(parquet, promised):
    frame = pl.read_parquet(parquet)
    assert len(frame) == PEOPLE
    assert {name: str(frame.schema[name]) for name in FIELDS.values()} == of_reader(promised, "polars")


def test_pandas_opens_parquet(parquet, promised):
    frame = pd.read_parquet(parquet)
    assert len(frame) == PEOPLE
    assert {name: str(frame.dtypes[name]) for name in FIELDS.values()} == of_reader(promised, "pandas")


def test_pyarrow_opens_parquet(parquet, promised):
    table = pyarrow.parquet.read_table(parquet)
    assert table.num_rows == PEOPLE
    assert {name: str(table.schema.field(name).type) for name in FIELDS.values()} == of_reader(promised, "pyarrow")


def older(database, query):
    words = [sys.executable, "-c", OLDER, str(Path(sys.prefix) / "duckdb-1.2"), database, query]
    done = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603 - ours
    return [tuple(row) for row in json.loads(done.stdout)]


def newest(database, query):
    if not database:
        return duckdb.sql(query).fetchall()
    with duckdb.connect(database, read_only=True) as opened:
        return opened.execute(query).fetchall()


@pytest.mark.parametrize("ask", [older, newest])
def test_duckdb_of_1_2_and_the_newest_open_parquet_and_a_database(ask, parquet, database, promised):
    types = ", ".join(f'typeof(any_value("{name}"))' for name in FIELDS.values())
    for place, (opened, source) in enumerate([("", f"'{parquet}'"), (database, "people")]):
        ((count, *found),) = ask(opened, f"SELECT count(*), {types} FROM {source}")  # noqa: S608 - names of this file
        expected = of_reader(promised, "DuckDB")
        both = {name: re.split(r"`?, in Parquet `?", each) for name, each in expected.items()}
        assert count == PEOPLE
        assert dict(zip(FIELDS.values(), found, strict=True)) == {
            name: each[-1 if place == 0 else 0] for name, each in both.items()
        }


def test_psql_shows_the_table(read, postgres, promised):
    address = postgres.removesuffix("/postgres").replace(":unused@", "@") + "/postgres"
    read(f"{address}/crm")
    columns = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'crm'"
    found = dict(line.split("|") for line in psql(address, columns))
    asked = of_reader(promised, "psql")
    assert {name: found[name.replace(".", "__")] for name in asked} == asked
    assert psql(address, "SELECT count(*) FROM crm.people") == [str(PEOPLE)]


def psql(address, query):
    program = max(Path("/usr/lib/postgresql").glob("*/bin/psql"))
    words = [str(program), address, "--no-psqlrc", "--tuples-only", "--no-align", "--command", query]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()  # noqa: S603 - of Debian


def test_every_reader_sees_the_same_people_in_csv(read, account):
    path = read("people.csv")
    sees_all(account, pl.read_csv(path, infer_schema_length=None), pd.read_csv(path), of_duckdb(path))
    sees_all(account, pyarrow.csv.read_csv(path).to_pandas())


def test_every_reader_sees_the_same_people_in_json_lines(read, account):
    path = read("people.jsonl")
    sees_all(account, pl.read_ndjson(path, infer_schema_length=None), pd.read_json(path, lines=True), of_duckdb(path))


def of_duckdb(path):
    return duckdb.sql(f"SELECT * FROM '{path}'").df()  # noqa: S608 - a path of this test


def sees_all(account, *frames):
    held = {each["id"] for each in account.content("people")}
    assert [set(frame["id"]) for frame in frames] == [held] * len(frames)

"""The table of types in docs/outputs.md is what the outputs hold, as their own readers see them."""

import csv
import json

import duckdb
import psycopg
import pytest

from custify_connector.host.outputs import Stream, target_of
from custify_connector.host.outputs.postgres_engine import address_of
from custify_connector.host.outputs.postgres_tables import prepare
from custify_connector.host.outputs.target import target_of_schema

ROWS = {
    "true or false": [True, False],
    "whole number": [1, 2**53 + 1],
    "number": [1.5, 2],
    "moment in UTC": ["2026-01-31T09:30:00.123Z", "2026-02-28T09:30:00.000Z"],
    "text": ["4", "Zoë"],
    "list": [["a"], []],
    "values of several types": ["4", 5],
}
FORMS = ("CSV", "JSON lines", "Parquet", "DuckDB", "PostgreSQL")
RECORDS = [{name: values[at] for name, values in ROWS.items()} for at in range(2)]


@pytest.fixture
def types(page, table_rows):
    """Return the table: by the kind of value, then by the form."""
    rows = table_rows(page("docs/outputs.md").sections(2)["Types"], 6)
    return {cells[0]: dict(zip(FORMS, (cell.strip("`") for cell in cells[1:]), strict=True)) for cells in rows}


def written(folder, form):
    output = target_of(str(folder / f"t.{form}"), form, Stream("t")).open()
    output.write(RECORDS)
    output.finish()
    return folder / f"t.{form}"


def test_every_kind_of_value_is_in_the_table(types):
    assert set(types) == set(ROWS)


def test_parquet_and_duckdb_have_these_types(types, tmp_path):
    with duckdb.connect() as database:
        found = database.execute(f"DESCRIBE FROM read_parquet('{written(tmp_path, 'parquet')}')").fetchall()
        assert {row[0]: row[1] for row in found} == {name: types[name]["Parquet"] for name in ROWS}
    with duckdb.connect(str(written(tmp_path, "duckdb")), read_only=True) as database:
        found = database.execute("DESCRIBE t").fetchall()
        assert {row[0]: row[1] for row in found} == {name: types[name]["DuckDB"] for name in ROWS}


def test_postgresql_has_these_types(types, database, tmp_path):
    prepare(address_of(database), ())
    output = target_of_schema(address_of(database), tmp_path, Stream("t", name_bytes=63)).open()
    output.write(RECORDS)
    output.finish()
    with psycopg.connect(database) as connection:
        columns = "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        found = connection.execute(f"{columns} WHERE attrelid = 't'::regclass AND attnum > 0")
        assert dict(found.fetchall()) == {name: types[name]["PostgreSQL"] for name in ROWS}


def test_texts_hold_what_the_table_says(tmp_path):
    lines = written(tmp_path, "jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line) for line in lines] == RECORDS
    with written(tmp_path, "csv").open(encoding="utf-8", newline="") as stream:
        first, second = csv.DictReader(stream)
    assert list(first.values()) == ["true", "1", "1.5", "2026-01-31T09:30:00.123Z", "4", '["a"]', "4"]
    assert (second["whole number"], second["values of several types"]) == (str(2**53 + 1), "5")


EXPECTED = {
    "true or false": "bool", "whole number": "int64", "number": "double", "moment in UTC": "timestamp[us, tz=UTC]",
    "text": "string", "list": "string", "values of several types": "string",
}  # fmt: skip


def test_other_readers_of_parquet_see_the_same(tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet", reason="needs pyarrow, polars and pandas")
    polars, pandas = pytest.importorskip("polars"), pytest.importorskip("pandas")
    path = written(tmp_path, "parquet")
    found = parquet.read_schema(path)
    plain = {field.name: str(getattr(field.type, "storage_type", field.type)) for field in found}
    assert plain == EXPECTED
    seen = polars.read_parquet(path)
    assert seen.schema["moment in UTC"] == polars.Datetime("us", "UTC")
    assert seen["values of several types"].to_list() == ["4", "5"]
    assert seen["list"].cast(polars.String).to_list() == ['["a"]', "[]"]
    frame = pandas.read_parquet(path)
    assert str(frame["moment in UTC"].dt.tz) == "UTC"
    assert frame["whole number"].tolist() == [1, 2**53 + 1]
    assert frame["list"].tolist() == ['["a"]', "[]"]

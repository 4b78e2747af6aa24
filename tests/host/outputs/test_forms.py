"""Every form holds what was read, whatever the records and the path are called."""

import csv
import io
import json
import re
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.checking.json_values import lines, loads
from custify_connector.host.outputs import Stream, target_of, target_of_run
from custify_connector.host.outputs.duckdb_engine import file
from custify_connector.host.outputs.flattening import snake

ODD = ("status=active/x", "data[1]", "da*ta?", "it's {a,b}", "~lake", "md:x", "id=7/name=HIVE/x", "a b#c%20")


def put(path, form, rows, schema=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    output = target_of(str(path), form, Stream("t", ("id",), schema or {})).open()
    output.write(rows)
    output.finish()
    output.close()


def parquet(path, query="SELECT * FROM rows ORDER BY id"):
    with duckdb.connect() as database:
        database.execute(f"CREATE VIEW rows AS SELECT * FROM read_parquet({file(path)}, hive_partitioning = false)")  # noqa: S608 - quoted
        return database.execute(query).fetchall()


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("form", ["parquet", "duckdb"])
def test_no_part_of_a_path_is_a_column_or_a_pattern(tmp_path, monkeypatch, name, form):
    monkeypatch.chdir(tmp_path)
    stale = json.dumps({"id": "stale", "status": "stale", "name": "stale"})
    for neighbour in ("data1", "dazta1"):
        Path(f"{neighbour}.{form}.part.rows").write_text(stale)
        Path(f"{neighbour}.{form}.part").mkdir()
    path = Path(f"{name}.{form}")
    put(path, form, [{"id": "1", "status": "won", "name": "A"}, {"id": "2", "status": "lost", "name": "B"}])
    if form == "parquet":
        rows = parquet(path)
    else:
        with duckdb.connect(str(path.absolute())) as database:
            rows = database.execute("SELECT * FROM t ORDER BY id").fetchall()
    assert rows == [("1", "won", "A"), ("2", "lost", "B")]


def nested(depth):
    value = 1
    for _ in range(depth):
        value = {"x": value}
    return value


@pytest.mark.parametrize("form", ["jsonl", "json", "csv", "parquet", "duckdb"])
@pytest.mark.parametrize("depth", [200, 300, 900])
def test_deep_and_huge_values_stop_no_form(tmp_path, form, depth):
    deep = nested(depth)
    rows = [{"id": "1", "v": deep}, {"id": "2", "v": {"n": 2**70, "r": float("nan")}}, {"id": "3", "v": "half \ud800"}]
    path = tmp_path / f"x.{form}"
    put(path, form, rows)
    if form == "jsonl":
        first, second, _ = (loads(line) for line in path.read_bytes().splitlines())
        assert (first["v"], second["v"]) == (deep, {"n": 2**70, "r": None})


def test_numbers_stay_exact_in_every_form(tmp_path):
    numbers = [2**53 + 1, 2**63, 2**64, -8 * 10**19, 12345678901234567890123]
    rows = [{"id": str(place), "n": number, "nan": float("nan")} for place, number in enumerate(numbers)]
    for form in ("jsonl", "csv", "parquet", "duckdb"):
        put(tmp_path / f"x.{form}", form, rows)
    assert [loads(line)["n"] for line in (tmp_path / "x.jsonl").read_bytes().splitlines()] == numbers
    assert [int(row["n"]) for row in csv.DictReader((tmp_path / "x.csv").read_text().splitlines())] == numbers
    assert [int(text) for (text,) in parquet(tmp_path / "x.parquet", "SELECT n FROM rows ORDER BY id")] == numbers
    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        assert [int(text) for (text,) in database.execute("SELECT n FROM t ORDER BY id").fetchall()] == numbers


def test_decimals_keep_their_digits_in_every_form(tmp_path):
    numbers = ["12345678901234567.89", "0.1000000000000000055511151231257827", "1E+400", "0.5"]
    rows = [
        loads(f'{{"id": "{place}", "n": {number}, "list": [{number}], "whole": {numbers[0]}}}'.encode())
        for place, number in enumerate(numbers)
    ]
    for form in ("jsonl", "csv", "parquet", "duckdb"):
        put(tmp_path / f"x.{form}", form, rows)
    assert [loads(line) for line in (tmp_path / "x.jsonl").read_bytes().splitlines()] == rows
    assert [row["n"] for row in csv.DictReader((tmp_path / "x.csv").read_text().splitlines())] == numbers
    assert parquet(tmp_path / "x.parquet", "SELECT n FROM rows ORDER BY id") == [(number,) for number in numbers]
    assert {text for (text,) in parquet(tmp_path / "x.parquet", "SELECT whole FROM rows")} == {numbers[0]}
    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        found = database.execute("SELECT n, list FROM t ORDER BY id").fetchall()
    assert [str(json.loads(text)) for text, _ in found] == numbers
    assert [str(json.loads(text)[0]) for _, text in found] == numbers


def test_a_text_among_other_values_has_no_quotes_in_parquet(tmp_path):
    schema = {"properties": {"n": {"type": ["integer", "null"]}}}
    rows = [{"id": str(place), "n": value} for place, value in enumerate(["4", 4, 'say "hi"', None, ["a"], True])]
    put(tmp_path / "x.parquet", "parquet", rows, schema)
    found = parquet(tmp_path / "x.parquet", "SELECT n FROM rows ORDER BY id")
    assert [value for (value,) in found] == ["4", "4", 'say "hi"', None, '["a"]', "true"]


def test_lists_are_json_by_type_in_parquet(tmp_path):
    put(tmp_path / "x.parquet", "parquet", [{"id": "1", "tags": ["a", "b"]}])
    assert parquet(tmp_path / "x.parquet", "SELECT typeof(tags), tags FROM rows") == [("JSON", '["a","b"]')]


cells = st.text(st.characters(codec="utf-8") | st.sampled_from('\r\n\0,;"\t \ufeff'), min_size=1, max_size=8)


@given(st.lists(st.fixed_dictionaries({"id": cells, "name": cells}), max_size=4))
def test_any_text_comes_back_from_csv_and_tsv(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("any")
    for form, delimiter in (("csv", ","), ("tsv", "\t")):
        put(folder / f"x.{form}", form, rows, {"properties": {"id": {}, "name": {}}})
        # Python 3.10 cannot read NUL, and DuckDB can: a placeholder stands for it.
        text = (folder / f"x.{form}").read_bytes().decode().replace("\0", "\ue000")
        read = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
        assert [{name: cell.replace("\ue000", "\0") for name, cell in row.items()} for row in read] == [
            {name: cell.replace("\ue000", "\0") for name, cell in row.items()} for row in rows
        ]


def test_a_bare_carriage_return_and_nul_are_quoted_whatever_python_does(tmp_path):
    put(tmp_path / "x.csv", "csv", [{"id": "1", "name": "one\rtwo"}, {"id": "nul\0", "name": ""}])
    assert (tmp_path / "x.csv").read_bytes() == b'id,name\n1,"one\rtwo"\nnul\0,\n'


def test_the_mark_for_excel_comes_first(tmp_path):
    output = target_of(str(tmp_path / "x.csv"), "csv", Stream("t"), mark=True).open()
    output.write([{"name": "Łukasz"}])
    output.finish()
    assert (tmp_path / "x.csv").read_bytes() == b"\xef\xbb\xbfname\n\xc5\x81ukasz\n"


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata", "UTC"])
def test_moments_have_a_zone_and_are_utc_in_any_zone(tmp_path, monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    row = {"id": "1", "at": "2026-01-31T09:30:00.123Z"}
    put(tmp_path / "x.parquet", "parquet", [row])
    put(tmp_path / "x.duckdb", "duckdb", [row])
    query = 'SELECT typeof("at"), epoch_us("at") FROM'
    expected = ("TIMESTAMP WITH TIME ZONE", 1769851800123000)
    assert parquet(tmp_path / "x.parquet", f"{query} rows") == [expected]
    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        assert database.execute(f"{query} t").fetchall() == [expected]


@pytest.mark.parametrize("zone", ["America/New_York", "UTC"])
def test_a_table_of_0_1_0_gets_moments_with_a_zone_by_the_next_merge(tmp_path, monkeypatch, zone):
    path = tmp_path / "x.duckdb"
    put(path, "duckdb", [{"id": "1", "at": "2026-01-31T09:30:00.123Z"}])
    monkeypatch.setenv("TZ", zone)
    with duckdb.connect(str(path)) as database:
        database.execute('ALTER TABLE t ALTER "at" SET DATA TYPE TIMESTAMP USING make_timestamp(epoch_us("at"))')
    output = target_of(str(path), "duckdb", Stream("t", ("id",))).open()
    output.write([{"id": "2", "at": "2026-01-31T09:30:01Z"}])
    output.finish({}, merges=True)
    with duckdb.connect(str(path)) as database:
        found = database.execute('SELECT typeof("at"), epoch_us("at") FROM t ORDER BY id').fetchall()
    assert found == [("TIMESTAMP WITH TIME ZONE", 1769851800123000), ("TIMESTAMP WITH TIME ZONE", 1769851801000000)]


def test_a_new_database_can_be_opened_by_older_versions(tmp_path):
    put(tmp_path / "x.duckdb", "duckdb", [{"id": "1"}])
    with duckdb.connect(str(tmp_path / "x.duckdb")) as database:
        (tags,) = database.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'x'").fetchone()
    assert "v1.2.0" in str(tags)


@pytest.mark.parametrize("form", ["jsonl", "csv", "parquet"])
def test_a_run_in_which_nothing_changed_leaves_no_file(tmp_path, form):
    def run(rows):
        output = target_of_run(tmp_path / "t", form, Stream("t", ("id",)), tmp_path / ".custify" / "t.part").open()
        output.write(rows)
        output.finish({}, merges=True)
        output.close()
        return sorted(str(each.relative_to(tmp_path)) for each in (tmp_path / "t").rglob(f"*.{form}"))

    first = run([{"id": "1"}])
    assert len(first) == 1
    assert run([]) == first
    assert len(run([{"id": "2"}])) == 2
    if form == "parquet":
        assert all(name.startswith("t/run=") for name in first)


def test_json_lines_are_what_is_staged(tmp_path):
    put(tmp_path / "x.jsonl", "jsonl", [{"id": "1"}])
    assert (tmp_path / "x.jsonl").read_bytes() == lines([{"id": "1"}])


SCHEMA = {
    "description": "Somebody.",
    "properties": {
        "id": {"type": "string", "description": "The person's id."},
        "companyNames": {"type": "array", "description": "All of them."},
        "own": {"type": "object", "properties": {"Plan": {"type": "string", "description": "Gold, or not."}}},
    },
}


def database(path, rows, *, merges=False, names="snake"):
    output = target_of(str(path), "duckdb", Stream("t", ("id",), SCHEMA, names=names)).open()
    output.write(rows)
    output.finish({}, merges=merges)
    with duckdb.connect(str(path)) as opened:
        found = opened.execute("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 't'").fetchall()
        about = opened.execute("SELECT comment FROM duckdb_tables() WHERE table_name = 't'").fetchone()
        return dict(found), about[0], opened.execute("SELECT * FROM t ORDER BY id").fetchall()


def test_names_for_warehouses_are_stable_and_never_clash(tmp_path):
    rows = [{"id": "1", "own": {"Plan": "Gold", "plan": "x", "Ort Nähe": 1}}]
    first, _, _ = database(tmp_path / "x.duckdb", rows)
    assert list(first) == ["id", "company_names", "own__plan", "own__plan_2", "own__ort_nahe"]
    later, _, found = database(tmp_path / "x.duckdb", [{"id": "2", "own": {"plan": "y"}}], merges=True)
    assert later == first
    assert [(row[2], row[3]) for row in found] == [("Gold", "x"), (None, "y")]
    put(tmp_path / "x.parquet", "parquet", rows)


def test_tables_say_what_they_hold(tmp_path):
    columns, about, _ = database(tmp_path / "x.duckdb", [{"id": "1", "own": {"Plan": "Gold"}}], names="dotted")
    assert about == "Somebody."
    assert columns == {"id": "The person's id.", "companyNames": "All of them.", "own.Plan": "Gold, or not."}


@given(st.text(min_size=1, max_size=90))
def test_a_name_for_warehouses_is_one_whatever_the_field_is_called(path):
    assert re.fullmatch("[a-z_][a-z0-9_]{0,60}", snake(path))

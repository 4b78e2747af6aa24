"""Rows of Parquet files and DuckDB databases become those of JSON, and what JSON cannot carry is that row's fault."""

import re
import sys

import duckdb
import pytest

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.queried_rows import ALL, Choice, open_input


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "crm.duckdb"
    with duckdb.connect(str(path)) as made:
        made.execute("CREATE TABLE people AS SELECT i AS id, 'p' || i AS name FROM range(3) t(i)")
    return str(path)


def rows(path, choice=ALL, form=None):
    with open_input(path, form, choice) as table:
        return list(table.rows)


def one(database, expression):
    (row,) = rows(database, Choice(query=f"SELECT {expression} AS cell"))
    return row


def test_a_table_gives_its_rows_with_their_lines(database):
    found = rows(database, Choice(table="people"))
    assert [(row.line, row.fields, row.flat) for row in found] == [
        (line, {"id": line - 1, "name": f"p{line - 1}"}, True) for line in (1, 2, 3)
    ]


def test_more_rows_than_are_fetched_at_once_all_come(database):
    assert len(rows(database, Choice(query="SELECT * FROM range(2500);"))) == 2500


def test_a_parquet_file_gives_its_rows(tmp_path):
    path = tmp_path / "it's.parquet"
    with duckdb.connect() as made:
        made.execute(f"COPY (SELECT 1 AS id, NULL AS name) TO '{str(path).replace(chr(39), chr(39) * 2)}'")
    assert [row.fields for row in rows(str(path))] == [{"id": 1, "name": ""}]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("NULL", ""),
        ("DATE '2026-01-31'", "2026-01-31"),
        ("TIME '09:30:00'", "09:30:00"),
        ("INTERVAL 90 MINUTE", "1:30:00"),
        ("TIMESTAMP '2026-01-31 09:30:00'", "2026-01-31T09:30:00.000Z"),
        ("TIMESTAMPTZ '2026-01-31 09:30:00+02'", "2026-01-31T07:30:00.000Z"),
        ("1.50::DECIMAL(9, 2)", 1.5),
        ("uuid '00000000-0000-0000-0000-000000000001'", "00000000-0000-0000-0000-000000000001"),
        ("[1, 2]", [1, 2]),
        ("{'plan': 'Gold'}", {"plan": "Gold"}),
        ("'{\"plan\": [1]}'::JSON", {"plan": [1]}),
        ("7.3::FLOAT", 7.3),
        ("[7.3::FLOAT]", [7.3]),
        ("INTERVAL 1 MONTH", "1 month"),
        ("TIMESTAMP '2026-01-31 09:30:00.123456'", "2026-01-31T09:30:00.123456Z"),
        ("'2026-01-31 09:30:00.123456789'::TIMESTAMP_NS", "2026-01-31T09:30:00.123456789Z"),
        ("TIMETZ '09:30:00+02'", "09:30:00+02"),
        ("MAP {7: 'a', 8: NULL}", {"7": "a", "8": None}),
        ("MAP {'x': 7.3::FLOAT}", {"x": 7.3}),
        ("9007199254740993::BIGINT", 9007199254740993),
    ],
)
def test_each_type_becomes_its_json(database, expression, value):
    assert one(database, expression).fields == {"cell": value}


def test_moments_within_others_need_no_package_of_time_zones(database, monkeypatch):
    monkeypatch.setitem(sys.modules, "pytz", None)
    moment = "TIMESTAMPTZ '2026-01-31 09:30:00+02'"
    found = one(database, f"{{'list': [{moment}], 'inner': {{'at': {moment}}}}}").fields["cell"]
    assert found == {"list": ["2026-01-31T07:30:00.000Z"], "inner": {"at": "2026-01-31T07:30:00.000Z"}}


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("'NaN'::DOUBLE", "it is nan, which JSON cannot represent"),
        ("'infinity'::DOUBLE", "it is inf, which JSON cannot represent"),
        ("170141183460469231731687303715884105727::HUGEINT", "more than 64 bits"),
        ("'a'::BLOB", "is bytes"),
        ("'infinity'::TIMESTAMP", "is infinity, which is not a date in the years 0 to 9999"),
        ("'-infinity'::TIMESTAMPTZ", "is -infinity, which is not a date"),
        ("'infinity'::DATE", "is infinity, which is not a date"),
        ("DATE '0044-03-15 (BC)'", "is 0044-03-15 (BC), which is not a date"),
        ("'NaN'::FLOAT", "it is nan, which JSON cannot represent"),
        ("['NaN'::DOUBLE]", "it is nan, which JSON cannot represent"),
        ("'{\"a\": NaN}'::JSON", "it is nan, which JSON cannot represent"),
        ('\'{"a": 1, "a": 2}\'::JSON', "has the field 'a' twice"),
    ],
)
def test_what_json_cannot_carry_is_the_rows_fault(database, expression, reason):
    row = one(database, expression)
    assert row.fields == {}
    assert re.match(r"has a value in 'cell\S*' that JSON cannot represent", row.fault)
    assert reason in row.fault


@pytest.mark.parametrize(
    ("path", "choice", "reason"),
    [
        ("crm.duckdb", ALL, "name its rows with --table NAME or --query SQL"),
        ("crm.duckdb", Choice("people", "SELECT 1"), "name its rows with --table NAME or --query SQL"),
        ("crm.duckdb", Choice(table="persons"), "persons"),
        ("crm.duckdb", Choice(query="SELEKT"), "SELEKT"),
        ("people.csv", Choice(table="people"), "is not a database"),
        ("gone.duckdb", Choice(table="people"), "No such file"),
        ("gone.parquet", ALL, "No such file"),
    ],
)
@pytest.mark.usefixtures("database")
def test_what_cannot_be_read_is_reported(tmp_path, path, choice, reason):
    with pytest.raises(ConfigurationError, match=reason):
        rows(str(tmp_path / path), choice)


@pytest.mark.parametrize("name", ["p.parquet", "p.csv", "crm.duckdb"])
@pytest.mark.parametrize(
    "query",
    [
        "FROM 'other.csv'",
        "FROM read_csv('{folder}/other.csv')",
        "FROM read_text('/etc/hostname')",
        "FROM glob('{folder}/*')",
        "FROM 'https://127.0.0.1:1/other.csv'",
        "ATTACH '{folder}/new.duckdb'",
        "COPY (SELECT 1) TO '{folder}/written.csv'",
        "SET enable_external_access = true",
        "SELECT 1; SELECT 2",
    ],
)
@pytest.mark.usefixtures("database")
def test_a_query_reaches_nothing_but_its_file(tmp_path, name, query):
    (tmp_path / "other.csv").write_text("id\n1\n")
    (tmp_path / "p.csv").write_text("id\n1\n")
    with duckdb.connect() as made:
        made.execute(f"COPY (SELECT 1 AS id) TO '{tmp_path / 'p.parquet'}'")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(ConfigurationError):
        rows(str(tmp_path / name), Choice(query=query.format(folder=tmp_path)))
    assert sorted(tmp_path.iterdir()) == before


def test_a_table_is_named_with_its_schema_or_by_a_name_with_a_dot(database):
    with duckdb.connect(database) as made:
        made.execute('CREATE SCHEMA s; CREATE TABLE s.t AS SELECT 1 AS id; CREATE TABLE "v.1" AS SELECT 2 AS id')
    assert [rows(database, Choice(table=name))[0].fields for name in ("s.t", "v.1")] == [{"id": 1}, {"id": 2}]


def test_a_query_may_end_in_a_comment_and_give_a_name_twice(database):
    with open_input(database, None, Choice(query="SELECT id, name, name FROM people LIMIT 1 -- the first")) as table:
        assert table.columns == ("id", "name", "name")
        assert len(list(table.rows)) == 1


def test_parquet_and_databases_do_not_come_from_standard_input():
    with pytest.raises(ConfigurationError, match="parquet cannot be read from standard input: name a file"):
        rows("-", form="parquet")


def test_a_file_that_is_no_parquet_is_named(tmp_path):
    path = tmp_path / "other.parquet"
    path.write_text("id\n1\n")
    with pytest.raises(ConfigurationError, match=r"other\.parquet"):
        rows(str(path))


@pytest.mark.skipif(sys.platform != "linux", reason="names of files are text there")
@pytest.mark.parametrize("ending", ["duckdb", "parquet"])
def test_a_name_that_is_no_text_is_refused(tmp_path, ending):
    path = tmp_path / f"\udcff.{ending}"
    path.write_text("")
    with pytest.raises(ConfigurationError, match="has a name that is not UTF-8"):
        rows(str(path), Choice(table="people") if ending == "duckdb" else ALL)


def test_a_query_cannot_change_the_database(database):
    with pytest.raises(ConfigurationError):
        rows(database, Choice(query="DELETE FROM people RETURNING *"))
    assert len(rows(database, Choice(table="people"))) == 3

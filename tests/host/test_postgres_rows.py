"""Rows of PostgreSQL become those of JSON, without a digit lost, and nothing but reading is possible."""

import psycopg
import pytest

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.queried_rows import ALL, Choice, open_input
from custify_connector.host.table_file import FileForm


def rows(path, choice, form=None, used=None):
    with open_input(path, form, choice, used=used) as table:
        return list(table.rows)


EXPRESSIONS = {
    "NULL::text": "",
    "DATE '2026-01-31'": "2026-01-31",
    "TIME '09:30:00'": "09:30:00",
    "INTERVAL '90 minutes'": "1:30:00",
    "TIMESTAMP '2026-01-31 09:30:00'": "2026-01-31T09:30:00.000Z",
    "TIMESTAMPTZ '2026-01-31 09:30:00.123456+02'": "2026-01-31T07:30:00.123456Z",
    "1.50::numeric": 1.5,
    "0.1::real": 0.1,
    "1e300::float8": 1e300,
    "9007199254740993::bigint": 9007199254740993,
    "true": True,
    "'00000000-0000-0000-0000-000000000001'::uuid": "00000000-0000-0000-0000-000000000001",
    "ARRAY[1, NULL, 2]": [1, None, 2],
    "ARRAY[ARRAY[DATE '2026-01-31']]": [["2026-01-31"]],
    "ARRAY[now()] IS NOT NULL": True,
    """'{"plan": [1, 12345678901234567]}'::jsonb""": {"plan": [1, 12345678901234567]},
    """ARRAY['{"a": 1}'::json]""": [{"a": 1}],
    "'10.0.0.1'::inet": "10.0.0.1",
    "'[1,3)'::int4range": "[1,3)",
    "'x'::char(3)": "x  ",
    "'Größe $1 %s'::text": "Größe $1 %s",
}


def test_values_of_every_type_become_those_of_json(database, monkeypatch):
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    query = "SELECT " + ", ".join(f'{text} AS "c{at}"' for at, text in enumerate(EXPRESSIONS))
    (row,) = rows(database, Choice(query=query + ";"))
    assert dict(zip(EXPRESSIONS, row.fields.values(), strict=True)) == EXPRESSIONS


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("'NaN'::float8", "it is nan, which JSON cannot represent"),
        ("'NaN'::numeric", "which JSON cannot represent"),
        ("'infinity'::timestamptz", "which is not a date in the years 0 to 9999"),
        ("DATE '0044-03-15 BC'", "which is not a date in the years 0 to 9999"),
        ("'\\x00ff'::bytea", "JSON"),
        ("12345678901234567890123::numeric", "more digits than a JSON number keeps"),
    ],
)
def test_what_json_cannot_carry_is_the_fault_of_its_row(database, expression, reason):
    first, second = rows(database, Choice(query=f"SELECT {expression} AS cell UNION ALL SELECT NULL"))
    assert reason in first.fault
    assert (second.line, second.fields) == (2, {"cell": ""})


def test_a_table_gives_its_rows_and_those_of_another_schema_its_own(database):
    with psycopg.connect(database) as connection:
        connection.execute(
            "CREATE SCHEMA crm; "
            "CREATE TABLE crm.people AS SELECT i AS id, 'x' AS name FROM generate_series(1, 2500) i; "
            "CREATE TABLE public.teams AS SELECT 7 AS id"
        )
    crm = database.replace("?", "/crm?")
    assert [row.fields for row in rows(crm, Choice(table="people"), used=["id"])] == [{"id": n} for n in range(1, 2501)]
    assert [row.fields for row in rows(crm, Choice(table="public.teams"))] == [{"id": 7}]
    assert len(rows(crm, Choice(query="SELECT * FROM people JOIN teams ON true"))) == 2500


@pytest.mark.parametrize(
    ("choice", "form", "reason"),
    [
        (ALL, None, "name its rows with --table NAME or --query SQL"),
        (Choice(table="gone"), None, "relation .* does not exist"),
        (Choice(query="SELECT 1"), "csv", "leave out what says how a file is written"),
        (Choice(query="SELECT 1; DROP SCHEMA public CASCADE"), None, "multiple commands|syntax error"),
        (Choice(query="COMMIT; DROP SCHEMA public CASCADE"), None, "syntax error"),
        (Choice(query="SELECT nextval('numbers')"), None, "a query can only read"),
        (Choice(query="SELECT pg_sleep(1) FROM nothing"), None, "does not exist"),
        (Choice(query="SELECT"), None, "has no column"),
    ],
)
def test_what_cannot_be_read_is_refused(database, choice, form, reason):
    with psycopg.connect(database) as connection:
        connection.execute("CREATE SEQUENCE numbers")
    with pytest.raises(ConfigurationError, match=reason):
        rows(database, choice, form)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT to_regnamespace('public') IS NOT NULL").fetchone() == (True,)


def test_what_says_how_a_file_is_written_is_for_files(database):
    with (
        pytest.raises(ConfigurationError, match="leave out what says how a file"),
        open_input(database, None, Choice(table="t"), FileForm(encoding="utf-8")),
    ):
        pass

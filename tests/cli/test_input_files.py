"""`custify write` of files as people have them: each arrives as it is, or the command says what to type."""

import csv
import gzip
import json
import re
from datetime import date

import duckdb
import pytest
from click.testing import CliRunner

from custify_connector.cli import main

openpyxl = pytest.importorskip("openpyxl")
pytest.importorskip("python_calamine")
zstandard = pytest.importorskip("zstandard")

PEOPLE = "user_id,email,name\nu-1,a@example.com,Ana\nu-2,b@example.com,Bo\n"
BODIES = [
    {"user_id": "u-1", "email": "a@example.com", "name": "Ana"},
    {"user_id": "u-2", "email": "b@example.com", "name": "Bo"},
]


@pytest.fixture
def dry(tmp_path, monkeypatch):
    """Return a function that writes a file and shows what would be sent of it: the command's result, and the bodies."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", "made-up")

    def dry(content, *words, name="people.csv", endpoint="upsert_person", stdin=None):
        if content is not None:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        done = CliRunner().invoke(main, ["write", endpoint, name, "--dry-run", *words], input=stdin)
        assert "Traceback" not in done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done, [json.loads(line).get("body") for line in done.stdout.splitlines()]

    return dry


def said(done):
    return " ".join(done.stderr.split())


# ------------------------------------------------------------------------------------------------------ forms of files


@pytest.mark.parametrize(
    ("name", "content"),
    [
        pytest.param("p.csv", PEOPLE.replace(",", ";"), id="semicolons"),
        pytest.param("p.txt", PEOPLE.replace(",", "|"), id="bars"),
        pytest.param("p.tsv", PEOPLE.replace(",", "\t"), id="tabs"),
        pytest.param("p.csv", "sep=;\r\n" + PEOPLE.replace(",", ";"), id="Excel's own first line"),
        pytest.param("p.csv", PEOPLE.replace("\n", "\r\n"), id="Windows line ends"),
        pytest.param("p.csv", PEOPLE.replace("\n", "\r"), id="old Mac line ends"),
        pytest.param("p.csv", b"\xef\xbb\xbf" + PEOPLE.encode(), id="UTF-8 with a mark"),
        pytest.param("p.csv", PEOPLE.encode("utf-16"), id="UTF-16"),
        pytest.param("p.txt", PEOPLE.replace(",", "\t").encode("utf-16"), id="Excel's Unicode text"),
        pytest.param("p.csv", "\n,,\n" + PEOPLE, id="blank first lines"),
        pytest.param("p.csv.gz", gzip.compress(PEOPLE.encode()), id="gzip"),
        pytest.param("p.csv.zst", zstandard.compress(PEOPLE.encode()), id="Zstandard"),
        pytest.param("p.csv", gzip.compress(PEOPLE.encode()), id="gzip by its bytes"),
        pytest.param("p.json", json.dumps(BODIES), id="array"),
        pytest.param("p.json", json.dumps(BODIES, indent=2), id="printed array"),
        pytest.param("p.json", "\n".join(json.dumps(each, indent=2) for each in BODIES), id="printed objects"),
        pytest.param(
            "p.ndjson", "".join(json.dumps(each) + "\n" for each in BODIES).encode("utf-16"), id="UTF-16 JSON"
        ),
        pytest.param("people", "".join(json.dumps(each) + "\n" for each in BODIES), id="JSON without an ending"),
        pytest.param("people", PEOPLE, id="CSV without an ending"),
        pytest.param("p.jsonl", "".join(json.dumps(each) + "\r" for each in BODIES), id="JSON with old Mac line ends"),
    ],
)
def test_the_form_of_a_file_is_seen_from_its_name_and_first_bytes(dry, name, content):
    done, bodies = dry(content, name=name) if name != "people" else dry(None, name="-", stdin=content)
    assert (bodies, done.exit_code) == (BODIES, 0), done.output


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("p.dat", PEOPLE, "has the ending .dat, which names no form: say what it is, as in --input-format csv"),
        ("p.csv", b"PK\x03\x04", "is a workbook, not CSV: use --input-format excel"),
        ("p.jsonl", b"PAR1", "is a Parquet file, not JSON lines"),
        ("p.xls", "<html><table>", "is a web page with the ending of a workbook"),
        ("p.xlsx", PEOPLE, "is not a workbook: if it is text, add --input-format csv"),
        ("p.csv.gz", gzip.compress(PEOPLE.encode())[:-20], "is damaged, and cannot be read to its end"),
        ("p.csv", PEOPLE.encode("utf-16-le"), "use --encoding utf-16-le"),
        ("p.json", '[{"user_id": "u"},\n{"user_id"', "p.json:2: is not valid JSON"),
        ("p.json", "[\n{}\n] x", "p.json:3: is not valid JSON: Extra data"),
    ],
    ids=["unknown ending", "zip", "Parquet", "web page", "text", "cut off", "UTF-16", "half an array", "text behind"],
)
def test_a_file_of_another_form_is_refused_with_the_way_out(dry, name, content, reason):
    done, bodies = dry(content, name=name)
    assert (bodies, done.exit_code) == ([], 2), done.output
    assert reason in said(done)


def test_an_encoding_is_named_as_a_guess_and_used_when_it_is_said(dry):
    content = "user_id,name\nu-1,Müller\nu-2,Bo\n".encode("windows-1252")
    done, bodies = dry(content)
    assert [body["name"] for body in bodies] == ["Bo"]
    assert (
        "is not UTF-8: save the file as UTF-8, or say its encoding, which looks like --encoding windows-1252"
        in said(done)
    )
    done, bodies = dry(content, "--encoding", "windows-1252")
    assert [body["name"] for body in bodies] == ["Müller", "Bo"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8-sig"])
def test_the_mark_of_a_file_decides_over_an_encoding_that_is_said(dry, encoding):
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    content = (mark + "user_id,name\nu-1,Müller\n").encode(encoding)
    for said_encoding in (encoding, encoding[:6].rstrip("-")):
        assert dry(content, "--encoding", said_encoding)[1] == [{"user_id": "u-1", "name": "Müller"}]
    done, bodies = dry(content, "--encoding", "windows-1252")
    assert (bodies, done.exit_code) == ([], 2), done.output
    assert "in its first bytes, not of cp1252: leave out --encoding" in said(done)


def test_a_workbook_gives_its_values_by_their_types(dry, tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["Kunden"],
        [],
        ["Nr", None, "Seit", "Sitze", "Telefon"],
        [7001, "x", date(2026, 1, 31), 5, 4930555],
        [],
    ):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    rules = ("user_id=Nr", "signed_up_at=Seit", "session_count=Sitze", "phone=Telefon")
    done, bodies = dry(None, "--header-row", "3", *(word for rule in rules for word in ("--map", rule)), name="a.xlsx")
    assert bodies == [{"user_id": "7001", "signed_up_at": "2026-01-31", "session_count": 5, "phone": "4930555"}], (
        done.output
    )
    book.create_sheet("Mehr").append(["a"])
    book.save(tmp_path / "a.xlsx")
    done, _ = dry(None, name="a.xlsx")
    assert "has the sheets Sheet, Mehr: name one with --sheet" in said(done)


# -------------------------------------------------------------------------------------------------------- broken quotes


def rows_of(count, changes):
    rows = [f"q-{at},p{at}@example.com,Name {at}" for at in range(1, count + 1)]
    for at, text in changes.items():
        rows[at - 1] = text
    return "user_id,email,name\n" + "\n".join(rows) + "\n"


def test_a_quote_that_is_not_closed_costs_one_row_and_says_where_it_opened(dry):
    done, bodies = dry(rows_of(1000, {10: 'q-10,p10@example.com,"Cut off'}))
    assert len(bodies) == 999
    assert "line 11: rejected" in said(done)
    assert "has a quote that is not closed: it would take in the lines up to 1001" in said(done)


def test_two_stray_quotes_cost_two_rows(dry):
    done, bodies = dry(rows_of(1000, {10: 'q-10,p10@example.com,"Cut off', 600: 'q-600,p@example.com,"Eve, Jr."x'}))
    assert [len(bodies), done.exit_code] == [998, 1]


def test_a_row_that_swallowed_others_is_rejected_and_replayed_where_its_cell_is_right(dry):
    content = rows_of(20, {10: 'q-10,p10@example.com,"Cut off', 14: 'q-14,p14@example.com,ends"'})
    done, bodies = dry(content, "--quarantine", "q.jsonl")
    assert len(bodies) == 15
    assert "line 11: rejected: has a cell that holds 4 lines like rows of their own" in said(done)
    assert done.exit_code == 1
    replayed = CliRunner().invoke(main, ["replay", "q.jsonl", "--dry-run"])
    assert json.loads(replayed.stdout)["body"]["name"].startswith("Cut off\nq-11,p11@example.com")


def test_a_row_of_empty_cells_between_tabs_is_a_row_that_was_swallowed(dry):
    content = 'user_id\temail\tname\nu-1\t\t"Cut off\nu-2\t\tends"\n'
    done, bodies = dry(content, name="people.tsv")
    assert (bodies, done.exit_code) == ([], 1)
    assert "line 2: rejected: has a cell that holds 1 lines like rows of their own" in said(done)


@pytest.mark.parametrize(
    ("cell", "lines"),
    [
        pytest.param("Dear Ana\none, two, three", 1, id="prose with as many commas as a row"),
        pytest.param("Cut off\na,b,c\nand a line of prose", 1, id="a row among lines that are none"),
    ],
)
def test_a_cell_whose_lines_may_be_rows_is_sent_and_warned_of(dry, cell, lines):
    done, bodies = dry(rows_of(20, {10: f'q-10,p10@example.com,"{cell}"'}))
    assert (len(bodies), bodies[9]["name"]) == (20, cell)
    assert f"people.csv:11: a cell holds {lines} lines that look like rows: look for a stray quote" in said(done)


def test_a_cell_of_several_lines_is_sent_without_a_word(dry):
    done, bodies = dry(rows_of(20, {10: 'q-10,p10@example.com,"two\nlines, and no more"'}))
    assert len(bodies) == 20
    assert "rows" not in said(done).replace("records", "")


def test_an_unreadable_row_keeps_its_text_for_the_quarantine(tmp_path):
    from custify_connector.host.rows import open_table  # noqa: PLC0415

    path = tmp_path / "p.csv"
    path.write_bytes(b'a,b\n1,2,3\n"x\n1,\xff\n')
    with open_table(str(path)) as table:
        assert [row.text for row in table.rows] == ["1,2,3", '"x', r"1,\xff"]


# ----------------------------------------------------------------------------------------------- columns as they stand


@pytest.mark.parametrize(
    ("content", "column"),
    [
        (",user_id,email\n0,u-1,a@b.c\n", "user_id"),
        ("user_id,email,,\nu-1,a@b.c,,\n", "user_id"),
        ("user_id,Notes,Notes\nu-1,a,b\n", "user_id"),
        ("First\u00a0Name,x\nu-1,a\n", "First Name"),
        ("First Name,x\nu-1,a\n", "First\u00a0Name"),
        ('"First\nName",x\nu-1,a\n', "First Name"),
        ("\u200fשם,x\nu-1,a\n", "שם"),
        ("👩\u200d💻,x\nu-1,a\n", "👩\u200d💻"),
        ("\ufeff\ufeffid,x\nu-1,a\n", "id"),
        ("Rev. 2026,x\nu-1,a\n", "Rev. 2026"),
        ("c.id,x\nu-1,a\n", "c.id"),
    ],
)
def test_a_column_is_found_by_the_name_that_a_reader_sees(dry, content, column):
    done, bodies = dry(content, "--map", f"user_id={column}")
    assert bodies == [{"user_id": "u-1"}], done.output


def test_rows_of_empty_cells_are_left_out_and_counted_and_totals_on_request(dry):
    done, bodies = dry(PEOPLE + ",,\n , ,\nTotal,2,\n", "--footer-rows", "1")
    assert bodies == BODIES
    assert "2 rows of empty cells were left out" in said(done)
    assert done.exit_code == 0


@pytest.mark.parametrize(
    "first", ["Total", "Grand Totals (3 records)", "TOTAL:", "Summe", "Gesamt", "Subtotal", "Total général", "Sum (2)"]
)
def test_a_row_of_totals_is_no_record_unless_that_is_said(dry, first):
    content = PEOPLE + f'"{first}",,2\n'
    done, bodies = dry(content)
    assert (bodies, done.exit_code) == (BODIES, 1)
    assert f"begins with '{first}', as a row of totals does: leave out the last rows with --footer-rows 1" in said(done)
    assert dry(content, "--footer-rows", "1")[1] == BODIES
    assert len(dry(content, "--keep-totals")[1]) == 3


@pytest.mark.parametrize("first", ["Totalenergies", "u-total", "Total Health Inc", "Summer", "Sumatra"])
def test_a_name_that_begins_like_totals_is_a_record(dry, first):
    assert len(dry(PEOPLE + f"{first},,2\n")[1]) == 3


@pytest.mark.parametrize("form", ["json", "csv", "parquet"])
def test_a_column_that_is_not_there_is_said(dry, form, tmp_path):
    rows = {"json": '{"id":"u-1","FullName":"Ann"}\n' * 3, "csv": "id,FullName\nu-1,Ann\n", "parquet": None}
    if form == "parquet":
        duckdb.sql(f"COPY (SELECT 'u-1' AS id, 'Ann' AS FullName) TO '{tmp_path / 'p.parquet'}'")
    done, _ = dry(rows[form], "--map", "user_id=id", "--map", "name=Fullname", name=f"p.{form}")
    assert "'Fullname'; did you mean 'FullName'?" in said(done)


@pytest.mark.parametrize("rules", [(), ("--map", "user_id=id", "--map", "name=FullName")])
def test_where_the_first_row_names_no_column_the_option_for_another_is_named(dry, rules):
    done, bodies = dry("Report of today\n\nid,FullName\nu-1,Ann\n", *rules)
    assert (bodies, done.exit_code) == ([], 2)
    assert "people.csv:1: " in said(done)
    assert "or, where another row names the columns, say which: --header-row N" in said(done)


def test_a_row_of_which_one_column_is_found_names_the_columns(dry):
    done, _ = dry("id,FullName\nu-1,Ann\n", "--map", "user_id=id", "--map", "name=Name")
    assert "there is no column 'Name'" in said(done)
    assert "--header-row" not in said(done)


def test_what_only_with_leaves_out_is_counted_and_its_column_must_be_there(dry):
    done, bodies = dry('{"user_id":"u-1","c":{"email":"x"}}\n{"user_id":"u-2"}\n', "--only-with", "c.email",
                       "--map", "user_id=user_id", name="p.jsonl")  # fmt: skip
    assert bodies == [{"user_id": "u-1"}]
    assert "--only-with c.email: 1 rows were left out" in said(done)
    done, _ = dry('{"user_id":"u-1","email":"a@b.c"}\n', "--only-with", "Email", name="p.jsonl")
    assert "'Email'; did you mean 'email'?" in said(done)


def test_unused_columns_are_one_line(dry):
    names = [f"c{at}" for at in range(300)]
    done, _ = dry(f"user_id,{','.join(names)}\nu-1{',' * 300}\n", "--map", "user_id=user_id")
    assert "c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and 290 more (-v lists all)" in said(done)


def test_keys_that_rows_share_are_warned_of_and_markers_mean_nothing(dry):
    content = "user_id,email\nNULL,a@b.c\nNULL,d@e.f\nu-3,N/A\n"
    done, bodies = dry(content)
    assert bodies == [{"user_id": "u-3", "email": "N/A"}] or len(bodies) < 2
    assert "user_id='NULL' (2 rows)" in said(done)
    assert "user_id: is 'NULL', which stands for nothing in most files: leave it out (--null-marker NULL)" in said(done)
    assert len(dry("user_id\nNULL\nNULL\n", "--any-ids")[1]) == 2
    done, bodies = dry(content, "--null-marker", "NULL", "--null-marker", "N/A")
    assert bodies == [{"email": "a@b.c"}, {"email": "d@e.f"}, {"user_id": "u-3"}]
    assert "NULL" not in said(done)


# ------------------------------------------------------------------------------------------------------ cells and types


def test_a_cell_takes_the_type_that_its_field_has(dry):
    done, bodies = dry("user_id,session_count,unsubscribed_from_calls\nu-1,42,TRUE\nu-2,14.0,false\n")
    assert [(b["session_count"], b["unsubscribed_from_calls"]) for b in bodies] == [(42, True), (14, False)], (
        done.output
    )
    done, _ = dry("user_id,session_count\nu-1,12x\n")
    assert "session_count: must be integer or null, not text (it is '12x')" in said(done)


def test_declared_notations_are_read(dry):
    content = "id;Seit;Sitze;Preis;Ja\n007;31.12.2026;1.200;1.234,50;ja\n"
    done, bodies = dry(
        content, "--decimal", ",", "--thousands", ".", "--date-format", "%d.%m.%Y", "--yes-word", "ja",
        "--no-word", "nein", "--map", "user_id=id", "--map", "signed_up_at=Seit", "--map", "session_count=Sitze",
        "--map", "custom_attributes.price:number=Preis", "--map", "unsubscribed_from_calls=Ja",
        "--map", "custom_attributes.since:date=Seit",
    )  # fmt: skip
    assert bodies == [
        {
            "user_id": "007", "signed_up_at": "2026-12-31", "session_count": 1200, "unsubscribed_from_calls": True,
            "custom_attributes": {"price": 1234.5, "since": "2026-12-31"},
        }
    ], done.output  # fmt: skip


@pytest.mark.parametrize(("cell", "day"), [("46022", "2025-12-31"), ("46022.5", "2025-12-31T12:00:00")])
def test_serial_days_of_excel_are_dates_where_they_are_declared(dry, cell, day):
    done, bodies = dry(f"user_id,signed_up_at\nu-1,{cell}\n", "--date-format", "excel")
    assert bodies == [{"user_id": "u-1", "signed_up_at": day}], done.output


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('{"user_id":"u","custom_attributes":{"n":12345678901234567890123}}', "more than 64 bits"),
        ('{"user_id":"u","custom_attributes":{"n":0.1234567890123456789}}', "more digits than a JSON number keeps"),
        ('{"user_id":"u","custom_attributes":{"n":1e400}}', "more digits than a JSON number keeps"),
        ('{"user_id":"u","custom_attributes":{"n":9007199254740993}}', "which Custify would round"),
        ('{"user_id":"u","custom_attributes":{"n":NaN}}', "is not valid JSON"),
        ('{"user_id":"dk","name":"First","name":"Second"}', "has the field 'name' twice"),
        ('{"user_id":"u "}', "trim it (--trim)"),
        ('{"user_id":1e22}', "may have lost its last digits"),
    ],
)
def test_json_that_would_change_on_the_way_is_refused(dry, text, part):
    done, bodies = dry(text, name="p.jsonl")
    assert (bodies, done.exit_code) == ([], 1), done.output
    assert part in said(done)


@pytest.mark.parametrize(
    ("text", "identifier"),
    [("12345678901234567890123", "12345678901234567890123"), ("12345.0", "12345"), ("1e5", "100000"), ('"u"', "u")],
)
def test_an_identifier_arrives_with_all_its_digits(dry, text, identifier):
    for words in (
        (),
        ("--map", "user_id=user_id"),
        ("--map", "user_id:string=user_id"),
        ("--map", "user_id={user_id}"),
    ):
        _, bodies = dry(f'{{"user_id":{text}}}', *words, name="p.jsonl")
        assert bodies == [{"user_id": identifier}]


def test_a_name_that_an_export_made_a_fraction_is_warned_of(dry):
    done, _ = dry("user_id\n7001.0\n", "--param", "max_deletes=5", endpoint="delete_person")
    assert "user_id: 1 of its values end in .0" in said(done)
    assert dry("id\n7001.0\n", "--map", "user_id:integer=id")[1] == [{"user_id": "7001"}]


def test_an_empty_array_is_no_row(dry):
    done, bodies = dry("[]\n", name="p.json")
    assert (bodies, done.exit_code) == ([], 0)


def test_white_space_is_trimmed_on_request(dry):
    done, bodies = dry('user_id, email, name\nu-1, a@b.c, "c, d"\n', "--trim")
    assert bodies == [{"user_id": "u-1", "email": "a@b.c", "name": "c, d"}], done.output
    done, _ = dry("user_id\nd-2\u00a0\n", "--param", "max_deletes=5", endpoint="delete_person")
    assert done.exit_code == 1
    assert "--trim" in said(done)


# -------------------------------------------------------------------------------------------------- Parquet and DuckDB


def test_the_name_of_a_parquet_file_is_no_pattern_and_its_folder_no_column(dry, tmp_path):
    for name, value in (("people1", "WRONG"), ("people[1]", "right"), ("a*b?", "right"), ("aXbY", "WRONG")):
        duckdb.sql(f"COPY (SELECT '{value}' AS user_id) TO '{tmp_path / 'x.parquet'}'")
        (tmp_path / "x.parquet").rename(tmp_path / f"{name}.parquet")
    for name in ("people[1]", "a*b?"):
        assert dry(None, name=f"{name}.parquet")[1] == [{"user_id": "right"}]
    (tmp_path / "name=DE").mkdir()
    duckdb.sql(f"COPY (SELECT 'u' AS user_id, 'Germany' AS name) TO '{tmp_path / 'y.parquet'}'")
    (tmp_path / "y.parquet").rename(tmp_path / "name=DE/part.parquet")
    assert dry(None, name="name=DE/part.parquet")[1] == [{"user_id": "u", "name": "Germany"}]


def test_a_column_that_no_rule_uses_is_not_converted(dry, tmp_path):
    duckdb.sql(
        "COPY (SELECT 7001.0 AS id, 'x'::BLOB AS text, '\\xFF'::BLOB AS photo, 'NaN'::DOUBLE AS score)"
        f" TO '{tmp_path / 'p.parquet'}'"
    )
    done, bodies = dry(None, "--map", "user_id=id", "--map", "name=text", name="p.parquet")
    assert bodies == [{"user_id": "7001", "name": "x"}], done.output
    done, bodies = dry(None, "--map", "user_id=id", "--map", "name=photo", name="p.parquet")
    assert bodies == []
    assert "has a value in 'photo' that JSON cannot represent: it is binary data" in said(done)


@pytest.mark.parametrize("name", ["p.parquet", "p.csv"])
def test_a_query_reads_a_parquet_or_csv_file_as_the_table_of_its_name(dry, tmp_path, name):
    if name == "p.csv":
        (tmp_path / name).write_text("id,n\n007,Ana\n")
    else:
        duckdb.sql(f"COPY (SELECT '007' AS id, 'Ana' AS n) TO '{tmp_path / name}'")
    done, bodies = dry(None, "--query", "SELECT id AS user_id, n AS name FROM p; -- all", name=name)
    assert bodies == [{"user_id": "007", "name": "Ana"}], done.output


def test_a_query_reads_no_other_file_and_gives_no_name_twice(dry, tmp_path):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with duckdb.connect(str(tmp_path / "x.duckdb")) as made:
        made.execute("CREATE SCHEMA s; CREATE TABLE s.people AS SELECT 'u' AS user_id, 'Ana' AS name")
        made.execute(f"CREATE VIEW v AS FROM read_csv('{tmp_path / 'secret.csv'}')")
    for words in (("--query", "FROM v"), ("--query", "FROM 'secret.csv'"), ("--table", "v")):
        done, _ = dry(None, *words, name="x.duckdb")
        assert done.exit_code == 2
        assert "can read nothing but the file that is named" in said(done)
    done, bodies = dry(None, "--table", "s.people", name="x.duckdb")
    assert bodies == [{"user_id": "u", "name": "Ana"}], done.output
    twice = "SELECT p.user_id, p.name, q.name FROM s.people p, s.people q"
    done, _ = dry(None, "--query", twice, name="x.duckdb")
    assert "has the name 'name' a second time" in said(done)
    _, bodies = dry(None, "--query", twice, "--map", "user_id=user_id", name="x.duckdb")
    assert bodies == [{"user_id": "u"}]


def test_a_bad_cell_of_a_database_costs_its_own_row(dry, tmp_path):
    with duckdb.connect(str(tmp_path / "x.duckdb")) as made:
        made.execute("CREATE TABLE j AS SELECT * FROM (VALUES (1, '{\"a\": 1}'::JSON), (2, '{\"x\": NaN}'::JSON), "
                     "(3, '{\"a\": 3}'::JSON)) t(n, doc)")  # fmt: skip
    query = "SELECT 'u' AS user_id, 'n' || n AS name, '2026-01-31' AS created_at, doc AS metadata FROM j ORDER BY n"
    done, bodies = dry(None, "--query", query, name="x.duckdb", endpoint="create_event")
    assert [body["name"] for body in bodies] == ["n1", "n3"], done.output
    assert "line 2: rejected" in said(done)


def test_a_named_pipe_is_read_to_its_end(dry, tmp_path):
    import os  # noqa: PLC0415
    import threading  # noqa: PLC0415

    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=lambda: (tmp_path / "pipe").write_text(PEOPLE))
    writer.start()
    assert dry(None, name="pipe")[1] == BODIES
    writer.join()


# ------------------------------------------------------------------------------------------------------------- reports


def cells(path, encoding="utf-8-sig", delimiter=","):
    with path.open(encoding=encoding, newline="") as stream:
        return list(csv.reader(stream, delimiter=delimiter))


def test_receipts_are_a_table_where_their_name_says_so(dry, tmp_path):
    dry("user_id,name\nu-1,Ö\n,x\n", "--receipts", "r.csv")
    assert (tmp_path / "r.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    heading, *rows = cells(tmp_path / "r.csv")
    assert heading == ["line", "outcome", "reason", "field", "key.user_id", "code", "status", "index", "response"]
    assert [row[:2] for row in rows] == [["2", "planned"], ["3", "rejected"]]
    assert json.loads(rows[0][-1])["body"] == {"user_id": "u-1", "name": "Ö"}


@pytest.mark.parametrize("name", ["r.xlsx", "r.parquet", "r.csv.zst", "r.duckdb"])
def test_receipts_of_a_form_that_is_no_text_are_refused_before_the_first_row(dry, name):
    done, bodies = dry(PEOPLE, "--receipts", name)
    assert (bodies, done.exit_code) == ([], 2)
    assert "end it in .csv, .tsv, .json or .jsonl" in said(done)


REJECTED = 'user_id,email,size,note\nu-1,a@example.com,1,"a, ""b""\nc"\nu-2,b@example.com,2x,ü\nu-3,c@example.com,3x,\n'
SIZE = ("--map", "user_id=user_id", "--map", "email=email", "--map", "session_count=size", "--map", "name=note")


def test_rejected_rows_are_a_csv_that_the_same_command_takes_once_it_is_corrected(dry, tmp_path):
    done, bodies = dry(REJECTED, *SIZE, "--rejected-rows", "rejected.csv")
    assert len(bodies) == 1
    assert "2 rows in rejected.csv: correct them there, then write that file:" in said(done)
    path = tmp_path / "rejected.csv"
    heading, *rows = cells(path)
    assert heading == ["rejected: line", "rejected: reason", "rejected: text", "user_id", "email", "size", "note"]
    assert [(row[0], row[3:]) for row in rows] == [
        ("4", ["u-2", "b@example.com", "2x", "ü"]), ("5", ["u-3", "c@example.com", "3x", ""])
    ]  # fmt: skip
    assert "it is '2x'" in rows[0][1]
    path.write_text(path.read_text("utf-8").replace("2x,ü", "2,ü"), "utf-8")
    done, bodies = dry(None, *SIZE, "--rejected-rows", "rejected-again.csv", name="rejected.csv")
    assert bodies == [{"user_id": "u-2", "email": "b@example.com", "session_count": 2, "name": "ü"}], done.output
    assert [row[3] for row in cells(tmp_path / "rejected-again.csv")[1:]] == ["u-3"]


def test_the_columns_of_a_report_are_no_fields_of_a_record(dry, tmp_path):
    dry("user_id,session_count\nu-1,x\n", "--rejected-rows", "rejected.csv")
    path = tmp_path / "rejected.csv"
    path.write_text(path.read_text("utf-8").replace("u-1,x", "u-1,1"), "utf-8")
    done, bodies = dry(None, name="rejected.csv")
    assert bodies == [{"user_id": "u-1", "session_count": 1}]
    assert done.stderr == "upsert_person: 1 records: 1 planned\n"


def test_a_row_that_could_not_be_read_is_its_text_until_its_values_are_in_their_columns(dry, tmp_path):
    rules = ("--map", "user_id=user_id", "--map", "name==n")
    dry('user_id,name\nu-1,a,b\nu-2,"open\n', *rules, "--rejected-rows", "rejected.csv")
    path = tmp_path / "rejected.csv"
    assert [row[2:] for row in cells(path)[1:]] == [["u-1,a,b", "", ""], ['u-2,"open', "", ""]]
    done, bodies = dry(None, *rules, name="rejected.csv")
    assert (bodies, done.exit_code) == ([], 1)
    assert "is still the text that could not be read: put its values into their columns" in said(done)
    path.write_text(path.read_text("utf-8").replace('"u-1,a,b",,', '"u-1,a,b",u-1,"a,b"'), "utf-8")
    assert dry(None, *rules, name="rejected.csv")[1] == [{"user_id": "u-1", "name": "n"}]


@pytest.mark.parametrize(
    ("words", "content"),
    [
        pytest.param((), REJECTED.replace(",", ";"), id="found delimiter"),
        pytest.param(("--delimiter", "~"), REJECTED.replace(",", "~"), id="said delimiter"),
        pytest.param(("--encoding", "windows-1252"), REJECTED.encode("windows-1252"), id="Windows-1252"),
        pytest.param(("--encoding", "utf-16"), REJECTED.encode("utf-16"), id="UTF-16"),
        pytest.param(("--header-row", "3"), "Report\n\n" + REJECTED, id="lines above"),
        pytest.param(("--footer-rows", "2"), REJECTED + "Total,,,\n,,,of 3\n", id="lines below"),
        pytest.param(("--trim", "--null-marker", "NULL"), REJECTED.replace("u-2", " u-2 "), id="trimmed"),
    ],
)
def test_rejected_rows_are_read_by_the_options_of_the_file_that_they_come_from(dry, tmp_path, words, content):
    first, _ = dry(content, *SIZE, *words, "--rejected-rows", "rejected.csv")
    again, bodies = dry(None, *SIZE, *words, "--rejected-rows", "again.csv", name="rejected.csv")
    assert (bodies, again.exit_code, first.exit_code) == ([], 1, 1), again.output
    encoding = words[1] if "--encoding" in words else "utf-8-sig"
    one, other = ((tmp_path / name).read_text(encoding) for name in ("rejected.csv", "again.csv"))
    assert re.sub("(?m)^[0-9]+", "", one) == re.sub("(?m)^[0-9]+", "", other)
    assert "2 rejected" in said(again)


def test_rejected_rows_of_what_is_no_csv_are_left_to_the_quarantine(dry):
    done, bodies = dry('{"user_id": "u-1"}\n', "--rejected-rows", "rejected.csv", name="p.jsonl")
    assert (bodies, done.exit_code) == ([], 2)
    assert "use --quarantine, then custify replay" in said(done)
    done, _ = dry(PEOPLE, "--rejected-rows", "people.csv")
    assert "--rejected-rows: is the same file as FILE" in said(done)


def test_faults_of_conversion_and_of_the_schema_are_said_together(dry):
    rules = ("user_id=id", "custom_attributes.price:number=price", "session_count=size", "signed_up_at=since")
    done, bodies = dry(
        "id,price,size,since\nu-1,12x,7x,gone\n", *(word for rule in rules for word in ("--map", rule)),
        "--receipts", "r.jsonl",
    )  # fmt: skip
    assert bodies == []
    for part in (
        "price is '12x', which is not a number",
        "session_count: must be integer",
        "signed_up_at: is not a date",
    ):
        assert part in said(done)


# -------------------------------------------------------------------------------------------------- quarantined rows


NOTED = "id;since;count;price;calls;note\n007;31.12.2026;1.200;1.234,50;ja; x \nu-2;1.2.2026;{};7;nein;NULL\n"
NUMBERS = ("--decimal", ",", "--thousands", ".", "--yes-word", "ja", "--no-word", "nein")
RULES = (
    "user_id=id", "signed_up_at=since", "session_count:integer=count", "custom_attributes.price:number=price",
    "unsubscribed_from_calls=calls", "name=note",
)  # fmt: skip
RULED = ("--date-format", "%d.%m.%Y", "--trim", "--null-marker", "NULL", *(f"--map={rule}" for rule in RULES))
NAMED = "user_id;session_count;unsubscribed_from_calls;custom_attributes.size;signed_up_at\nu-1;{};ja;7;2026-03-04\n"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(NOTED, RULED, id="rules"),
        pytest.param(NAMED, ("--date-format", "%Y-%d-%m"), id="names of fields"),
    ],
)
def test_a_corrected_row_is_replayed_as_the_first_run_would_have_sent_it(dry, tmp_path, content, words):
    _, wanted = dry(content.format("1.000"), *NUMBERS, *words)
    name = "corrected.jsonl"
    dry(content.format("12x"), *NUMBERS, *words, "--quarantine", name)
    path = tmp_path / name
    path.write_text(path.read_text().replace('"12x"', '"1.000"'))
    done = CliRunner().invoke(main, ["replay", name, "--dry-run"])
    assert [json.loads(line)["body"] for line in done.stdout.splitlines()] == wanted[-1:], done.output


def encoded(text, form):
    lines = [json.loads(line) for line in text.splitlines()]
    return {
        "printed": "\n".join(json.dumps(each, indent=2) for each in lines).encode(),
        "array": json.dumps(lines).encode(),
        "printed array": json.dumps(lines, indent=1).encode(),
        "UTF-16": text.encode("utf-16"),
        "mark": text.encode("utf-8-sig"),
        "Windows line ends": text.replace("\n", "\r\n").encode(),
        "old Mac line ends": text.replace("\n", "\r").encode(),
        "no last line end": text.rstrip("\n").encode(),
        "blank lines": text.replace("\n", "\n\n").encode(),
        "packed": gzip.compress(text.encode()),
    }[form]


@pytest.mark.parametrize(
    "form",
    [
        "printed", "array", "printed array", "UTF-16", "mark", "Windows line ends", "old Mac line ends",
        "no last line end", "blank lines", "packed",
    ],
)  # fmt: skip
def test_a_quarantine_is_replayed_however_an_editor_saved_it(dry, tmp_path, form):
    dry("user_id,session_count\nu-ü,x\nu-2,y\n", "--quarantine", "q.jsonl")
    text = (tmp_path / "q.jsonl").read_text().replace('"x"', "1").replace('"y"', "2")
    (tmp_path / "edited.jsonl").write_bytes(encoded(text, form))
    done = CliRunner().invoke(main, ["replay", "edited.jsonl", "--dry-run"])
    found = [json.loads(line)["body"] for line in done.stdout.splitlines()]
    assert found == [{"user_id": "u-ü", "session_count": 1}, {"user_id": "u-2", "session_count": 2}], done.output


# ------------------------------------------------------------------------------------------------------------- plans


DECLARED = {
    "delimiter": ("~", "user_id~name\nu-1~Ü\n"),
    "encoding": ("windows-1252", "user_id,name\nu-1,Ü\n".encode("windows-1252")),
    "header_row": (2, "Report\nuser_id,name\nu-1,Ü\n"),
    "footer_rows": (1, "user_id,name\nu-1,Ü\nTotal,1\n"),
    "null_markers": (["NULL"], "user_id,name,email\nu-1,Ü,NULL\n"),
    "trim": (True, "user_id,name\n u-1 ,Ü \n"),
    "input_format": ("csv", "user_id,name\nu-1,Ü\n"),
}
READ = {
    "decimal": (",", "user_id;session_count\nu-1;7,0\n", 7),
    "thousands": (".", "user_id;session_count\nu-1;1.200\n", 1200),
    "date_format": ("%d.%m.%Y", "user_id;signed_up_at\nu-1;31.12.2026\n", "2026-12-31"),
    "yes": (["ja"], "user_id;unsubscribed_from_calls\nu-1;ja\n", True),
    "no": (["nein"], "user_id;unsubscribed_from_calls\nu-1;nein\n", False),
}


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Return a function that loads one file by a plan with these words, and shows the bodies."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUSTIFY_API_KEY", "made-up")

    def load(content, **words):
        name = words.pop("name", "p.csv")
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        plan = {"writes": [{"endpoint": "upsert_person", "file": name, **words}]}
        (tmp_path / "plan.yaml").write_text(json.dumps(plan))
        done = CliRunner().invoke(main, ["load", "plan.yaml", "--dry-run"])
        return done, [json.loads(line)["body"] for line in done.stdout.splitlines()]

    return load


@pytest.mark.parametrize("word", DECLARED)
def test_each_form_of_a_file_can_be_declared_in_a_plan(load, word):
    value, content = DECLARED[word]
    name = "p.dat" if word == "input_format" else "p.csv"
    assert load(content, name=name, **{word: value})[1] == [{"user_id": "u-1", "name": "Ü"}]
    done, bodies = load(content, name=name)
    assert bodies != [{"user_id": "u-1", "name": "Ü"}] or done.exit_code


@pytest.mark.parametrize("word", READ)
def test_each_notation_can_be_declared_in_a_plan(load, word):
    value, content, read = READ[word]
    more = {"decimal": ","} if word == "thousands" else {"yes": ["ja"], "no": ["nein"]} if word in {"yes", "no"} else {}
    (body,) = load(content, **{**more, word: value})[1]
    assert list(body.values()) == ["u-1", read]


def test_rows_of_totals_a_sheet_a_table_and_a_query_can_be_declared_in_a_plan(load, tmp_path):
    assert len(load("user_id,name\nTotal,1\n", keep_totals=True)[1]) == 1
    book = openpyxl.Workbook()
    book.active.append(["x"])
    book.create_sheet("People").append(["user_id"])
    book["People"].append(["u-1"])
    book.save(tmp_path / "saved.xlsx")
    assert load((tmp_path / "saved.xlsx").read_bytes(), name="p.xlsx", sheet="People")[1] == [{"user_id": "u-1"}]
    with duckdb.connect(str(tmp_path / "saved.duckdb")) as made:
        made.execute("CREATE TABLE t AS SELECT 'u-1' AS user_id")
    content = (tmp_path / "saved.duckdb").read_bytes()
    for words in ({"table": "t"}, {"query": "FROM t"}):
        assert load(content, name="p.duckdb", **words)[1] == [{"user_id": "u-1"}]


@pytest.mark.parametrize(("word", "value"), [("delimiter", ""), ("decimal", ",,"), ("header_row", 0), ("trim", "yes")])
def test_a_declaration_that_cannot_be_is_refused_with_its_place(load, word, value):
    done, bodies = load(PEOPLE, **{word: value})
    assert (bodies, done.exit_code) == ([], 2)
    assert f"writes[0].{word}" in done.stderr


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_json_of_another_encoding_with_nul_in_it_is_refused_row_by_row(dry, encoding):
    done, bodies = dry('{"user_id": "u\0"}\n{"user_id": "u-2"}\n'.encode(encoding), name="p.jsonl")
    assert done.exit_code == 1
    assert bodies == ([{"user_id": "u-2"}] if encoding == "utf-16" else [])
    where = "line 1: rejected" if encoding == "utf-16" else "Expecting value at column 1 (lines 1, 2, 3)"
    assert where in said(done)

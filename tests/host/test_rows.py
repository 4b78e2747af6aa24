import csv
import io
import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.rows import Row, open_table

_NOT_UTF8 = "has text in 'b' that is not UTF-8: save the file as UTF-8, or say its encoding"


@pytest.fixture
def read(tmp_path):
    """Return a function that writes a file and reads it: its columns, and all its rows."""

    def read(content, name="in.csv", form=None):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        with open_table(str(path), form) as table:
            return table.columns, list(table.rows)

    return read


def refused(read, content, name="in.csv"):
    with pytest.raises(ConfigurationError) as caught:
        read(content, name)
    return [fault.reason for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        pytest.param('{"a": 1}\n{"a": 2}\n', [Row(1, {"a": 1}), Row(2, {"a": 2})], id="lines"),
        pytest.param('{"a": 1}', [Row(1, {"a": 1})], id="no last line end"),
        pytest.param('{"a": 1}\r\n', [Row(1, {"a": 1})], id="Windows line end"),
        pytest.param('\n{"a": 1}\n\n  \n{"a": 2}\n', [Row(2, {"a": 1}), Row(5, {"a": 2})], id="empty lines"),
        pytest.param('\ufeff{"a": 1}\n', [Row(1, {"a": 1})], id="byte order mark"),
        pytest.param("", [], id="empty"),
        pytest.param("{}\n", [Row(1, {})], id="empty object"),
        pytest.param("[1]\n3\nnull\n", [Row(line, {}, "is not a JSON object") for line in (1, 2, 3)], id="no objects"),
    ],
)
def test_json_lines_are_rows_with_their_lines(read, content, rows):
    assert read(content, "in.jsonl") == (None, rows)


@pytest.mark.parametrize("line", [b'{"a": }', b"{'a': 1}", b'{"a": 1} x', b'{"a": "\xff"}', b'{"a": NaN}', b"{"])
def test_a_line_that_is_no_json_is_a_row_with_its_reason_and_the_others_are_read(read, line):
    _, rows = read(b'{"a": 1}\n' + line + b'\n{"a": 2}\n', "in.jsonl")
    assert [(row.line, row.fields) for row in rows] == [(1, {"a": 1}), (2, {}), (3, {"a": 2})]
    assert rows[1].fault.startswith("is not valid JSON: ")
    assert " at column " in rows[1].fault


@pytest.mark.parametrize(
    ("content", "columns", "rows"),
    [
        pytest.param("a,b\n1,2\n3,4\n", ("a", "b"), [(2, "1", "2"), (3, "3", "4")], id="rows"),
        pytest.param("a,b\r\n1,2\r\n", ("a", "b"), [(2, "1", "2")], id="Windows line ends"),
        pytest.param("a,b\n1,2", ("a", "b"), [(2, "1", "2")], id="no last line end"),
        pytest.param('a,b\n"1\n2","3,4"\n5,6\n', ("a", "b"), [(2, "1\n2", "3,4"), (4, "5", "6")], id="in quotes"),
        pytest.param('a,b\n"say ""hi""",\n', ("a", "b"), [(2, 'say "hi"', "")], id="quotes in quotes"),
        pytest.param("a,b\n\n1,2\n\n", ("a", "b"), [(3, "1", "2")], id="empty lines"),
        pytest.param(" a , b\n 1 ,2\n", ("a", "b"), [(2, " 1 ", "2")], id="blanks around names"),
        pytest.param("\ufeffa,b\n1,2\n", ("a", "b"), [(2, "1", "2")], id="byte order mark"),
        pytest.param('\ufeff"a","b"\n1,2\n', ("a", "b"), [(2, "1", "2")], id="byte order mark and quotes"),
        pytest.param('\ufeff"a,x",b\n1,2\n', ("a,x", "b"), [(2, "1", "2")], id="byte order mark, quotes and comma"),
        pytest.param("Größe,b\n1,é\n", ("Größe", "b"), [(2, "1", "é")], id="other letters"),
        pytest.param("a,b\n", ("a", "b"), [], id="heading alone"),
    ],
)
def test_a_csv_has_columns_and_rows_of_text_with_their_lines(read, content, columns, rows):
    expected = [Row(line, dict(zip(columns, values, strict=True))) for line, *values in rows]
    assert read(content) == (columns, expected)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"1", "has 1 values for 2 columns: look for a missing or stray comma"),
        (b"1,2,3", "has 3 values for 2 columns: look for a missing or stray comma"),
        (b"1,caf\xe9", f"{_NOT_UTF8}, which looks like --encoding windows-1252"),
        (b"1,a\x00b", f"{_NOT_UTF8} with --encoding"),
        (b'"1"x,2', "is not valid CSV: ',' expected after '\"'"),
    ],
)
def test_a_row_that_cannot_be_read_has_its_reason_and_the_others_are_read(read, line, reason):
    _, rows = read(b"a,b\n1,2\n" + line + b"\n3,4\n")
    assert rows == [Row(2, {"a": "1", "b": "2"}), Row(3, {}, reason), Row(4, {"a": "3", "b": "4"})]


def test_a_quote_that_is_never_closed_costs_its_own_row_alone(read):
    _, rows = read('a,b\n1,2\n"3,4\n5,6\n')
    assert [(row.line, row.fields.get("a"), row.text) for row in rows] == [
        (2, "1", None),
        (3, None, '"3,4'),
        (4, "5", None),
    ]
    assert rows[1].fault.startswith("has a quote that is not closed: it would take in the lines up to 4")


def test_a_value_over_the_bound_is_a_fault_of_its_row(read):
    before = csv.field_size_limit(10)
    try:
        _, rows = read(f"a,b\n{'x' * 11},2\n3,4\n")
    finally:
        csv.field_size_limit(before)
    assert rows[0].fault == "is not valid CSV: field larger than field limit (10)"
    assert rows[1].fields == {"a": "3", "b": "4"}
    assert before == 16_000_000


@pytest.mark.parametrize(
    ("content", "reasons"),
    [
        pytest.param(b"", ["is empty: the first line must name the columns"], id="empty"),
        pytest.param(b"\n , \n", ["is empty: the first line must name the columns"], id="empty lines"),
        pytest.param(b"a,caf\xe9\n", ["the name of column 2 is not UTF-8 text: save the file as UTF-8"], id="no UTF-8"),
        pytest.param(b"id,a\x00,,a\x00b\n", ["column 2", "column 4"], id="all at once"),
        pytest.param(b'"a,b\n', ["is not valid CSV: unexpected end of data"], id="open quote"),
        pytest.param("a,b\n".encode("utf-16-le"), ["use --encoding utf-16-le"], id="UTF-16 without a byte order mark"),
    ],
)
def test_a_heading_that_cannot_be_used_is_refused_before_the_first_row(read, content, reasons):
    found = refused(read, content)
    assert all(part in reason for part, reason in zip(reasons, found, strict=False))
    assert len(found) >= len(reasons)


def test_a_file_that_cannot_be_opened_is_named(tmp_path):
    for path in (tmp_path / "missing.csv", tmp_path):
        with pytest.raises(ConfigurationError, match="cannot be opened: ") as caught, open_table(str(path)):
            pass
        assert caught.value.faults[0].place == str(path)


@pytest.mark.parametrize(
    ("name", "form", "columns"),
    [
        ("in.csv", None, ('{"a": 1}',)),
        ("IN.CSV", None, ('{"a": 1}',)),
        ("in.txt", "csv", ('{"a": 1}',)),
        ("in.csv", "jsonl", None),
        ("in.jsonl", None, None),
        ("in", None, None),
    ],
)
def test_the_form_is_the_one_named_or_that_of_the_suffix(read, name, form, columns):
    assert read('{"a": 1}\n', name, form)[0] == columns


@pytest.mark.parametrize(
    ("form", "columns", "row"), [(None, None, Row(1, {"a": 1})), ("csv", ('{"a": 1}',), Row(2, {'{"a": 1}': "x"}))]
)
def test_standard_input_is_read_as_lines_unless_said_otherwise(monkeypatch, form, columns, row):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"a": 1}\nx\n')))
    with open_table("-", form) as table:
        assert (table.name, table.columns, next(table.rows)) == ("standard input", columns, row)


def test_rows_are_read_one_at_a_time(tmp_path):
    """A file is not read further than it was asked for: what is added behind is still found."""
    path = tmp_path / "in.jsonl"
    path.write_text('{"a": 1}\n')
    with open_table(str(path)) as table:
        assert next(table.rows).fields == {"a": 1}
        with path.open("a") as more:
            more.write('{"a": 2}\n')
        assert next(table.rows).fields == {"a": 2}


cells = st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"), max_size=5)
names = st.lists(st.text("abcdef", min_size=1), min_size=2, max_size=4, unique=True)


@given(st.data(), names)
def test_whatever_python_writes_as_csv_is_read_back(tmp_path_factory, data, names):
    table = data.draw(st.lists(st.lists(cells, min_size=len(names), max_size=len(names)), max_size=5))
    path = tmp_path_factory.mktemp("rows") / "in.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, quoting=csv.QUOTE_ALL).writerows([names, *table])
    with open_table(str(path)) as opened:
        rows = list(opened.rows)
    assert opened.columns == tuple(names)
    assert [(row.fault, list(row.fields.values())) for row in rows] == [
        (None, values) for values in table if "".join(values).strip()
    ]


@given(st.lists(st.dictionaries(st.text(max_size=3), st.none() | st.booleans() | cells, max_size=3), max_size=5))
def test_whatever_is_written_as_json_lines_is_read_back(tmp_path_factory, records):
    path = tmp_path_factory.mktemp("rows") / "in.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    with open_table(str(path)) as opened:
        assert [row.fields for row in opened.rows] == records


@given(st.binary(max_size=60), st.sampled_from(["csv", "jsonl"]))
def test_whatever_a_file_holds_each_row_is_read_or_has_a_reason(tmp_path_factory, content, form):
    path = tmp_path_factory.mktemp("rows") / "in"
    path.write_bytes(content)
    try:
        with open_table(str(path), form) as opened:
            rows = list(opened.rows)
    except ConfigurationError:
        return
    lines = [row.line for row in rows]
    assert lines == sorted(set(lines))
    assert all(row.fault is None or row.text is None or not row.fields for row in rows)

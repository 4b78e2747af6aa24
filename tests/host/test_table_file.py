"""A table is the same in every form, delimiter, encoding and packing of its file; no more than 64 KB are looked at."""

import csv
import gzip
import io
import json
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custify_connector.checking.json_values import dumps
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.queried_rows import ALL, Choice, open_input
from custify_connector.host.rows import open_table
from custify_connector.host.table_file import LOOKED_AT, FileForm, opened

CELL = st.text(st.characters(codec="windows-1252", exclude_categories=["Cc", "Cf"]), max_size=6)
NAMES = st.lists(st.text("abcdefgh", min_size=1, max_size=5), min_size=2, max_size=4, unique=True)


def tables(width):
    row = st.lists(CELL, min_size=width, max_size=width)
    return st.lists(row.filter(lambda cells: "".join(cells).strip()), max_size=5)


@given(
    data=st.data(),
    names=NAMES,
    form=st.tuples(
        st.sampled_from(",;\t|"),
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "windows-1252"]),
        st.sampled_from(["\n", "\r\n", "\r"]),
        st.booleans(),
    ),
)
def test_a_table_of_text_is_the_same_in_every_form(tmp_path_factory, data, names, form):
    delimiter, encoding, end, packed = form
    cells = data.draw(tables(len(names)))
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows([names, *cells])
    content = text.getvalue().encode(encoding)
    path = tmp_path_factory.mktemp("table") / "in.csv"
    path.write_bytes(gzip.compress(content) if packed else content)
    said = FileForm(delimiter=delimiter, encoding="windows-1252" if encoding == "windows-1252" else None)
    with open_table(str(path), None, said) as table:
        assert table.columns == tuple(names)
        assert [(row.fault, row.fields) for row in table.rows] == [
            (None, dict(zip(names, row, strict=True))) for row in cells
        ]


def as_workbook(path, names, cells):
    book = pytest.importorskip("openpyxl").Workbook()
    for row in [names, *cells]:
        book.active.append(row)
        for cell in book.active[book.active.max_row]:
            cell.data_type = "s"  # or a text that begins with = would be a formula
    book.save(path)


def as_table(path, names, cells):
    columns = ", ".join(f'"{name}" VARCHAR' for name in names)
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"CREATE TABLE rows_ ({columns})")
        for row in cells:
            connection.execute(f"INSERT INTO rows_ VALUES ({', '.join('?' * len(names))})", row)  # noqa: S608 - marks


def as_parquet(path, names, cells):
    as_table(path.with_suffix(".duckdb"), names, cells)
    with duckdb.connect(str(path.with_suffix(".duckdb"))) as connection:
        connection.execute(f"COPY rows_ TO '{path}' (FORMAT parquet)")


def as_lines(path, names, cells):
    path.write_text("".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in cells))


def as_array(path, names, cells):
    path.write_text(json.dumps([dict(zip(names, row, strict=True)) for row in cells], indent=1))


FORMS = {
    "in.xlsx": as_workbook, "in.duckdb": as_table, "in.parquet": as_parquet, "in.jsonl": as_lines, "in.json": as_array
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
@settings(max_examples=5)
@given(data=st.data(), names=NAMES)
def test_a_table_of_text_is_the_same_in_what_is_no_text(tmp_path_factory, name, data, names):
    cells = data.draw(tables(len(names)))
    path = tmp_path_factory.mktemp("table") / name
    FORMS[name](path, names, cells)
    choice = Choice(table="rows_") if name.endswith(".duckdb") else ALL
    with open_input(str(path), choice=choice) as table:
        assert [(row.fault, {key: row.fields[key] or "" for key in names}) for row in table.rows] == [
            (None, dict(zip(names, row, strict=True))) for row in cells
        ]


@given(st.lists(st.lists(st.text("abc 1.-", min_size=1, max_size=5), min_size=3, max_size=3), min_size=1, max_size=5))
def test_the_delimiter_of_a_table_without_other_delimiters_is_found(tmp_path_factory, cells):
    wanted = [row for row in cells if "".join(row).strip()]
    for delimiter in ",;\t|":
        path = tmp_path_factory.mktemp("table") / "in.csv"
        path.write_text("\n".join(delimiter.join(row) for row in [["x", "y", "z"], *wanted]) + "\n")
        with open_table(str(path)) as table:
            assert [list(row.fields.values()) for row in table.rows] == wanted


VALUE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def exact(text):
    """Return a JSON text as Python's own parser has it, with every digit."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


@given(st.lists(st.dictionaries(st.text(max_size=3), VALUE, max_size=3), min_size=1, max_size=4), st.booleans())
def test_a_json_value_is_read_with_every_digit_from_lines_and_from_an_array(tmp_path_factory, records, as_array):
    lines = [dumps(record) for record in records]
    path = tmp_path_factory.mktemp("json") / "in.json"
    path.write_bytes(b"[" + b",\n".join(lines) + b"]" if as_array else b"\n".join(lines))
    with open_table(str(path)) as table:
        read = [row.fields for row in table.rows]
    assert [exact(dumps(fields)) for fields in read] == [exact(line) for line in lines]


def test_no_more_than_64_kb_are_looked_at(tmp_path):
    path = tmp_path / "in.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 100_000)
    with opened(str(path)) as file:
        assert len(file.head) <= LOOKED_AT == 64 * 1024
        assert sum(1 for _ in file.lines()) == 100_001


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_packed_file_that_was_cut_off_is_never_taken_for_whole(tmp_path, cut):
    from custify_connector.contract.errors import ConfigurationError  # noqa: PLC0415

    path = tmp_path / "in.csv.gz"
    content = "".join(f"u-{at},{at * 7919 % 1000}\n" for at in range(5000))
    path.write_bytes(gzip.compress(b"a,b\n" + content.encode())[:-cut])
    with pytest.raises(ConfigurationError, match="damaged"), open_table(str(path)) as table:
        list(table.rows)


@pytest.mark.parametrize("name", ["\0x.csv", "\ud800x.csv"], ids=["NUL", "half a character"])
def test_a_name_that_no_file_has_is_refused(name):
    with pytest.raises(ConfigurationError, match="cannot be opened"), opened(name):
        pass

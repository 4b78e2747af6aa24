"""A table is the same in every form, delimiter, encoding and packing of its file; no more than 64 KB are looked at."""

import csv
import gzip
import io
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.checking.json_values import dumps
from custify_connector.contract.errors import ConfigurationError
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

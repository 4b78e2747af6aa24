"""A file of rejected rows: read again by the options of the file that they come from, it holds the same rows."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract import Receipt
from custify_connector.host.feed import Line
from custify_connector.host.headings import REPORTED
from custify_connector.host.reports import RejectedRows
from custify_connector.host.rows import open_table
from custify_connector.host.table_file import FileForm

NAMES = st.lists(st.text("abcdefgh", min_size=1, max_size=5), min_size=2, max_size=4, unique=True)
CELL = st.text(st.characters(codec="windows-1252", exclude_categories=["Cc", "Cf"]) | st.sampled_from('",;\t|\n '))


@given(
    data=st.data(),
    names=NAMES,
    form=st.tuples(st.sampled_from(",;\t|"), st.sampled_from(["utf-8", "utf-16", "windows-1252"])),
    around=st.tuples(st.integers(1, 3), st.integers(0, 2)),
)
def test_rejected_rows_are_read_again_as_they_stood(tmp_path_factory, data, names, form, around):
    (delimiter, encoding), (header_row, footer_rows) = form, around
    row = st.lists(CELL, min_size=len(names), max_size=len(names)).filter(lambda cells: "".join(cells).strip())
    cells = data.draw(st.lists(row, min_size=1, max_size=4))
    text = io.StringIO(newline="")
    text.write("\n" * (header_row - 1))
    csv.writer(text, delimiter=delimiter).writerows([names, *cells, *[names] * footer_rows])
    folder = tmp_path_factory.mktemp("rows")
    (folder / "in.csv").write_bytes(text.getvalue().encode(encoding))
    said = FileForm(delimiter, encoding, header_row, footer_rows)
    with open_table(str(folder / "in.csv"), None, said) as table:
        before = rejected(table, str(folder / "out.csv"))
    with open_table(str(folder / "out.csv"), None, said) as table:
        assert (table.columns, [row.fields for row in table.rows]) == (tuple(names), before)


def rejected(table, path):
    """Write each row of a table as a rejected one, and return what the rows hold."""
    report, fields = RejectedRows(path, table), []
    for at, row in enumerate(table.rows):
        report.write(Line(row.line, Receipt(at, "rejected", reason="a reason"), row))
        fields.append(row.fields)
    report.finish()
    report.close()
    assert set(REPORTED).isdisjoint(table.columns)
    return fields

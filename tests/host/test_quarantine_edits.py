"""Changes of many quarantined records at once: each changes what it names, and nothing else."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import quarantine_edits, quarantine_index
from custify_connector.host.quarantine import Place, quarantined
from custify_connector.host.quarantine_edits import Edit, edited
from custify_connector.host.quarantine_index import Lines, index_of, named
from custify_connector.host.quarantine_table import Typing, exported
from custify_connector.host.rows import open_table

SCHEMA = {"properties": {"session_count": {"type": "integer"}, "name": {"type": "string"}}}
TYPING = Typing(lambda _name: SCHEMA)


def line(record, reason="is odd", number=7):
    return orjson.dumps(
        quarantined(record, Receipt(0, "rejected", reason=reason), Place("people.csv", number, "upsert_person", 1)),
        option=orjson.OPT_APPEND_NEWLINE,
    )


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "rejected.jsonl"
    path.write_bytes(b"".join(line({"session_count": f"{n}x", "name": "Max"}, number=n) for n in range(4)))
    return path


def records(path):
    return [orjson.loads(text)["rawMessage"] for text in path.read_bytes().splitlines()]


@pytest.mark.parametrize(
    ("record", "edit", "expected"),
    [
        ({"a": "1"}, Edit("set", "a", "2"), {"a": "2"}),
        ({"a": 1}, Edit("set", "a", "2"), {"a": 2}),
        ({}, Edit("set", "a.b", "2"), {"a": {"b": "2"}}),
        ({"a.b": "1", "a": {"b": "3"}}, Edit("set", "a.b", "2"), {"a.b": "2", "a": {"b": "3"}}),
        ({"a": [{"b": "x"}, {"b": "y"}, 5]}, Edit("set", "a[].b", "z"), {"a": [{"b": "z"}, {"b": "z"}, 5]}),
        ({"a": [{"b": "x"}]}, Edit("drop", "a[].b"), {"a": [{}]}),
        ({"a": "a cat"}, Edit("replace", "a", "dog", "cat"), {"a": "a dog"}),
        ({"a": 12}, Edit("replace", "a", "3", "2"), {"a": 13}),
        ({"a": "x"}, Edit("replace", "b", "y", "x"), {"a": "x"}),
        ({"a": "x"}, Edit("drop", "b.c"), {"a": "x"}),
        ({"a": 5}, Edit("drop", "a.b"), {"a": 5}),
    ],
)
def test_an_edit_changes_the_field_that_it_names_and_no_other(record, edit, expected):
    before = orjson.dumps(record)
    assert edited(record, edit) == expected
    assert orjson.dumps(record) == before


@given(st.dictionaries(st.text(), st.text() | st.integers()), st.text(), st.text())
def test_a_field_that_was_set_holds_that_and_dropped_it_is_gone(record, name, value):
    if "." in name or "\\" in name or name.endswith("[]"):
        record[name] = "x"
    now = edited(record, Edit("set", name, value))
    assert str(now[name]) == value or isinstance(record.get(name), int)
    assert edited(now, Edit("drop", name)) == {key: each for key, each in record.items() if key != name}


def test_the_lines_of_a_group_are_edited_and_the_others_stay_byte_for_byte(path):
    before = path.read_bytes().splitlines()
    assert quarantine_edits.apply(path, [1, 2], Edit("replace", "session_count", "", "x"), TYPING) == 2
    after = path.read_bytes().splitlines()
    assert [each["session_count"] for each in records(path)] == ["0x", 1, 2, "3x"]
    assert (after[0], after[3]) == (before[0], before[3])


def test_an_edit_that_says_too_little_changes_nothing(path):
    before = path.read_bytes()
    for edit in (Edit("set", " ", "x"), Edit("replace", "name", "x")):
        with pytest.raises(ConfigurationError):
            quarantine_edits.apply(path, None, edit, TYPING)
    assert path.read_bytes() == before


def table_of(path, tmp_path, change):
    table = tmp_path / "table.csv"
    table.write_bytes(b"".join(exported(lambda: named(path))))
    table.write_text(change(table.read_text("utf-8")), "utf-8")
    return table


def take(path, table):
    with open_table(str(table)) as rows:
        return quarantine_edits.take_table(path, rows, Lines(path, index_of(path)), TYPING)


def test_a_table_that_was_corrected_changes_the_lines_that_it_changed(path, tmp_path):
    table = table_of(path, tmp_path, lambda text: text.replace("2x", "2"))
    assert take(path, table) == (1, [])
    assert [each["session_count"] for each in records(path)] == ["0x", "1x", 2, "3x"]


def test_a_correction_finds_its_line_after_others_have_left(path, tmp_path):
    table = table_of(path, tmp_path, lambda text: text.replace("3x", "3"))
    quarantine_index.rewrite(path, lambda number, _text: b"" if number < 2 else None)
    changed, refused = take(path, table)
    assert (changed, len(refused)) == (1, 2)
    assert [each["session_count"] for each in records(path)] == ["2x", 3]


def test_a_correction_of_a_line_that_was_changed_since_is_refused(path, tmp_path):
    table = table_of(path, tmp_path, lambda text: text.replace("1x", "1").replace("2x", "2"))
    quarantine_edits.apply(path, [1], Edit("set", "name", "Other"), TYPING)
    changed, refused = take(path, table)
    assert changed == 1
    assert "names no line of the quarantine as it is now" in refused[0]
    assert [each["session_count"] for each in records(path)] == ["0x", "1x", 2, "3x"]

"""Quarantined records in a spreadsheet and back: what was not changed there is what it was, type and all."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.contract import Receipt
from custify_connector.host.quarantine import Place, quarantined
from custify_connector.host.quarantine_table import Typing, corrected, exported, is_unchanged
from custify_connector.host.rows import open_table

PLACE = Place("people.csv", 7, "upsert_person", 1)
SCHEMA = {
    "properties": {
        "session_count": {"type": ["integer", "null"]},
        "name": {"type": ["string", "null"]},
        "custom_attributes": {"type": "object"},
    }
}


def line(record, reason="is odd", **place):
    return quarantined(record, Receipt(0, "rejected", reason=reason), replace(PLACE, **place))


def back(tmp_path, lines, change=lambda text: text):
    path = tmp_path / "q.csv"
    text = b"".join(exported(lines.items)).decode()
    path.write_text(change(text), "utf-8", newline="")
    with open_table(str(path)) as table:
        return {each.name: each.fault or each.record for each in corrected(table, lines, Typing(lambda _name: SCHEMA))}


RECORD = {
    "user_id": "007", "session_count": "12x", "name": 'a, "b"\nc',
    "custom_attributes": {"n": 5, "big": 1234567890123456, "Rev. 2026": True, "day": "2026-01-31",
                          "none": None, "l": [1, "2"]},
}  # fmt: skip


def test_a_table_has_a_row_for_each_line_with_its_reason():
    text = b"".join(exported({"3": line(RECORD), "9": line({"email": "x"})}.items)).decode()
    assert text.startswith("\ufeffquarantine: line,quarantine: reason,quarantine: text,user_id,session_count,")
    assert '\n3,is odd,,007,12x,"a, ""b""\nc",5,' in text
    assert text.endswith("\n9,is odd,,,,,,,,,,,x\n")


def test_what_was_not_changed_is_what_it_was(tmp_path):
    lines = {"3": line(RECORD), "9": line({"email": "x"})}
    assert back(tmp_path, lines) == {"3": RECORD, "9": {"email": "x"}}


def test_a_changed_cell_takes_the_type_of_its_field_or_the_one_it_had(tmp_path):
    found = back(tmp_path, {"3": line(RECORD)}, lambda text: text.replace("12x", "12").replace(",5,", ",6,"))
    assert found["3"]["session_count"] == 12
    assert found["3"]["custom_attributes"]["n"] == 6


def test_a_cell_that_was_emptied_is_no_field_any_more(tmp_path):
    found = back(tmp_path, {"3": line(RECORD)}, lambda text: text.replace("12x", ""))
    assert found["3"] == {name: value for name, value in RECORD.items() if name != "session_count"}


def test_what_a_spreadsheet_makes_of_numbers_and_days_is_no_change(tmp_path):
    def saved(text):
        for before, after in (
            ("007", "7"), ("1234567890123456", "1.23457E+15"), ("2026-01-31", "31.01.2026"), ("true", "TRUE"),
        ):  # fmt: skip
            text = text.replace(before, after)
        return text

    assert back(tmp_path, {"3": line(RECORD)}, saved) == {"3": RECORD}


def test_the_text_of_a_row_that_could_not_be_read_is_put_into_columns(tmp_path):
    lines = {"1": line({}, text="u-1;x;y"), "2": line({"user_id": "u-2"})}
    found = back(tmp_path, lines, lambda text: text.replace("u-1;x;y,", "u-1;x;y,u-1"))
    assert found == {"1": {"user_id": "u-1"}, "2": {"user_id": "u-2"}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text.replace("\n3,", "\n4,"), "names no line of the quarantine"),
        (lambda text: text + text.partition("\n")[2], "is there twice"),
        (lambda text: text.replace("\n3,", "\n3,,"), "values for"),
    ],
)
def test_a_row_that_is_of_no_line_is_refused(tmp_path, change, reason):
    faults = [each for each in back(tmp_path, {"3": line({"user_id": "u"})}, change).values() if isinstance(each, str)]
    assert reason in faults[0]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",))),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.\\ ", min_size=1), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(records=st.lists(st.dictionaries(st.text("abc.\\ é", min_size=1), VALUES, max_size=4), max_size=4))
def test_any_records_come_back_as_they_were(tmp_path_factory, records):
    lines = {str(number): line(record) for number, record in enumerate(records)}
    path = tmp_path_factory.mktemp("t") / "q.csv"
    path.write_bytes(b"".join(exported(lines.items)))
    with open_table(str(path)) as table:
        found = {each.name: each.record for each in corrected(table, lines, Typing(lambda _name: {}))}
    assert found == {str(number): record for number, record in enumerate(records)}


@given(number=st.integers(), other=st.integers())
def test_another_number_is_a_change(number, other):
    assert is_unchanged(str(number), str(other)) == (number == other)


@pytest.mark.parametrize(("written", "cell"), [("7", "007"), ("1,50", "1.5"), ("1.5", "1,5"), ("7", "7.0"), ("", "0")])
def test_what_no_spreadsheet_does_on_its_own_is_a_change(written, cell):
    assert not is_unchanged(written, cell)


def test_a_field_named_as_one_of_our_columns_comes_back_and_can_be_corrected(tmp_path):
    record = {"quarantine: line": "mine", "quarantine: text": {"quarantine: reason": 5}}
    lines = {"1-a": line(record)}
    assert back(tmp_path, lines) == {"1-a": record}
    assert back(tmp_path, lines, lambda text: text.replace("mine", "yours")) == {
        "1-a": {**record, "quarantine: line": "yours"}
    }

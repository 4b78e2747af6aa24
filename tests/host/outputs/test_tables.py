"""Records become rows and columns without losing a value, whatever they hold."""

import datetime as dt
import json

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from custify_connector.host.outputs import FileOutput, Stream, target_of
from custify_connector.host.outputs.flattening import MOST_COLUMNS, Columns
from custify_connector.host.outputs.kinds import is_moment, join, kind_of


@pytest.mark.parametrize(
    ("record", "flat"),
    [
        ({"a": {"b": 1, "c": {"d": None}}}, {"a.b": 1, "a.c.d": None}),
        ({"a": {}, "l": [{"x": 1}]}, {"a": {}, "l": [{"x": 1}]}),
        ({"a.b": 1, "a": {"b": 2}}, {"a\\.b": 1, "a.b": 2}),
        ({"a": {"b": {"c": {"d": {"e": 1}}}}}, {"a.b.c.d": {"e": 1}}),
    ],
)
def test_objects_become_dotted_names_that_cannot_be_mistaken(record, flat):
    assert Columns().row(record) == flat


def test_names_differ_by_more_than_capitals():
    assert Columns().row({"plan": 1, "Plan": 2, "PLAN": 3}) == {"plan": 1, "Plan_2": 2, "PLAN_3": 3}


def test_there_are_never_too_many_columns_and_nothing_is_lost():
    columns = Columns()
    row = columns.row({"own": {f"field-{number}": number for number in range(MOST_COLUMNS + 50)}})
    assert len(columns.names) == MOST_COLUMNS + 1
    assert sum(len(value) if isinstance(value, dict) else 1 for value in row.values()) == MOST_COLUMNS + 50


@pytest.mark.parametrize(
    ("record", "flat"),
    [
        ({"top.level": 1}, {"top\\.level": 1}),
        ({"a.b": {"c": 1, "d": 2}}, {"a\\.b": {"c": 1, "d": 2}}),
        ({"a\\": {"b.c": 1}}, {"a\\\\": {"b\\.c": 1}}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b.c": 1}}),
    ],
)
def test_where_there_are_enough_columns_a_dot_within_a_name_parts_nothing(record, flat):
    columns = Columns({f"c{number}": f"c{number}" for number in range(MOST_COLUMNS)})
    assert columns.row(record) == flat


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        (None, "text", "text"), ("integer", "number", "number"), ("integer", "long", "long"),
        ("long", "number", "json"), ("moment", "text", "text"), ("text", "integer", "json"),
        ("boolean", None, "boolean"),
    ],
)  # fmt: skip
def test_a_kind_is_widened_only_as_far_as_no_value_is_lost(one, other, both):
    assert join(one, other) == join(other, one) == both


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (True, "boolean"), (2**53, "integer"), (2**53 + 1, "long"), (2**63, "json"), (1.5, "number"), ("x", "text"),
        ("2026-01-31T09:30:00.123Z", "moment"), ("2026-02-31T09:30:00Z", "text"), ("2026-01-31", "text"), ([], "json"),
    ],
)  # fmt: skip
def test_a_value_has_its_kind(value, kind):
    assert kind_of(value) == kind
    assert is_moment(str(value)) == (kind == "moment")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5) | st.just("2026-01-31T09:30:00.000Z"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2), max_leaves=4,
)  # fmt: skip
records = st.lists(
    st.dictionaries(st.sampled_from(["a", "b", "A", "c.d", 'q"uo', "n"]), values, max_size=4), max_size=4
)


def publish(folder, rows, *, merges=False, key=("id",)):
    path = folder / "t.duckdb"
    output = target_of(str(path), "duckdb", Stream("t", key, {})).open()
    output.write(rows)
    output.finish({"n": len(rows)}, merges=merges)
    with duckdb.connect(str(path), read_only=True) as database:
        found = database.execute("SELECT * FROM t")
        columns = [(column[0], str(column[1])) for column in found.description]
        return columns, [dict(zip((name for name, _ in columns), row, strict=True)) for row in found.fetchall()]


def as_it_was(value, kind):
    if kind == "JSON":
        return json.loads(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.timezone.utc).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
    return value


@given(records)
def test_any_records_come_back_from_a_database_as_they_were(tmp_path_factory, batch):
    batch = [{"id": str(number), **record} for number, record in enumerate(batch)]
    kinds, rows = publish(tmp_path_factory.mktemp("any"), batch)
    back = [{name: as_it_was(row[name], kind) for name, kind in kinds if row[name] is not None} for row in rows]
    names, expected = Columns(), []
    for record in batch:
        row = names.row(record)
        expected.append({name: value for name, value in row.items() if value is not None})
    assert back == expected


def test_what_changed_is_merged_by_key_and_widens_the_columns(tmp_path):
    publish(tmp_path, [{"id": "a", "n": 1, "at": "2026-01-31T09:30:00.000Z"}, {"id": "b", "n": 2}])
    kinds, rows = publish(tmp_path, [{"id": "b", "n": "two", "new": {"x": True}}, {"id": "c", "n": 2.5}], merges=True)
    assert dict(kinds) == {"id": "VARCHAR", "n": "JSON", "at": "TIMESTAMP WITH TIME ZONE", "new.x": "BOOLEAN"}
    assert {row["id"]: (json.loads(row["n"]), row["new.x"]) for row in rows} == {
        "a": (1, None), "b": ("two", True), "c": (2.5, None),
    }  # fmt: skip


def test_a_half_character_is_written_as_its_escape(tmp_path):
    _, rows = publish(tmp_path, [{"id": "a", "name": "half \ud800"}])
    assert rows[0]["name"] == "half \\ud800"


def test_a_staged_file_without_a_record_leaves_nothing(tmp_path):
    FileOutput(tmp_path / "x", part=tmp_path / "x.part").close()
    assert list(tmp_path.iterdir()) == []

"""The class in the form of Databricks' community connectors, driven as their library drives one."""

import importlib.util

import pytest


@pytest.fixture
def source(checkout, custify):
    """Return the example's class for an account without a limit."""
    custify.settings(rate_limit=None)
    found = importlib.util.spec_from_file_location("lakeflow", checkout / "examples" / "spark" / "lakeflow.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.CustifyLakeflowConnect({"api_key": custify.api_key, "base_url": custify.base_url})


def passed(source, table, offset):
    """Read until the offset stays, as the library does; return the records and the last offset."""
    records = []
    while True:
        rows, end = source.read_table(table, offset, {})
        records += rows
        if end is None or end == offset:
            return records, end
        offset = end


def test_every_table_has_a_schema_and_metadata_that_name_its_columns(source):
    for table in source.list_tables():
        schema, metadata = source.get_table_schema(table, {}), source.read_table_metadata(table, {})
        named = [*metadata["primary_keys"], *([metadata["cursor_field"]] if metadata["cursor_field"] else [])]
        assert set(named) <= set(schema.fieldNames()), table
        assert metadata["ingestion_type"] in {"snapshot", "cdc"}


def test_a_table_with_a_cursor_is_read_whole_and_then_what_changed(source, custify):
    records, offset = passed(source, "people", None)
    assert {one["id"] for one in records} == {one["id"] for one in custify.content("people")}
    assert len(records) == len(custify.content("people"))
    again, same = passed(source, "people", offset)
    assert (again, same) == ([], offset), "asked again at once, a pass that has ended stays where it is"


def test_a_table_without_a_cursor_is_a_snapshot(source, custify):
    assert source.read_table_metadata("tags", {})["ingestion_type"] == "snapshot"
    records, offset = passed(source, "tags", None)
    assert {one["id"] for one in records} == {one["id"] for one in custify.content("tags")}
    assert offset is None


def test_an_unknown_table_is_refused_and_a_key_is_shown_nowhere(source, custify):
    with pytest.raises(ValueError, match="there is no table 'peeple'"):
        source.read_table("peeple", None, {})
    assert custify.api_key not in repr(source)

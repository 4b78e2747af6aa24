"""DuckDB takes little memory where little is enough, and reads lines of any length."""

import json

import duckdb
import pytest

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.outputs import Stream, target_of
from custify_connector.host.outputs.duckdb_engine import MEMORY, NotEnoughMemory, connected, with_memory


def test_work_is_repeated_with_more_memory_until_it_is_enough():
    tried = []

    def work(memory):
        tried.append(memory)
        if memory != MEMORY[-1]:
            raise NotEnoughMemory((Fault("duckdb", "out of memory"),))

    with_memory(work)
    assert tried == list(MEMORY)


def test_what_no_memory_is_enough_for_is_reported():
    def work(_memory):
        raise NotEnoughMemory((Fault("duckdb", "out of memory"),))

    with pytest.raises(NotEnoughMemory, match="out of memory"):
        with_memory(work)


def test_duckdb_itself_says_when_memory_is_not_enough(tmp_path):
    query = "CREATE TABLE wide AS SELECT list(range) FROM range(10_000_000)"
    with pytest.raises(NotEnoughMemory), connected(None, tmp_path, memory="2MB") as database:
        database.execute(query)


@pytest.mark.parametrize("form", ["duckdb", "parquet"])
def test_a_line_of_many_megabytes_is_one_row(tmp_path, form):
    part, path = tmp_path / "staged", tmp_path / f"out.{form}"
    long = "x" * 20_000_000
    part.write_text("".join(json.dumps({"id": name, "text": text}) + "\n" for name, text in (("a", long), ("b", ""))))
    publish = target_of(str(path), form, Stream("notes", ("id",))).publish
    publish(part, None, False)  # noqa: FBT003 - by place, as the type says
    rows = f"read_parquet('{path}')" if form == "parquet" else "notes"
    with duckdb.connect(str(path) if form == "duckdb" else ":memory:") as database:
        found = database.execute(f"SELECT id, length(text) FROM {rows} ORDER BY id").fetchall()  # noqa: S608 - a path
    assert found == [("a", len(long)), ("b", 0)]


def test_nothing_of_duckdb_reaches_standard_output(capfd):
    with connected(None) as database:
        database.execute("SET progress_bar_time = 1")
        database.execute("SELECT sum(hash(i)) FROM range(3_000_000) AS numbers(i)")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("text", "reason"), [("nothing like it" * 400, "is not a DuckDB database: name another file")])
def test_what_is_no_database_is_reported_so(tmp_path, text, reason):
    path = tmp_path / "other.duckdb"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match=reason), connected(path):
        pass

import sqlite3

import pytest

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.table_file import opened

SCHEMA = "CREATE TABLE IF NOT EXISTS things (name)"


def test_a_file_is_made_and_opened_again(tmp_path):
    for _ in range(2):
        with opened(tmp_path / "t.sqlite", SCHEMA) as database:
            database.execute("INSERT INTO things VALUES ('a')")
    with opened(tmp_path / "t.sqlite", SCHEMA) as database:
        assert database.execute("SELECT count(*) FROM things").fetchone() == (2,)


def test_a_file_that_another_process_holds_is_told_after_a_wait(tmp_path):
    path = tmp_path / "t.sqlite"
    with opened(path, SCHEMA) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(ConfigurationError, match="is in use by another process"),
            opened(path, SCHEMA, 0.05) as other,
        ):
            other.execute("INSERT INTO things VALUES ('b')")


def test_a_file_that_is_no_table_is_told_and_left_as_it_is(tmp_path):
    path = tmp_path / "t.sqlite"
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(ConfigurationError, match="is damaged: put a copy of it back"), opened(path, SCHEMA):
        pass
    assert path.read_bytes() == b"not a database" * 100


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("database or disk is full", "the disk is full; what it held is unchanged"),
        ("attempt to write a readonly database", "check the permissions"),
        ("odd", "cannot be used: odd"),
    ],
)
def test_every_failure_has_its_words(tmp_path, text, told):
    with pytest.raises(ConfigurationError, match=told), opened(tmp_path / "t.sqlite", SCHEMA):
        raise sqlite3.OperationalError(text)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be written"), opened(tmp_path / "none" / "t", SCHEMA):
        pass

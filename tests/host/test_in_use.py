"""One run at a time for an output, and no trace of the lock afterwards."""

import pytest

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.in_use import held


def test_a_second_run_is_told_to_wait_and_the_first_goes_on(tmp_path):
    folder = tmp_path / "crm.duckdb.part"
    with held(folder, "crm.duckdb"):
        with pytest.raises(ConfigurationError, match=r"crm\.duckdb: another run of custify is writing it"):
            held(folder, "crm.duckdb").__enter__()
        assert folder.is_dir()
    assert not folder.exists()
    with held(folder, "crm.duckdb"):
        pass


def test_what_a_run_left_there_stays(tmp_path):
    folder = tmp_path / "own"
    with held(folder, "out"):
        (folder / "people.jsonl").write_text("{}\n")
    assert (folder / "people.jsonl").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    with pytest.raises(ConfigurationError, match="cannot be written: No such file"):
        held(tmp_path / "gone" / "own", "out").__enter__()


def test_a_lock_that_is_no_lock_is_told(tmp_path):
    (tmp_path / "lock").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        held(tmp_path, "out").__enter__()

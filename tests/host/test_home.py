from pathlib import Path

import platformdirs
import pytest

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import home


def test_the_data_directory_is_the_platforms_unless_another_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("CUSTIFY_HOME", str(tmp_path / "own"))
    assert home.directory() == tmp_path / "own"
    monkeypatch.delenv("CUSTIFY_HOME")
    assert home.directory() == Path(platformdirs.user_data_dir("custify", appauthor=False))


def test_it_is_made_for_its_owner_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("CUSTIFY_HOME", str(tmp_path / "far" / "own"))
    assert home.made("states").is_dir()
    assert (tmp_path / "far" / "own").stat().st_mode & 0o777 == 0o700


def test_one_that_cannot_be_made_is_reported_with_the_way_out(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CUSTIFY_HOME", str(tmp_path / "file"))
    with pytest.raises(ConfigurationError, match=r"cannot be made.*set CUSTIFY_HOME"):
        home.made()

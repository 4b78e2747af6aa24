"""An extra that cannot be used says whether it is missing, or what this machine lacks for it."""

import sys

import pytest

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.outputs.duckdb_engine import duckdb
from custify_connector.host.outputs.postgres_engine import psycopg_module

EXTRAS = {"duckdb": duckdb, "psycopg": psycopg_module}
LOADER = "libstdc++.so.6: cannot open shared object file"


@pytest.mark.parametrize("name", EXTRAS)
def test_an_extra_that_is_not_installed_is_named_with_the_command_that_installs_it(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError, match=r"is not installed: pip install 'custify-connector\["):
        EXTRAS[name]()


@pytest.mark.parametrize("name", EXTRAS)
def test_an_extra_that_this_machine_cannot_load_says_what_is_missing_there(monkeypatch, tmp_path, name):
    (tmp_path / f"{name}.py").write_text(f"raise ImportError({LOADER!r})")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ConfigurationError, match=r"cannot be loaded: libstdc\+\+\.so\.6: cannot open"):
        EXTRAS[name]()

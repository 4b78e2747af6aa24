"""An extra is installed from where the package came from; one that cannot be used says why."""

import json
import sys
from importlib import metadata

import pytest

from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import installation
from custify_connector.host.outputs.duckdb_engine import duckdb
from custify_connector.host.outputs.postgres_engine import psycopg_module

EXTRAS = {"duckdb": duckdb, "psycopg": psycopg_module}
LOADER = "libstdc++.so.6: cannot open shared object file"


@pytest.mark.parametrize("name", EXTRAS)
def test_an_extra_that_is_not_installed_is_named_with_the_command_that_installs_it(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigurationError) as caught:
        EXTRAS[name]()
    extra = {"psycopg": "postgres"}.get(name, name)
    assert f"is not installed: {installation.command_for(extra)}" in str(caught.value)


@pytest.mark.parametrize("name", EXTRAS)
def test_an_extra_that_this_machine_cannot_load_says_what_is_missing_there(monkeypatch, tmp_path, name):
    (tmp_path / f"{name}.py").write_text(f"raise ImportError({LOADER!r})")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(ConfigurationError, match=r"cannot be loaded: libstdc\+\+\.so\.6: cannot open"):
        EXTRAS[name]()


def _from(monkeypatch, origin):
    class Distribution:
        def read_text(self, name):
            return origin if name == "direct_url.json" else None

    monkeypatch.setattr(metadata, "distribution", lambda _: Distribution())


@pytest.mark.parametrize(
    ("origin", "command"),
    [
        (None, "pip install 'custify-connector[duckdb,excel]'"),
        ("not JSON", "pip install 'custify-connector[duckdb,excel]'"),
        (
            json.dumps({"dir_info": {"editable": True}, "url": "file:///srv/our%20code"}),
            "pip install --editable '/srv/our code[duckdb,excel]'",
        ),
        (
            json.dumps({"dir_info": {}, "url": "file:///srv/custify"}),
            "pip install 'custify-connector[duckdb,excel] @ file:///srv/custify'",
        ),
        (
            json.dumps({"vcs_info": {"vcs": "git", "requested_revision": "v1"}, "url": "https://git.example/c.git"}),
            "pip install 'custify-connector[duckdb,excel] @ git+https://git.example/c.git@v1'",
        ),
    ],
    ids=["an index", "a damaged note", "an editable folder", "a folder", "a repository"],
)
def test_an_extra_is_installed_from_where_the_package_came_from(monkeypatch, origin, command):
    _from(monkeypatch, origin)
    assert installation.command_for("excel", "duckdb") == command

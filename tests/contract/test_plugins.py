"""What is installed, by real entry points: a connector that cannot be loaded does not stop the others."""

import logging

import pytest

from custify_connector.contract import NamedConnector, load_installed, plugin_manager
from custify_connector.host import examining

HEAD = "from custify_connector.contract import hookimpl\n\n\n"
ECHO = f"{HEAD}@hookimpl\ndef describe():\n    return {{'name': 'echo'}}\n"
FAULTY = {
    "absent": (
        "import a_library_that_is_not_there\n",
        "ModuleNotFoundError: No module named 'a_library_that",
    ),
    "raising": ("raise RuntimeError('no licence')\n", "RuntimeError: no licence"),
    "misspelt": (f"{HEAD}@hookimpl\ndef read_sauce():\n    pass\n", "PluginValidationError: unknown hook 'read_sauce'"),
    "widened": (
        f"{HEAD}@hookimpl\ndef describe(colour):\n    pass\n",
        "PluginValidationError: Plugin 'widened' for",
    ),
}


def install(site, name, text):
    (site / f"{name}_of_a_test.py").write_text(text, "utf-8")
    about = site / f"{name}_of_a_test-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-of-a-test\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[connector]\n{name} = {name}_of_a_test\n")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return a folder in which this process looks for what is installed."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def names(manager):
    return sorted(name for name, _ in manager.list_name_plugin())


@pytest.mark.parametrize("name", FAULTY)
def test_a_connector_that_cannot_be_loaded_is_left_out_with_its_error(site, name):
    text, error = FAULTY[name]
    install(site, name, text)
    install(site, "zecho", ECHO)
    manager, left_out = load_installed()
    assert [one.name for one in left_out] == [name]
    assert left_out[0].error.startswith(error)
    assert names(manager) == ["custify", "zecho"]
    assert NamedConnector(manager, "zecho").describe() == {"name": "echo"}
    assert NamedConnector(manager, "custify").describe()["name"] == "custify"


def test_a_warning_names_each_that_is_left_out(site, caplog):
    for name, (text, _) in FAULTY.items():
        install(site, name, text)
    with caplog.at_level(logging.WARNING, "custify_connector"):
        assert names(plugin_manager()) == ["custify"]
    said = [record.getMessage() for record in caplog.records]
    assert [text.split()[2] for text in said] == sorted(FAULTY)
    assert "the connector raising is left out, because it cannot be loaded: RuntimeError: no licence" in said


def test_without_a_fault_nothing_is_said(caplog):
    assert names(plugin_manager()) == ["custify"]
    assert not caplog.records


def test_the_doctor_has_a_line_for_what_is_installed_and_what_is_left_out(site):
    install(site, "raising", FAULTY["raising"][0])
    found = next(finding for finding in examining.this_machine() if finding.name == "connectors")
    assert found.verdict == "note"
    assert found.found == "installed: custify; raising cannot be loaded (RuntimeError: no licence)"
    assert found.fix

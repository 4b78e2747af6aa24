import codecs
import json

import pytest
from click.testing import CliRunner

from custify_connector.cli import choosing, main
from custify_connector.contract.errors import ConfigurationError


def read(*words, code=0):
    done = CliRunner().invoke(main, ["read", "people", "--limit", "1", *words])
    assert done.exit_code == code, (done.output, done.exception)
    return done


@pytest.fixture
def mounted(tmp_path, sandbox, canary):
    """Return a file as an orchestrator mounts it."""
    path = tmp_path / "custify.json"
    path.write_text(json.dumps({"name": "mounted", "api_key": canary, "base_url": sandbox.base_url}))
    path.chmod(0o440)
    return path


def test_a_credential_comes_from_a_mounted_file(mounted):
    assert json.loads(read("--credential-file", str(mounted)).stdout)["id"]


def test_a_mark_of_the_byte_order_is_no_part_of_a_file_of_json(mounted, tmp_path):
    mounted.chmod(0o600)
    mounted.write_bytes(codecs.BOM_UTF8 + mounted.read_bytes())
    mounted.chmod(0o440)
    source = tmp_path / "source.json"
    source.write_bytes(codecs.BOM_UTF8 + b'{"endpoint": "people"}')
    words = ["--credential-file", str(mounted), "--limit", "1"]
    done = CliRunner().invoke(main, ["read", "--source", f"@{source}", *words])
    assert done.exit_code == 0, (done.output, done.exception)


def test_a_file_that_is_named_goes_before_the_environment(mounted, monkeypatch):
    monkeypatch.setenv("CUSTIFY_API_KEY", "wrong")
    read("--credential-file", str(mounted))


def test_a_file_that_everyone_may_read_is_refused(mounted):
    mounted.chmod(0o444)
    assert "has mode 0444" in read("--credential-file", str(mounted), code=2).stderr


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"api_key": 3}', "\xff"])
def test_a_file_that_holds_no_credential_is_reported(mounted, content):
    mounted.chmod(0o600)
    mounted.write_text(content)
    assert "must hold" in read("--credential-file", str(mounted), code=2).stderr


def test_a_name_and_a_file_at_once_are_refused(mounted):
    assert "use one of them" in read("--credential-file", str(mounted), "--credential", "a", code=2).stderr


def test_without_any_the_stored_names_are_reported():
    assert "custify credential add NAME" in read(code=2).stderr
    CliRunner().invoke(main, ["credential", "add", "acme", "--api-key-stdin", "--no-test"], input="k\n")
    assert "--credential NAME (stored: acme)" in read(code=2).stderr


def test_outside_a_command_the_environment_is_taken(monkeypatch, canary):
    with pytest.raises(ConfigurationError, match="CUSTIFY_API_KEY: is not set"):
        choosing.chosen()
    monkeypatch.setenv("CUSTIFY_API_KEY", canary)
    assert choosing.chosen()["api_key"] == canary
    assert canary not in repr(choosing.chosen())

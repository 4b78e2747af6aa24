import json

import pytest
from click.testing import CliRunner

from custify_connector.cli import main


def doctor(*words, code=0):
    done = CliRunner().invoke(main, ["doctor", *words])
    assert done.exit_code == code, (done.output, done.exception)
    return done.stdout


@pytest.fixture
def _account(monkeypatch, sandbox):
    monkeypatch.setenv("CUSTIFY_API_KEY", sandbox.api_key)
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)


@pytest.mark.usefixtures("_account")
def test_where_all_is_well_there_is_nothing_to_fix(canary):
    said = doctor()
    assert said.endswith("\nnothing to fix\n")
    assert canary not in said


@pytest.mark.usefixtures("_account")
def test_scripts_get_every_finding():
    found = {one["name"]: one["verdict"] for one in json.loads(doctor("--json"))}
    assert list(found) == [
        "python", "extras", "connectors", "directory", "space", "keys", "stored", "runs",
        "network", "clock", "credential", "limits",
    ]  # fmt: skip
    assert "fault" not in found.values()


@pytest.mark.usefixtures("_account")
def test_a_key_that_is_refused_must_be_corrected(monkeypatch):
    monkeypatch.setenv("CUSTIFY_API_KEY", "wrong")
    said = doctor(code=1)
    assert "FIX   credential" in said
    assert "-> set CUSTIFY_API_KEY to a key that Custify shows as valid" in " ".join(said.split())
    assert "1 thing to fix" in said


def test_without_a_credential_it_says_how_to_keep_one(monkeypatch, sandbox):
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    assert "custify credential add NAME" in " ".join(doctor(code=1).split())


def test_a_service_that_cannot_be_reached_is_reported_with_the_remedy(monkeypatch):
    monkeypatch.setenv("CUSTIFY_API_KEY", "k")
    monkeypatch.setenv("CUSTIFY_BASE_URL", "http://127.0.0.1:9")
    said = " ".join(doctor(code=1).split())
    assert "FIX network http://127.0.0.1:9: the connection was refused -> check the API URL" in said
    assert "1 thing to fix" in said


def test_offline_nothing_is_asked():
    assert "network" not in doctor("--offline")

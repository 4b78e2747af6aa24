import json

import pytest

from custify_connector.adapters.spark_credentials import credential_of, resolve
from custify_connector.adapters.spark_options import Accounts
from custify_connector.contract.errors import ConfigurationError


def test_a_credential_is_named_by_the_environment():
    environment = {"CUSTIFY_API_KEY_ACME": "a-key", "CUSTIFY_API_KEY": "another", "CUSTIFY_BASE_URL": "https://eu"}
    assert resolve("acme", None, environment) == {"name": "acme", "api_key": "a-key", "base_url": "https://eu"}
    assert resolve("default", None, environment)["api_key"] == "another"


def test_an_account_can_have_its_own_address():
    environment = {"CUSTIFY_API_KEY_ACME": "k", "CUSTIFY_BASE_URL_ACME": "https://us", "CUSTIFY_BASE_URL": "https://eu"}
    assert resolve("acme", None, environment)["base_url"] == "https://us"


def test_a_credential_that_is_not_there_says_where_it_was_looked_for():
    with pytest.raises(ConfigurationError, match="set CUSTIFY_API_KEY_ACME"):
        resolve("acme", None, {})


@pytest.mark.parametrize("name", ["Acme", "a-b", "1st", ""])
def test_names_that_could_share_a_variable_are_refused(name):
    with pytest.raises(ConfigurationError, match="small letters"):
        resolve(name, None, {"CUSTIFY_API_KEY_A_B": "k", "CUSTIFY_API_KEY_ACME": "k"})


def test_a_key_that_an_option_gave_is_the_accounts(monkeypatch):
    monkeypatch.setenv("CUSTIFY_API_KEY", "of the environment")
    assert credential_of("default", Accounts(("default",), None, None, "k")) == {"name": "default", "api_key": "k"}
    placed = Accounts(("default",), None, None, "k", "https://eu")
    assert credential_of("default", placed) == {"name": "default", "api_key": "k", "base_url": "https://eu"}
    assert credential_of("default", Accounts(("default",)))["api_key"] == "of the environment"


def test_a_file_holds_credentials_of_any_name(tmp_path):
    file = tmp_path / "keys.json"
    file.write_text(json.dumps({"Acme Ltd": {"api_key": "k", "base_url": "https://eu"}}))
    assert resolve("Acme Ltd", str(file)) == {"name": "Acme Ltd", "api_key": "k", "base_url": "https://eu"}


@pytest.mark.parametrize(("text", "reason"), [("{", "is not JSON"), ("{}", "has no credential"), ("[]", "has no")])
def test_a_file_that_does_not_help_is_refused_unseen(tmp_path, text, reason):
    file = tmp_path / "keys.json"
    file.write_text(text)
    with pytest.raises(ConfigurationError, match=reason):
        resolve("acme", str(file))


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"cannot be read here"):
        resolve("acme", str(tmp_path / "none.json"))

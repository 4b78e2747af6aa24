"""The budget that a user's runs share without being asked."""

import os
import time
from dataclasses import replace

import pytest

from custify_connector.checking.secret import Secret
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.exchange import budget_folder
from custify_connector.exchange.credential import Credential
from custify_connector.exchange.rate_budget import shared_budget
from custify_connector.manifest import RateLimit

LIMIT = RateLimit(2, 10)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Keep the budgets of a host in a folder of its own."""
    monkeypatch.setattr(budget_folder, "_folder", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def account(canary):
    """Return a credential."""
    return Credential("n", "https://a.example", Secret(canary))


def test_an_account_has_a_file_whatever_its_credential_is_called_and_another_account_another(account):
    file = budget_folder.file_of(account)
    assert budget_folder.file_of(replace(account, name="other")) == file
    assert budget_folder.file_of(replace(account, base_url="https://b.example")) != file
    assert budget_folder.file_of(replace(account, key=Secret("another key"))) != file


def test_the_name_of_a_file_shows_nothing_of_the_key(account, canary):
    assert canary not in str(budget_folder.file_of(account))
    assert len(budget_folder.file_of(account).stem) == 16


def test_a_host_without_a_folder_shares_nothing(account):
    budget_folder.share_below(None)
    assert budget_folder.file_of(account) is None


def test_a_folder_that_cannot_be_made_is_gone_without(account):
    def refuse():
        raise ConfigurationError(())

    budget_folder.share_below(refuse)
    assert budget_folder.file_of(account) is None


def test_the_files_of_accounts_that_were_long_not_used_are_removed(account, folder):
    old, new = folder / "old.budget", folder / "new.budget-wal"
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 8 * 86_400,) * 2)
    budget_folder.file_of(account)
    assert [path.name for path in folder.iterdir()] == ["new.budget-wal"]


@pytest.mark.usefixtures("own_budgets")
def test_a_common_file_is_counted_in_and_a_named_one_takes_its_place(folder):
    common, named = folder / "common", folder / "named"
    shared_budget(("a", "k"), LIMIT, common=common)
    assert common.exists()
    shared_budget(("b", "k"), LIMIT, str(named), common=folder / "never")
    assert sorted(path.name for path in folder.glob("[a-z]*") if "-" not in path.name) == ["common", "named"]


@pytest.mark.usefixtures("own_budgets")
def test_a_common_file_that_cannot_be_used_stops_no_run(folder, caplog):
    (folder / "common").mkdir()
    budget = shared_budget(("a", "k"), LIMIT, common=folder / "common")
    assert budget.acquire(pytest.fail)[1] == 0.0
    assert "not shared with other runs" in caplog.text


@pytest.mark.usefixtures("own_budgets")
def test_a_common_file_that_fails_later_stops_no_run_and_a_named_one_does(folder, monkeypatch):
    common = shared_budget(("a", "k"), LIMIT, common=folder / "common")
    named = shared_budget(("b", "k"), LIMIT, str(folder / "named"))

    def fail(*_):
        raise ConfigurationError((Fault("file", "is gone"),))

    for budget in (common, named):
        monkeypatch.setattr(budget._shared, "try_to_count", fail)  # noqa: SLF001 - a disk that fails
    assert common.acquire(pytest.fail)[1] == 0.0
    with pytest.raises(ConfigurationError):
        named.acquire(pytest.fail)

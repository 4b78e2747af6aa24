import contextlib
import copy
import pickle
import sqlite3
import threading

import pytest

from custify_connector.checking.secret import Secret
from custify_connector.contract import CredentialReport
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import home, private_file, vault
from custify_connector.host.vault import CredentialMapping, Entry, Vault

OK = CredentialReport(ok=True, code="ok", status=200, message="", verified_at="2026-01-31T09:30:00+00:00", elapsed_ms=1)
REFUSED = CredentialReport(ok=False, code="unauthorized", status=401, message="", verified_at=None, elapsed_ms=1)


def entry(name="acme", **more):
    return Entry(name, "for tests", "http://localhost:1", None, "file", "", vault.now(), **more)


@pytest.fixture
def kept(canary):
    """Return a vault that holds `acme`, whose key is the canary."""
    made = Vault()
    made.add(entry(), Secret(canary), made.store("file"))
    return made


def test_an_empty_vault_makes_nothing():
    assert Vault().entries() == []
    assert not home.directory().exists()


def test_a_credential_comes_back_as_the_hooks_take_it(kept, canary):
    assert dict(kept.credential("acme")) == {
        "name": "acme", "api_key": canary, "description": "for tests", "base_url": "http://localhost:1",
    }  # fmt: skip


def test_a_credential_mapping_does_not_show_its_key(kept, canary):
    found = kept.credential("acme")
    assert canary not in f"{found} {found!r} {[found]} {copy.copy(kept)!r}"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(found)
    assert isinstance(found, CredentialMapping)


def test_only_the_file_of_keys_holds_the_key(kept, canary):
    kept.tested("acme", OK)
    holding = [path.name for path in home.directory().rglob("*") if canary.encode() in path.read_bytes()]
    assert holding == ["keys.json"]


@pytest.mark.parametrize("name", ["acme", "environment", "", " ", "a\nb", "-x"])
def test_a_name_that_is_taken_or_is_none_is_refused(kept, name):
    with pytest.raises(ConfigurationError):
        kept.add(entry(name), Secret("x"), kept.store("file"))
    assert [one.name for one in kept.entries()] == ["acme"]


def test_a_name_that_is_close_is_suggested(kept):
    with pytest.raises(ConfigurationError, match=r"there is no 'amce'; did you mean 'acme'\?"):
        kept.credential("amce")


def test_an_empty_vault_says_how_to_keep_one():
    with pytest.raises(ConfigurationError, match="custify credential add"):
        Vault().find("acme")


def test_the_old_key_goes_last_and_only_when_the_new_one_is_kept(kept, monkeypatch, canary):
    def full(*_):
        raise ConfigurationError(())

    with monkeypatch.context() as patch:
        patch.setattr(private_file, "replace", full)
        with pytest.raises(ConfigurationError):
            kept.rotate("acme", Secret("new"), OK)
    assert kept.credential("acme")["api_key"] == canary
    kept.rotate("acme", Secret("new"), OK)
    assert kept.credential("acme")["api_key"] == "new"
    assert canary.encode() not in (home.directory() / "keys.json").read_bytes()
    assert kept.find("acme").verified_at == OK.verified_at


def test_a_test_that_fails_leaves_the_time_of_the_last_success(kept):
    kept.tested("acme", OK)
    kept.tested("acme", REFUSED)
    found = kept.find("acme")
    assert (found.tested_code, found.verified_at) == ("unauthorized", OK.verified_at)


def test_a_renamed_credential_keeps_its_key(kept, canary):
    kept.rename("acme", "prod")
    assert kept.credential("prod")["api_key"] == canary
    with pytest.raises(ConfigurationError, match="there is no 'acme'"):
        kept.find("acme")


def test_a_rename_onto_another_is_refused(kept):
    kept.add(entry("other"), Secret("x"), kept.store("file"))
    with pytest.raises(ConfigurationError, match="there is 'other' already"):
        kept.rename("acme", "other")


def test_a_removed_credential_leaves_no_key(kept, canary):
    kept.remove("acme")
    assert kept.entries() == []
    assert canary.encode() not in (home.directory() / "keys.json").read_bytes()


def test_a_key_that_is_gone_is_reported_with_the_remedy(kept):
    (home.directory() / "keys.json").unlink()
    with pytest.raises(ConfigurationError, match=r"no longer in the file .*: custify credential rotate acme"):
        kept.credential("acme")


def test_a_credential_is_not_kept_when_its_table_cannot_be_written(kept):
    kept.path.write_bytes(b"not a database" * 100)
    with pytest.raises(ConfigurationError, match="is damaged"):
        kept.add(entry("other"), Secret("x"), kept.store("file"))
    assert kept.store("file").get("x") is None


@pytest.mark.parametrize("column", ["name", "handle", "base_url", "tested_at"])
@pytest.mark.parametrize("value", [b"\xff", 7, 1.5])
def test_a_table_with_a_damaged_value_is_reported(kept, column, value):
    with contextlib.closing(sqlite3.connect(kept.path, isolation_level=None)) as database:
        database.execute(f"UPDATE credentials SET {column} = ?", (value,))  # noqa: S608 - our own names
    with pytest.raises(ConfigurationError, match="is damaged"):
        kept.find("other")


def test_several_processes_adding_at_once_lose_nothing(kept):
    def add(number):
        own = Vault()
        own.add(entry(f"n{number}"), Secret(f"key-{number}"), own.store("file"))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [kept.credential(f"n{number}")["api_key"] for number in range(8)] == [f"key-{n}" for n in range(8)]


def test_noting_a_use_never_hinders_it(kept):
    kept.used("acme")
    assert kept.find("acme").used_at
    kept.path.write_bytes(b"not a database" * 100)
    kept.used("acme")

"""What an account is called: the same in every process, and of no use to find its key."""

import hashlib

from custify_connector.checking.secret import Secret
from custify_connector.host.account import account_of


def test_the_name_of_an_account_is_slow_to_guess_from(monkeypatch):
    cost = {}
    monkeypatch.setattr(hashlib, "scrypt", lambda _, **words: cost.update(words) or b"")
    account_of({"name": "notes"}, {"base_url": "https://notes.example"}, [Secret("key")])
    assert 128 * cost["n"] * cost["r"] >= 16 * 2**20, "bytes that each guess needs"

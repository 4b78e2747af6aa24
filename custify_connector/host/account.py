"""Which account a run is for, as it is written beside what the run keeps: never the key, only its fingerprint.

Decides whether two runs are for one account. It does not know files.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from custify_connector.checking.secret import Secret
from custify_connector.contract.errors import Fault, StateError

log = logging.getLogger("custify_connector")

_WORD = "custify_account"
"""The field of a kept state that says whose it is; a connector never sees it."""

REMEDY = "check the key; if it is a new key of the same account, add --same-account"

_USUAL_FIELDS = ("base_url", "name")
_BYTES = 8
_SHOWN = 8


@dataclass(frozen=True)
class Account:
    """`place` is where the account is, such as its base URL; `key` the fingerprint of its secret, in hexadecimal.

    `stored` is the lasting id of a stored credential, which stays when its key is replaced; None for any other.
    """

    place: str
    key: str
    stored: str | None = None

    def is_same(self, other: Account) -> bool:
        """Whether both are one account: at one place, with one key or from one stored credential."""
        is_stored = self.stored is not None and self.stored == other.stored
        return self.place == other.place and (is_stored or self.key == other.key)

    def words(self) -> dict[str, str]:
        """Return what is recorded."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def __str__(self) -> str:
        return f"{self.place} (key {self.key[:_SHOWN]})"


def of_words(words: object) -> Account | None:
    """Return the account that was recorded; None where there is none, as in files of 0.1.0."""
    if not isinstance(words, Mapping) or not all(isinstance(each, str) for each in words.values()):
        return None
    place, key, stored = (words.get(name) for name in ("place", "key", "stored"))
    return Account(place, key, stored) if place is not None and key is not None else None


def bound(state: Mapping[str, Any] | None, account: Account | None) -> dict[str, Any] | None:
    """Return a state as it is kept: with the account that it is of."""
    if state is None:
        return None
    return {**state, _WORD: account.words()} if account else dict(state)


def unbound(
    state: Mapping[str, Any] | None, account: Account | None, *, same_account: bool = False
) -> dict[str, Any] | None:
    """Return a kept state as the connector gave it; raises StateError for that of another account.

    `same_account` says that a key was replaced. A state of 0.1.0 does not say whose it is, and is taken with a warning.
    """
    if state is None:
        return None
    own = {name: value for name, value in state.items() if name != _WORD}
    before = of_words(state.get(_WORD))
    if account is None or not own:
        return own
    if before is None:
        log.warning("the state does not name its account: it is used for %s", account)
    elif not before.is_same(account) and not (same_account and before.place == account.place):
        remedy = REMEDY if before.place == account.place else "name another state, or start without it"
        raise StateError((Fault("state", f"belongs to the account {before}, not to {account}: {remedy}"),))
    return own


def account_of(
    description: Mapping[str, Any],
    credential: Mapping[str, Any],
    secrets: Sequence[Secret],
    stored: str | None = None,
) -> Account:
    """Return the account that a credential opens, by what its connector describes (`account`, `credential`)."""
    fields = description.get("credential", {}).get("properties", {})
    names = description.get("account", _USUAL_FIELDS)
    values = (credential.get(name) or fields.get(name, {}).get("default") for name in names)
    place = next((str(value).rstrip("/") for value in values if value), str(description.get("name", "")))
    return Account(place, _fingerprint(place, secrets), stored)


def _fingerprint(place: str, secrets: Sequence[Secret]) -> str:
    """Return a name for a key that is slow to guess from, and another one at each place."""
    key = "\0".join(sorted(secret.reveal() for secret in secrets)).encode("utf-8", "surrogatepass")
    return hashlib.scrypt(key, salt=f"custify account {place}".encode(), n=2**14, r=8, p=1, dklen=_BYTES).hex()

"""A value that must not be seen: it can be passed on and compared, and shows itself only to who asks by name."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from typing import NoReturn

_SALT = secrets.token_bytes(16)

_ROUNDS = 20_000

_HIDDEN = "\N{BULLET}" * 3
"""No part of a key, which is ASCII: no key can arise again from it and what stands around it."""


class Secret:
    """Holds a key so that printing, formatting, copying into JSON and pickling cannot show it."""

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """Return the key itself; only the code that sets the request's header needs it."""
        return self.__value

    def fingerprint(self) -> str:
        """Return a name for this key that is the same within this process, and useless outside it."""
        return hmac.new(_SALT, self.__value.encode(), hashlib.sha256).hexdigest()

    def name(self, salt: str) -> str:
        """Return a name that is the same in every process; too short, and too slow to try, to lead back to the key."""
        return hashlib.pbkdf2_hmac("sha256", self.__value.encode(), salt.encode(), _ROUNDS, dklen=8).hex()

    def redact(self, text: str) -> str:
        """Return `text` without the key, should some library have put it there."""
        return text.replace(self.__value, _HIDDEN)

    def __repr__(self) -> str:
        return "Secret(***)"

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self.__value.encode(), other.reveal().encode())

    def __hash__(self) -> int:
        return hash(self.fingerprint())

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret cannot be pickled or copied into another process")

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self


def redacted(hidden: Iterable[Secret], text: str) -> str:
    """Return `text` without any of these keys."""
    for secret in hidden:
        text = secret.redact(text)
    return text

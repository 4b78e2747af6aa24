"""Which record is which: the identity of a record, and which identities a read has met already.

Memory is bounded where the service keeps the order that was asked for: a record newer or older than everything
delivered cannot have been delivered, so only a window of recent identities is kept. Where no order can be relied
on, every identity is kept. This file does not know pages or requests.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from custify_connector.checking.identity import field_value, key_of
from custify_connector.checking.json_values import dumps
from custify_connector.manifest import Alternatives

__all__ = ["WINDOW", "Seen", "field_value", "identities_of", "key_of"]

Record = Mapping[str, Any]
AnyRecord = TypeVar("AnyRecord", bound=Record)

WINDOW = 10_000
"""Identities kept while the order holds: fifty pages of 200."""


def identities_of(records: Iterable[Record], alternatives: Alternatives) -> list[str]:
    """Return one identity for each record of a page.

    A record without a key is known by a hash of all it holds; the same one twice on a page counts as two.
    """
    single = alternatives[0][0] if alternatives and len(alternatives[0]) == 1 else None
    if single is not None and "." not in single:
        plain = [record.get(single) for record in records]
        if set(map(type, plain)) <= {str} and all(plain):
            return plain  # type: ignore[return-value] # just checked to be text
    seen: dict[str, int] = {}
    return [_identity(record, alternatives) or _numbered(_digest(record), seen) for record in records]


def _identity(record: Record, alternatives: Alternatives) -> str | None:
    key = key_of(record, alternatives)
    if key is None and record.get("_id") not in (None, ""):
        return str(record["_id"])
    if key is None:
        return None
    values = list(key.values())
    return values[0] if len(values) == 1 and isinstance(values[0], str) else dumps(values).decode()


def _digest(record: Record) -> str:
    return "#" + hashlib.sha256(dumps(record, sort=True)).hexdigest()[:24]


def _numbered(identity: str, seen: dict[str, int]) -> str:
    seen[identity] = seen.get(identity, 0) + 1
    return identity if seen[identity] == 1 else f"{identity}.{seen[identity]}"


class Seen:
    """The identities that one read has delivered, as far as they can come again.

    Those that left the window are kept as eight bytes each, and known again once the order is lost.
    """

    def __init__(self, *, ordered: bool, identities: Iterable[str] = ()) -> None:
        self._identities: set[str] = set(identities)
        self._window = deque([list(self._identities)])
        self._ordered = ordered
        self._left = array("q")
        self._hashes: set[int] = set()

    def lose_order(self) -> None:
        """Know every identity from here on: the service does not keep the order that was asked for."""
        if self._ordered:
            self._ordered = False
            self._hashes = set(self._left)

    def knows(self, identity: str) -> bool:
        """Return whether a record was delivered; while the order holds, one that left the window is not known."""
        return identity in self._identities or (bool(self._hashes) and hash(identity) in self._hashes)

    def unseen(self, records: list[AnyRecord], identities: list[str]) -> list[AnyRecord]:
        """Return the records whose identity is new, and remember them."""
        plain = not self._hashes and len(set(identities)) == len(identities)
        if plain and self._identities.isdisjoint(identities):
            self._remember(identities)
            return list(records)
        fresh: dict[str, AnyRecord] = {}
        for record, identity in zip(records, identities, strict=True):
            if not self.knows(identity):
                fresh.setdefault(identity, record)
        self._remember([*fresh])
        return [*fresh.values()]

    def _remember(self, identities: list[str]) -> None:
        self._identities.update(identities)
        self._window.append(identities)
        while self._ordered and len(self._identities) - len(self._window[0]) >= WINDOW:
            oldest = self._window.popleft()
            self._identities.difference_update(oldest)
            self._left.extend(map(hash, oldest))

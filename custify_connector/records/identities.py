"""Which record is which: the identity of a record, and which identities a read has met already.

Memory is bounded where the service keeps the order that was asked for: a record newer or older than everything
delivered cannot have been delivered, so only a window of recent identities is kept. Where no order can be relied
on, the hash of every identity is kept. This file does not know pages or requests.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import deque
from collections.abc import Iterable, Mapping
from itertools import chain
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
        self._left = array("q")
        self._all: Hashes | None = None
        if not ordered:
            self.lose_order()

    def lose_order(self) -> None:
        """Know every identity from here on: the service does not keep the order that was asked for."""
        if self._all is None:
            self._all = Hashes(chain(self._left, map(hash, self._identities)))
            self._identities, self._left = set(), array("q")
            self._window.clear()

    def knows(self, identity: str) -> bool:
        """Return whether a record was delivered; while the order holds, one that left the window is not known."""
        return identity in self._identities if self._all is None else hash(identity) in self._all

    def unseen(self, records: list[AnyRecord], identities: list[str]) -> list[AnyRecord]:
        """Return the records whose identity is new, and remember them."""
        if self._all is not None:
            add = self._all.add
            return [record for record, identity in zip(records, identities, strict=True) if add(hash(identity))]
        # In reverse, so that of records with one identity the first stays.
        first = dict(zip(reversed(identities), reversed(records), strict=True))
        new = [name for name in dict.fromkeys(identities) if name not in self._identities]
        self._remember(new)
        return [first[name] for name in new]

    def _remember(self, identities: list[str]) -> None:
        self._identities.update(identities)
        self._window.append(identities)
        while len(self._identities) - len(self._window[0]) >= WINDOW:
            oldest = self._window.popleft()
            self._identities.difference_update(oldest)
            self._left.extend(map(hash, oldest))


class Hashes:
    """A set of hashes in at most 20 bytes each, where a `set` takes 75: a table with linear probing.

    Among a million identities, two share a hash of 64 bits with a chance of one in 30 million.
    """

    def __init__(self, hashes: Iterable[int] = ()) -> None:
        self._table = _EMPTY * _SMALLEST_TABLE
        self._count = 0
        for each in hashes:
            self.add(each)

    def add(self, value: int) -> bool:
        """Take a hash in; returns whether it is new."""
        place = self._place(value)
        if self._table[place]:
            return False
        self._table[place] = value or _ZERO
        self._count += 1
        if self._count * 5 > len(self._table) * 4:
            self._grow()
        return True

    def __contains__(self, value: int) -> bool:
        return self._table[self._place(value)] != 0

    def _place(self, value: int) -> int:
        """Return where a hash is, or the empty place where it would be."""
        table, value = self._table, value or _ZERO
        most = len(table) - 1
        place = value & most
        while table[place] not in {0, value}:
            place = (place + 1) & most
        return place

    def _grow(self) -> None:
        before, self._table = self._table, _EMPTY * (2 * len(self._table))
        for value in before:
            if value:
                self._table[self._place(value)] = value


_EMPTY = array("q", [0])
_SMALLEST_TABLE = 1024
_ZERO = 1
"""What stands for a hash of 0, which is an empty place."""

"""The records of one kind, in the order of their creation, and what is worth keeping until they change.

Decided here: how records are found by a field's value, which of their fields are shown, and that what is kept goes at
the first change.
Records are replaced, never changed in place, so a caller that holds one holds it unchanged. This file does not know
Custify.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Sequence

Kept = TypeVar("Kept")
Record = dict[str, Any]
_Index = dict[object, dict[str, None]]


class Revision:
    """A number that grows with every change of any table that shares it."""

    def __init__(self) -> None:
        self.number = 0


class Shelf(Generic[Kept]):
    """Values by key, valid for one revision, of at most `most` weight in all."""

    def __init__(self, revision: Revision, most: int) -> None:
        self._revision = revision
        self._most = most
        self._number = revision.number
        self._weight = 0
        self._kept: dict[Hashable, Kept] = {}

    def get(self, key: Hashable) -> Kept | None:
        """Return what is kept under a key, or None."""
        if self._revision.number != self._number:
            self.clear()
        return self._kept.get(key)

    def keep(self, key: Hashable, value: Kept, weight: int) -> None:
        """Keep a value until the next change, unless it is too heavy."""
        if weight > self._most:
            return
        if self._revision.number != self._number or self._weight + weight > self._most:
            self.clear()
        self._kept[key] = value
        self._weight += weight

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._weight = 0
        self._number = self._revision.number


class Table:
    """Records by id. Not locked: the store that owns it is."""

    def __init__(self, records: Iterable[Record], revision: Revision) -> None:
        self._records: dict[str, Record] = {record["id"]: record for record in records}
        self._revision = revision
        self._indexes: dict[str, _Index] = {}
        self._hidden: frozenset[str] = frozenset()

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records.values())

    def ids(self) -> list[str]:
        """Return every id, in the order of creation."""
        return list(self._records)

    def get(self, key: object) -> Record | None:
        """Return the record with this id, or None."""
        return self._records.get(key) if isinstance(key, str) else None

    def find(self, field: str, value: object) -> list[Record]:
        """Return the records whose `field` is `value`, or is a list that holds it, in the order of creation."""
        index = self._indexes.get(field)
        if index is None:
            index = self._indexes[field] = self._built(field)
        return [self._records[key] for key in index.get(value, ())]

    def put(self, record: Record) -> Record:
        """Store a record under its id: a new one at the end, a known one in its place."""
        key = record["id"]
        known = self._records.get(key)
        for field, index in self._indexes.items():
            if known is not None and known.get(field) == record.get(field):
                continue
            if known is not None:
                _withdraw(index, known, field)
            _enter(index, record, field)
        self._records[key] = record
        self._revision.number += 1
        return record

    def remove(self, key: str) -> None:
        """Remove the record with this id; KeyError when there is none."""
        record = self._records.pop(key)
        for field, index in self._indexes.items():
            _withdraw(index, record, field)
        self._revision.number += 1

    def hide(self, *fields: str) -> None:
        """Leave `fields` out of what the API shows of a record."""
        if self._hidden != frozenset(fields):
            self._hidden = frozenset(fields)
            self._revision.number += 1

    def public(self, record: Record) -> Record:
        """Return what the API shows of a record."""
        if not self._hidden:
            return record
        return {name: value for name, value in record.items() if name not in self._hidden}

    def shown(self, keys: Sequence[str]) -> list[Record]:
        """Return what the API shows of the records with these ids."""
        records = [self._records[key] for key in keys]
        return [self.public(record) for record in records] if self._hidden else records

    def _built(self, field: str) -> _Index:
        index: _Index = {}
        for record in self._records.values():
            _enter(index, record, field)
        return index


def _values(record: Record, field: str) -> tuple[object, ...]:
    value = record.get(field)
    return tuple(value) if isinstance(value, list) else (value,)


def _enter(index: _Index, record: Record, field: str) -> None:
    for value in _values(record, field):
        index.setdefault(value, {})[record["id"]] = None


def _withdraw(index: _Index, record: Record, field: str) -> None:
    for value in _values(record, field):
        index.get(value, {}).pop(record["id"], None)

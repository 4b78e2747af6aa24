"""Which records are delivered together, and which deliveries must wait for which.

Pure: nothing is sent here. A record must not overtake an earlier one of its key, nor the first one that holds one of
its attributes, because that value fixes the attribute's type.
"""

from __future__ import annotations

from dataclasses import dataclass

from custify_connector.contract import Receipt
from custify_connector.writing.attribute_types import attributes
from custify_connector.writing.requests import Prepared

MOST_ENTRIES = 1000
"""A batch that does not fill up waits while at most so many rejected records arrive."""

Name = tuple[str, str]
"""What records can have in common: a key or an attribute, and which."""


@dataclass(frozen=True)
class Group:
    """Prepared records that are delivered together, with the receipts of the rejected ones between them.

    `number` counts the groups of a run in the input's order; `after` holds the numbers of the groups, not yet
    delivered, that must be delivered before.
    """

    number: int
    entries: tuple[Prepared | Receipt, ...]
    after: frozenset[int]

    @property
    def records(self) -> tuple[Prepared, ...]:
        """The records to deliver, without the rejected ones."""
        return tuple(entry for entry in self.entries if isinstance(entry, Prepared))


class Ordering:
    """Gathers the records of a run into groups of up to `size`, in the input's order."""

    def __init__(self, size: int, typed_fields: tuple[str, ...] = ()) -> None:
        self._size = size
        self._typed_fields = typed_fields
        self._number = 0
        self._entries: list[Prepared | Receipt] = []
        self._records = 0
        self._names: set[Name] = set()
        self._latest: dict[Name, int] = {}
        """The last group that holds a name, while that group is not delivered."""
        self._known: set[Name] = set()
        """The attributes of earlier groups: only their first value fixes their type, so later ones are free."""

    def add(self, entry: Prepared | Receipt) -> list[Group]:
        """Take the next record, and return the groups that it closes."""
        names = self._names_of(entry)
        # Whether the jobs of a batch run in order is not documented, so a group holds each of these names once.
        closed = [] if (names - self._known).isdisjoint(self._names) else self.rest()
        self._entries.append(entry)
        self._records += isinstance(entry, Prepared)
        self._names |= names
        full = self._records == self._size or len(self._entries) > MOST_ENTRIES
        return [*closed, *self.rest()] if full or self._records == 0 else closed

    def rest(self) -> list[Group]:
        """Close the group that is being gathered, if it holds anything, and return it."""
        if not self._entries:
            return []
        after = frozenset(self._latest[name] for name in self._names if name in self._latest)
        group = Group(self._number, tuple(self._entries), after)
        first = self._names - self._known
        self._latest.update(dict.fromkeys(first, group.number))
        self._known |= {name for name in first if name[0] == "attribute"}
        self._number += 1
        self._entries, self._records, self._names = [], 0, set()
        return [group]

    def delivered(self, number: int) -> None:
        """Forget a group: no later one has to wait for it."""
        self._latest = {name: group for name, group in self._latest.items() if group != number}

    def _names_of(self, entry: Prepared | Receipt) -> set[Name]:
        if isinstance(entry, Receipt):
            return set()
        held = attributes(entry.record, self._typed_fields)
        names = {("attribute", name) for name, value in held if value is not None}
        if entry.key:
            names.add(("key", str(sorted(entry.key.items()))))
        return names

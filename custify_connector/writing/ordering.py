"""Which records are delivered together, and which deliveries must wait for which.

Pure: nothing is sent here. A record must not overtake an earlier one that may act on the same thing (`touches`), nor
the first one that holds one of its attributes, because that value fixes the attribute's type.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from custify_connector.contract import Receipt
from custify_connector.manifest import Touch
from custify_connector.writing.attribute_types import attributes
from custify_connector.writing.requests import Prepared
from custify_connector.writing.touches import Name, Touched, Way, namer

MOST_ENTRIES = 1000
"""A batch that does not fill up waits while at most so many rejected records arrive."""

_ATTRIBUTE = "\0attribute\0"
"""How the name of an attribute begins; no kind of thing is called so."""


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


def _all_alike(_record: Prepared) -> object:
    return None


class Ordering:
    """Gathers the records of a run into groups of up to `size`, in the input's order.

    Records of one group are equal in what `alike` returns of them, and no two of them act on the same thing: whether
    the jobs of a batch run in order is not documented.
    """

    def __init__(
        self,
        size: int,
        touches: tuple[Touch, ...] = (),
        typed_fields: tuple[str, ...] = (),
        alike: Callable[[Prepared], object] = _all_alike,
    ) -> None:
        self._size = size
        self._acts_on = namer(touches)
        self._typed_fields = typed_fields
        self._alike = alike
        self._number = 0
        self._entries: list[Prepared | Receipt] = []
        self._records: list[Prepared] = []
        self._open = Touched()
        self._ways: set[Way] = set()
        self._live: dict[int, Touched] = {}
        """What the groups act on that are not delivered."""
        self._known: set[Name] = set()
        """The attributes of earlier groups: only their first value fixes their type, so later ones are free."""

    def add(self, entry: Prepared | Receipt) -> list[Group]:
        """Take the next record, and return the groups that it closes."""
        closed = self._join(entry) if isinstance(entry, Prepared) else []
        self._entries.append(entry)
        full = len(self._records) == self._size or len(self._entries) > MOST_ENTRIES
        return [*closed, *self.rest()] if full or not self._records else closed

    def _join(self, record: Prepared) -> list[Group]:
        """Count a record to the group that is being gathered; return that one, closed, when it cannot hold it."""
        touched_by = self._touched_by(record)
        closed: list[Group] = []
        if self._records and (self._alike(record) != self._alike(self._records[0]) or touched_by.meets(self._open)):
            closed, touched_by = self.rest(), self._touched_by(record)
        self._records.append(record)
        self._open.include(touched_by)
        self._ways |= touched_by.ways
        return closed

    @property
    def mixed(self) -> str | None:
        """The fields by which records so far name things of one kind in different ways; None where they do not."""
        kinds = {kind for kind, _ in self._ways}
        return None if len(kinds) == len(self._ways) else " and ".join(sorted(by for _, by in self._ways))

    def rest(self) -> list[Group]:
        """Close the group that is being gathered, if it holds anything, and return it."""
        if not self._entries:
            return []
        after = frozenset(number for number, earlier in self._live.items() if earlier.meets(self._open))
        group = Group(self._number, tuple(self._entries), after)
        if self._records:
            self._live[group.number] = self._open
        self._known |= {name for name in self._open.changed if name.startswith(_ATTRIBUTE)}
        self._number += 1
        self._entries, self._records, self._open = [], [], Touched()
        return [group]

    def delivered(self, number: int) -> None:
        """Forget a group: no later one has to wait for it."""
        self._live.pop(number, None)

    def _touched_by(self, record: Prepared) -> Touched:
        found = self._acts_on(record.record)
        held = attributes(record.record, self._typed_fields)
        names = {_ATTRIBUTE + name for name, value in held if value is not None}
        found.named.update(names)
        found.changed.update(names - self._known)
        return found

"""Which parent a seeded record belongs to, and when it was made.

Decided here: that of every kind some parents have none, some one, some several, and a few more than a page.
This file does not know what a record holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .clock import created_ms, identifier, stamps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Record = dict[str, Any]
_PATTERN = (0, 1, 3, 0, 2, 0, 1)
_PATTERN_OF_SURVEYS = (120, 0, 1, 3)
_CROWDED = (4, 11)
_PARENTS = 105
_KEYS = 0x300


@dataclass(frozen=True)
class Scene:
    """What a recipe may look at: its place among its kind, its parent, a random number, its time."""

    index: int
    count: int
    parent: Record
    bits: int
    made: dict[str, list[Record]]

    @property
    def at(self) -> int:
        """The time of creation, in milliseconds since 1970."""
        return created_ms(self.index, self.count, self.bits)

    def user(self) -> Record:
        """Return one of the account's users."""
        users = self.made["users"]
        return users[self.bits % len(users)]

    def person(self) -> Record | None:
        """Return one of the account's people, if it has any."""
        people = self.made["people"]
        return people[(self.bits >> 5) % min(len(people), 200)] if people else None

    def tags(self, category: str) -> list[str]:
        """Return no tag, or one of this category."""
        if self.bits >> 17 & 3:
            return []
        tags = [tag["id"] for tag in self.made["tags"] if tag["category"] == category]
        return [tags[self.index % len(tags)]]


def scenes_of(parents: str, crowd: int, draw: Callable[[int], int], made: dict[str, list[Record]]) -> Iterator[Scene]:
    """Yield a scene for each record to make below the records of kind `parents`; a crowded parent has `crowd`."""
    chosen = [
        parent for place, parent in enumerate(made[parents][:_PARENTS]) for _ in range(_count(parents, place, crowd))
    ]
    count = len(chosen)
    for index in range(count):
        # A fixed step through the parents mixes them, so that one parent's records do not lie side by side.
        parent = chosen[index * 7 % count] if count % 7 else chosen[index]
        yield Scene(index, count, parent, draw(64), made)


def _count(parents: str, place: int, crowd: int) -> int:
    if parents == "surveys":
        return _PATTERN_OF_SURVEYS[place % len(_PATTERN_OF_SURVEYS)]
    return crowd if place in _CROWDED else _PATTERN[place % len(_PATTERN)]


def placed(order: int, scene: Scene, fields: Record) -> Record:
    """Return the record of a scene: `fields` with id and times; `order` says its kind."""
    key = identifier(_KEYS + order, scene.at, scene.index)
    return {"id": key, **fields, **stamps(scene.index, scene.count, scene.bits)}

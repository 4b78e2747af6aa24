"""What is worth keeping until the content changes: sorted lists and finished pages.

Decided here: that all of it goes at the first change, and when there is too much of it.
This file does not know what it keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Hashable

    from .table import Revision

Kept = TypeVar("Kept")


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

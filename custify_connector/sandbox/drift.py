"""An account that changes while it is being read.

Decided here: which records are created, deleted and updated before which list request; the same every time.
This file does not know how lists are answered.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .endpoints.companies import delete_company
from .endpoints.people import delete_people

if TYPE_CHECKING:
    from .content import Content
    from .quirks import Drift
    from .table import Record

KIND_OF_PATH = {"/people/all": "people", "/company/all": "companies"}
_TURNS = ("creates", "deletes", "updates")


@dataclass(frozen=True)
class Drifted:
    """The ids of the records that drift has touched so far, in the order in which it did."""

    created: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)


class Tide:
    """Applies drift to the content, and remembers what it did. Not locked: the caller holds the content's lock."""

    def __init__(self, seed: int) -> None:
        self.drifted = Drifted()
        self._random = random.Random(f"{seed}/drift")  # noqa: S311 - repeatable, not secret
        self._requests = 0
        self._turn = 0

    def before(self, path: str, drift: Drift | None, content: Content) -> None:
        """Change the content before a list request of `path`, when one is due."""
        kind = KIND_OF_PATH.get(path)
        turns = [turn for turn in _TURNS if drift is not None and getattr(drift, turn) > 0]
        if drift is None or kind is None or not turns:
            return
        self._requests += 1
        if self._requests % drift.every:
            return
        turn = turns[self._turn % len(turns)]
        self._turn += 1
        getattr(self, f"_{turn}")(content, kind, getattr(drift, turn))

    def _creates(self, content: Content, kind: str, count: int) -> None:
        for _ in range(count):
            number = len(self.drifted.created)
            record = content.create(kind, _newcomer(kind, number))
            self.drifted.created.append(record["id"])

    def _deletes(self, content: Content, kind: str, count: int) -> None:
        for record in self._seeded(content, kind, count):
            if kind == "people":
                delete_people(content, [record])
            else:
                delete_company(content, record)
            self.drifted.deleted.append(record["id"])

    def _updates(self, content: Content, kind: str, count: int) -> None:
        for record in self._seeded(content, kind, count):
            content.update(kind, record, {"name": f"{record.get('name')} *"})
            self.drifted.updated.append(record["id"])

    def _seeded(self, content: Content, kind: str, count: int) -> list[Record]:
        """Choose records that drift has not made itself."""
        created = set(self.drifted.created)
        seeded = [record for record in content.table(kind) if record["id"] not in created]
        return self._random.sample(seeded, min(count, len(seeded)))


def _newcomer(kind: str, number: int) -> Record:
    shared: Record = {"name": f"Newcomer {number}", "signed_up_at": None, "tags": [], "custom_attributes": {}}
    if kind == "people":
        return {"user_id": f"drift-{number}", "email": f"drift{number}@example.com", **shared, "companies": []}
    return {"company_id": f"drift-{number}", **shared, "parent_companies": []}

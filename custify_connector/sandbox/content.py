"""Everything the emulated account holds: one table for each kind of object.

Decided here: how ids and times of new records are made, and that a change is seen by the next request.
This file does not know what is allowed in a record, nor HTTP.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from .dates import later_than, now
from .seeding import KINDS, generate
from .seeding.clock import sampled
from .table import Record, Revision, Shelf, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .endpoints.batches import Batch
    from .seeding import Seed

    Sample = Callable[[int], Record]

FINANCIAL = ("deals", "invoices", "subscriptions")
_NOT_SHOWN = ("id", "created_at", "updated_at")
_MOST_KEPT_IDS, _MOST_KEPT_BYTES = 2_000_000, 256_000_000
_NEVER_SHOWN = ("externalId",)


class Content:
    """The store. `content.people`, `content.companies` and so on are lists of public records, oldest first.

    `attribute_types` maps (kind, attribute) to the type that its first value fixed; `deduplicated` holds the
    deduplication ids of events; `batches` the batches taken, by id; `views` and `pages` what listings keep until the
    next change. Hold `lock` while using tables.
    """

    def __init__(self, seed: Seed, further: Mapping[str, Sample | None] | None = None) -> None:
        self.lock = threading.RLock()
        self.revision = Revision()
        known = dict.fromkeys(KINDS) | dict(further or {})
        made = {kind: sampled(order, sample) for order, (kind, sample) in enumerate(known.items()) if sample}
        self.tables = {kind: Table(made.get(kind) or seed.records.get(kind, ()), self.revision) for kind in known}
        self.attribute_types: dict[tuple[str, str], str] = dict(seed.attribute_types)
        self.deduplicated: set[str] = set()
        self.views: Shelf[Any] = Shelf(self.revision, _MOST_KEPT_IDS)
        self.pages: Shelf[Any] = Shelf(self.revision, _MOST_KEPT_BYTES)
        self._created = dict.fromkeys(self.tables, 0)
        self.batches: dict[str, Batch] = {}
        self.tables["survey_responses"].hide("survey", "created_at", "updated_at")
        self.show_financial_ids(shown=False)

    def __getattr__(self, kind: str) -> list[Record]:
        if kind == "tables" or kind not in self.tables:
            raise AttributeError(f"Content has no kind {kind!r}; the kinds are {', '.join(KINDS)}")
        return self.records(kind)

    def records(self, kind: str) -> list[Record]:
        """Return the public records of a kind, in the order of creation."""
        with self.lock:
            table = self.tables[kind]
            return [table.public(record) for record in table]

    def table(self, kind: str) -> Table:
        """Return the table of a kind; KeyError when there is no such kind."""
        return self.tables[kind]

    def show_financial_ids(self, *, shown: bool) -> None:
        """Show or hide id, created_at and updated_at of deals, invoices and subscriptions."""
        for kind in FINANCIAL:
            self.tables[kind].hide(*_NEVER_SHOWN, *(() if shown else _NOT_SHOWN))

    def create(self, kind: str, fields: Record) -> Record:
        """Store a new record with its own id and times, and return it."""
        stamp = now()
        record = {"id": self.new_id(kind), **fields, "created_at": stamp, "updated_at": stamp}
        return self.tables[kind].put(record)

    def update(self, kind: str, record: Record, changes: Record, removed: frozenset[str] = frozenset()) -> Record:
        """Replace a record by itself with `changes`, without `removed`, and with a later updated_at."""
        merged = {name: value for name, value in {**record, **changes}.items() if name not in removed}
        merged["updated_at"] = later_than(record.get("updated_at"))
        return self.tables[kind].put(merged)

    def new_id(self, kind: str) -> str:
        """Return an id for a new record of a kind, later than every other."""
        self._created[kind] += 1
        return f"6fffffff{list(self.tables).index(kind):010x}{self._created[kind]:06x}"


def seeded_content(
    people: int, companies: int, seed: int, further: Mapping[str, Sample | None] | None = None
) -> Content:
    """Return the content that belongs to these sizes and this seed, with the samples of `further` kinds."""
    return Content(generate(people, companies, seed), further)

"""How a list is answered: choose, filter, sort, cut a page, wrap it.

Decided here: the order of these steps, and that a chosen and sorted list is kept until the content changes.
This file does not know which lists there are.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .entity_filters import entity_predicate
from .fields import segments_of
from .item_filters import item_predicate, search_predicate
from .pages import Envelope, Found, enveloped, page_of
from .refusals import malformed
from .sorting import Order, Ordering, asked_order, sorted_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence

    from .call import Call
    from .content import Content
    from .table import Record
    from .wire import Reply

    Predicate = Callable[[Record], bool]
    Shape = Callable[[Record], Record]

SHAPING = ("properties", "includeSegments", "includeCounts")
ALWAYS = frozenset({"id", "name", "created_at", "updated_at"})


@dataclass(frozen=True)
class Listing:
    """A list of the API: its kind, plural key (its kind, if none is said), maximum a page, order and filters.

    `fields` are those it can be sorted by beside id and times, parted by blanks.
    `entity_readers` (from the content) mark a list with entity filters, `item_choices` one with item filters. `shape`
    returns how a request wants each record shaped, by the parameters of `SHAPING`; None as it is.
    """

    kind: str
    key: str = ""
    cap: int = 50
    envelope: Envelope = "object"
    ordering: Ordering = "none"
    default: Order = field(default_factory=Order)
    fields: str = ""
    search: tuple[str, ...] = ()
    entity_readers: Callable[[Content], Mapping[str, Callable[[Record], object]]] | None = None
    item_choices: Callable[[Content], Mapping[str, Callable[[Record, str], bool]]] | None = None
    shape: Callable[[Call], Shape | None] = lambda _: None


@dataclass(frozen=True)
class Scope:
    """Which records of a kind a list may hold at all; `name` distinguishes scopes."""

    name: Hashable
    records: Callable[[Content], Iterable[Record]] = field(compare=False)


def listed(call: Call, listing: Listing, scope: Scope | None = None) -> Reply:
    """Answer a list request; refuse malformed orders, filters and numbers (400)."""
    view = _view(call, listing, scope)
    page = page_of(call, listing.cap, len(view.ids))
    key = (view.key, page, *[call.text(name) for name in SHAPING])
    kept: Reply | None = call.content.pages.get(key)
    if kept is not None:
        return kept
    rows = _rows(call, listing, view.ids[page.start : page.stop])
    reply = enveloped(listing.envelope, listing.key or listing.kind, Found(rows, len(view.ids), page), call.quirks)
    if view.key is not None:
        call.content.pages.keep(key, reply, len(reply.body))
    return reply


@dataclass(frozen=True)
class _View:
    """The ids of a list in its order; `key` names it until the content changes, None when it is not to be kept."""

    key: Hashable
    ids: list[str]


def _view(call: Call, listing: Listing, scope: Scope | None) -> _View:
    order = asked_order(call, listing.ordering, listing.fields, listing.default)
    predicates = _predicates(call, listing)
    asked = (call.text("filters"), call.text("searchTerm")) if predicates else None
    key = (listing.kind, scope, order, asked)
    kept: _View | None = call.content.views.get(key)
    if kept is not None and not call.quirks.unstable_ties:
        return kept
    records = list(scope.records(call.content) if scope else call.content.table(listing.kind))
    for predicate in predicates:
        records = [record for record in records if predicate(record)]
    if call.quirks.unstable_ties:
        shuffle = random.Random()  # noqa: S311 - meant to differ each time
        return _View(None, sorted_ids(records, order, shuffle=shuffle))
    view = _View(key, sorted_ids(records, order))
    call.content.views.keep(key, view, len(view.ids))
    return view


def _predicates(call: Call, listing: Listing) -> list[Predicate]:
    predicates: list[Predicate] = []
    filters = call.json("filters") if listing.entity_readers or listing.item_choices else None
    if filters is not None and call.quirks.refuse_filters:
        raise malformed("filters are not supported here")
    if filters is not None and not call.quirks.ignore_filters:
        predicates.append(_filter(call, listing, filters))
    term = call.text("searchTerm")
    if term is not None and listing.search:
        predicates.append(search_predicate(term, listing.search))
    return predicates


def _filter(call: Call, listing: Listing, filters: object) -> Predicate:
    if listing.entity_readers is not None:
        return entity_predicate(filters, dict(listing.entity_readers(call.content)))
    choices = listing.item_choices(call.content) if listing.item_choices else {}
    return item_predicate(filters, dict(choices))


def _rows(call: Call, listing: Listing, ids: Sequence[str]) -> list[Record]:
    rows = call.content.table(listing.kind).shown(ids)
    shape = listing.shape(call)
    return rows if shape is None else [shape(row) for row in rows]


def entity_shape(kind: str) -> Callable[[Call], Shape | None]:
    """Return the `shape` of the list of people or companies."""

    def shape(call: Call) -> Shape | None:
        asked = call.text("properties") or call.flag("includeSegments")
        return (lambda record: shaped(call, kind, record)) if asked else None

    return shape


def shaped(call: Call, kind: str, record: Record) -> Record:
    """Return a person or company with only the `properties` asked for, and with its segments when asked for."""
    names = call.json("properties")
    shape = dict(record)
    if names is not None:
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise malformed("properties must be a JSON array of names")
        shape = _trimmed(record, names)
    if call.flag("includeSegments"):
        shape["segments"] = segments_of(call.content, kind, record)
    return shape


def _trimmed(record: Record, names: list[str]) -> Record:
    attributes = [name.partition(".")[2] for name in names if name.startswith("custom_attributes.")]
    shape = {name: value for name, value in record.items() if name in ALWAYS or name in names}
    if attributes and "custom_attributes" not in shape:
        held = record.get("custom_attributes", {})
        shape["custom_attributes"] = {name: held[name] for name in attributes if name in held}
    return shape


def without_counts(call: Call) -> Shape | None:
    """Return the `shape` of a list that leaves its counts out when the request says so."""
    if call.text("includeCounts") != "false":
        return None
    return lambda record: {name: value for name, value in record.items() if name != "company_counts"}

"""What the API does with the records of a kind: list, get, create, upsert, update, delete.

Decided here: the words that the table in `resources` is written in, and which refusal comes first.
This file names no kind of record.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.links import owner_of
from custify_connector.sandbox.listing import listed
from custify_connector.sandbox.refusals import missing
from custify_connector.sandbox.rules import checked

from .selecting import asked_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.listing import Listing
    from custify_connector.sandbox.routing import Answer
    from custify_connector.sandbox.rules import Rule
    from custify_connector.sandbox.sorting import Order
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

    from .selecting import Selector

    Operation = Callable[["Resource", Call], Reply]


@dataclass(frozen=True)
class Resource:
    """One entry of the table: the records of a kind, and the operations on them by `METHOD /path`.

    `one` names a record in a refusal. `rules` judge a body and `blank` is what a new record holds beside it; with
    `linked`, a body may name a company and a person; `derived` returns the fields that follow from what was sent.
    `sample` returns the fields of the n-th record of a new account, for a kind that `seeding` does not make.
    """

    listing: Listing
    one: str
    operations: Mapping[str, Operation]
    rules: Mapping[str, Rule] = field(default_factory=dict)
    blank: Record = field(default_factory=dict)
    linked: bool = False
    derived: Callable[[Content, Record], Record] = lambda _content, _sent: {}
    sample: Callable[[int], Record] | None = None

    @property
    def kind(self) -> str:
        """The table of the content that holds the records."""
        return self.listing.kind

    def answers(self) -> dict[str, Answer]:
        """Return the operations, each bound to this entry."""
        return {place: partial(operation, self) for place, operation in self.operations.items()}


def lists(select: Selector | None = None, *, default: Order | None = None) -> Operation:
    """Answer a page: of all records, or of those that `select` chooses, in another `default` order."""

    def answer(resource: Resource, call: Call) -> Reply:
        listing = resource.listing if default is None else replace(resource.listing, default=default)
        return listed(call, listing, select(resource, call) if select else None)

    return answer


def gets(resource: Resource, call: Call) -> Reply:
    """Answer the record with the id in the path, bare."""
    return _shown(resource, call, known(resource, call))


def creates(*, rank: str | None = None) -> Operation:
    """Create a record; with `rank`, that field puts it after all others."""

    def answer(resource: Resource, call: Call) -> Reply:
        fields = {**resource.blank, **_judged(resource, call)}
        if rank is not None:
            fields[rank] = max((one.get(rank) or 0 for one in call.content.table(resource.kind)), default=-1) + 1
        return _shown(resource, call, call.content.create(resource.kind, fields))

    return answer


def upserts(key: str) -> Operation:
    """Create a record, or update the first one with the same `key`."""

    def answer(resource: Resource, call: Call) -> Reply:
        sent = _judged(resource, call)
        content, kind = call.content, resource.kind
        found = content.table(kind).find(key, sent[key])
        stored = content.update(kind, found[0], sent) if found else content.create(kind, {**resource.blank, **sent})
        return _shown(resource, call, stored)

    return answer


def updates(*, whole: bool = True) -> Operation:
    """Update the record with the id in the path; unless `whole`, what a new one requires may be absent."""

    def answer(resource: Resource, call: Call) -> Reply:
        changed = call.content.update(resource.kind, known(resource, call), _judged(resource, call, whole=whole))
        return _shown(resource, call, changed)

    return answer


def deletes(resource: Resource, call: Call) -> Reply:
    """Delete the record with the id in the path."""
    call.content.table(resource.kind).remove(known(resource, call)["id"])
    return json_reply({"deleted": 1})


def deletes_by(key: str) -> Operation:
    """Delete the first record with the `key` that the query names; without one, refuse (400)."""

    def answer(resource: Resource, call: Call) -> Reply:
        table = call.content.table(resource.kind)
        found = table.find(*asked_key(call, key))
        if not found:
            raise missing(resource.one)
        table.remove(found[0]["id"])
        return json_reply({"deleted": 1})

    return answer


def known(resource: Resource, call: Call) -> Record:
    """Return the record with the id in the path; refuse an unknown one (404)."""
    record = call.content.table(resource.kind).get(call.arguments["id"])
    if record is None:
        raise missing(resource.one)
    return record


def _judged(resource: Resource, call: Call, *, whole: bool = True) -> Record:
    body = call.body()
    sent = checked(body, resource.rules, partial=not whole)
    owner = owner_of(call.content, body) if resource.linked else {}
    return {**sent, **owner, **resource.derived(call.content, sent)}


def _shown(resource: Resource, call: Call, record: Record) -> Reply:
    return json_reply(call.content.table(resource.kind).public(record))

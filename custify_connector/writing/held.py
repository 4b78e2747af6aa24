"""What the service holds of a record: the requests that read it, and which of the records in an answer is meant.

Pure. Decides whom an answer means, as the service does when the record is written. This file does not compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from custify_connector.checking.identity import key_of
from custify_connector.checking.texts import Json, fill, placeholders, query_text
from custify_connector.exchange.wire import Request, Response
from custify_connector.records.envelopes import unwrap
from custify_connector.writing.plan import HeldLookup, WritePlan

Record = Mapping[str, Any]

_GONE = frozenset({404, 410})


def lookups(plan: WritePlan, record: Record) -> Iterator[HeldLookup]:
    """Yield the ways to find a record, in the order in which the service looks: each after the last found nothing."""
    for lookup in plan.held.lookups if plan.held else ():
        if key_of(record, [lookup.by]) is not None:
            yield lookup
            if plan.held and set(lookup.by).isdisjoint(plan.held.fallthrough):
                return


def request_of(lookup: HeldLookup, record: Record) -> Request:
    """Return the request that reads what the service holds of a record."""
    path = fill(lookup.path, {name: query_text(record[name]) for name in placeholders(lookup.path)})
    return Request("GET", path, tuple((name, query_text(record[name])) for name in lookup.query))


def meant(plan: WritePlan, lookup: HeldLookup, record: Record, response: Response) -> list[dict[str, Any]] | None:
    """Return what the service holds of a record; None for an answer that does not say.

    One that has another value in a field by which the service looks first is another record.
    """
    if response.status in _GONE:  # a page that is no JSON says that the address is wrong
        return [] if isinstance(response.body, (dict, list)) else None
    if not response.ok or response.body is None:
        return None
    page = unwrap(response.body, lookup.envelope, lookup.records)
    if page is None or (page.total and not page.records):
        return None
    found = _of(lookup, record, page.records)
    if page.records and not found:
        return None
    before = [*_fallen_through(plan, lookup)]
    return [each for each in found if not any(_contradicts(record.get(name), each.get(name)) for name in before)]


def _fallen_through(plan: WritePlan, lookup: HeldLookup) -> Iterator[str]:
    """Yield the fields by which the service looked before it came to a look-up, and found nothing."""
    for earlier in plan.held.lookups if plan.held else ():
        if earlier == lookup:
            return
        yield from (name for name in earlier.by if plan.held and name in plan.held.fallthrough)


def _of(lookup: HeldLookup, record: Record, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the records that have the values of a look-up: those with their very letters, where there are any."""
    named = placeholders(lookup.path)
    alike = [
        each
        for each in found
        if all(
            _is_alike(record[name], each.get(name), is_asked=name in named and name not in each) for name in lookup.by
        )
    ]
    exact = [each for each in alike if all(str(each.get(name)) == str(record[name]) for name in lookup.by)]
    return exact or alike


def _is_alike(value: Json, held: Json, *, is_asked: bool) -> bool:
    """Return whether a record has a value, whatever the case of its letters; one that its path asked for is that one.

    A service that ignores a filter answers with others, which may not show the field.
    """
    return is_asked or str(held).casefold() == str(value).casefold()


def _contradicts(given: Json, held: Json) -> bool:
    return all(value is not None and value != "" for value in (given, held)) and str(given) != str(held)


def links_to_find(plan: WritePlan, record: Record, found: Record) -> Iterator[tuple[str, int, HeldLookup]]:
    """Yield the links of a record by a field that is not shown: the list, the place, and how to find the id."""
    for name, ways in plan.held.links.items() if plan.held else ():
        listed, shown = record.get(name), found.get(name)
        for place, link in enumerate(listed if isinstance(listed, list) and shown else ()):
            way = next((way for way in ways if key_of(link, [way.by]) is not None), None)
            if way and "id" not in link and not all(_shows(each, way) for each in shown or ()):
                yield name, place, way


def _shows(linked: Json, way: HeldLookup) -> bool:
    return isinstance(linked, Mapping) and all(name in linked for name in way.by)


def with_id(record: Record, name: str, place: int, own_id: Json) -> dict[str, Any]:
    """Return a record in which a link has the id of what it leads to, as the service shows links; None for no such."""
    links = [{**link, "id": own_id} if at == place else link for at, link in enumerate(record[name])]
    return {**record, name: links}

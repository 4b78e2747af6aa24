"""Reading one stream: which page to ask, what a page adds, when the end is reached, and what state says so.

Pure: pages in, steps out. The rules, and why no record is lost while others come and go:

* Records are asked for newest first, by a date that never changes. New records then push the others towards later
  pages, where they are met again and dropped as duplicates; only a deletion pulls records towards earlier pages,
  and it shows as a total that fell. Then a page is asked that lies astride the seam, and joins both sides of it.
* That holds for pages answered one after another. Pages asked ahead may be answered in any order, so their totals
  must be equal; once a total moved, some pages are read one by one. An incremental read, whose order moves with every
  change, is always read so.
* Records of one date may change places from answer to answer. Then some come a second time although the total did not
  move; a page astride the border shows them all in one answer, where no more share a date than half of it holds.
* A short page is never taken for the end by itself: the end is an empty page (or 404), or the exact total reached
  on a page that is shorter than pages are.
* A first page that is shorter than asked shows the service's cap; all later pages are asked at that size.

This file does not know requests in flight, the clock, or how a page travels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import orjson

from custify_connector.envelopes import Record
from custify_connector.identities import Seen, field_value, identities_of
from custify_connector.plans import ReadPlan, Slice
from custify_connector.values import moment_of, timestamp
from custify_connector.wire import Json, Request

SMALLEST_FULL_PAGE = 20
"""Custify's default page size: a parent's first page with fewer records is taken to be whole, when its total says so.

A stream of its own asks for one page more: a service may cap pages below its default, and count only what it shows.
With parents, most of which have few records or none, that would be as many requests again.
"""

FUTILE_RETREATS = 8
"""After so many steps back that brought nothing, a total that falls is taken for one that cannot be relied on."""

UNREST_PAGES = 10
"""So many pages are read one by one after a total moved: others are changing the account meanwhile."""

PROOF_OF_ORDER = 10
"""Fewer records in order may be so by chance; so far, all that were delivered are kept in mind by their identities."""

TIED_KEPT = 1000
"""So many records of one date are kept in mind at most: an import may give all of its records the same."""

NARROW_OVERLAP_DAYS = 2
"""Custify's day filters do not say whether a bound counts, nor in which time zone (Custify's docs, Filters)."""


@dataclass(frozen=True)
class Page:
    """One answered page: its records, and the identity of each; no records where the answer was 404.

    `after` tells that it was asked when the page before had been answered.
    """

    number: int
    records: list[Record]
    identities: list[str]
    total: int | None = None
    after: bool = True


@dataclass(frozen=True)
class Astride:
    """A page of another size than the others, so that it reaches to both sides of a border between them."""

    number: int
    size: int


@dataclass(frozen=True)
class Position:
    """How far a read has come: everything below `number` is delivered, down to the record whose date is `edge`."""

    number: int
    size: int | None
    total: int | None = None
    collected: int = 0
    fullest: int = 0
    top: str | None = None
    edge: str | None = None
    tail: tuple[str, ...] = ()
    ordered: bool = True
    floor: str | None = None
    concessions: tuple[str, ...] = ()
    unrest: int = 0
    moved: bool = False
    futile: int = 0
    covered: str | None = None
    previous: tuple[str, ...] = ()
    retreating: bool = False
    confirmed: bool = False
    resumed_at: int | None = None
    held: Page | None = None
    astride: Astride | None = None


@dataclass(frozen=True)
class Step:
    """What one page led to: new records, the position after them, and whether the stream has ended.

    `flush` tells that pages asked ahead no longer fit.
    """

    records: list[Record]
    position: Position
    done: bool = False
    flush: bool = False


def start(plan: ReadPlan, floor: str | None) -> Position:
    """Return the position before the first page; `floor` is the cursor of an incremental read."""
    if not plan.page:
        return Position(1, None, floor=floor)
    size = plan.page.size if plan.limit is None else min(plan.page.size, plan.limit)
    fresh = Position(plan.page.start, size, ordered=_date_field(plan, floor) is not None, floor=floor)
    part = plan.slice
    if part is None or part.end is None or part.page <= plan.page.start:
        return fresh
    # A slice begins like a read that goes on: its first page must reach back into the slice before it.
    return replace(fresh, number=part.page, resumed_at=part.page, edge=part.end)


def seen_before(position: Position) -> Seen:
    """Return the memory of identities with which a read begins or goes on."""
    return Seen(ordered=position.ordered, identities=position.tail)


def request(plan: ReadPlan, position: Position, number: int) -> Request:
    """Return the request for a page."""
    query = {**plan.query, **_order_query(plan, position)}
    if plan.since and plan.since.narrow and position.floor is not None and "narrow" not in position.concessions:
        query["filters"] = _narrowed(query.get("filters"), plan.since.cursor, position.floor)
    if plan.page:
        asked = position.astride or Astride(number, position.size or 0)
        query[plan.page.parameter] = str(asked.number)
        if plan.page.size_parameter:
            query[plan.page.size_parameter] = str(asked.size)
    path = plan.fallback_path if plan.fallback_path and "path" in position.concessions else plan.path
    return Request(plan.method, path, tuple(query.items()), plan.body)


def _order_query(plan: ReadPlan, position: Position) -> Mapping[str, str]:
    if "order" in position.concessions:
        return {}
    if plan.since and position.floor is not None:
        return plan.since.query
    return plan.order.query if plan.order else {}


def concede(plan: ReadPlan, position: Position, status: int) -> Position | None:
    """Return the position from which to ask more plainly after a refusal; None when there is nothing to give up.

    Custify's docs do not show that every date can be filtered and sorted by, and give two paths for time tracks:
    what is refused is left out, once for the whole run.
    """
    can = {
        "path": status == _NOT_FOUND and plan.fallback_path is not None,
        "narrow": status in _BAD_REQUESTS and _is_narrowed(plan, position),
        "order": status in _BAD_REQUESTS and bool(_order_query(plan, position)),
    }
    word = next((word for word, possible in can.items() if possible and word not in position.concessions), None)
    if word is None:
        return None
    return replace(position, concessions=(*position.concessions, word), ordered=position.ordered and word != "order")


_NOT_FOUND, _BAD_REQUESTS = 404, frozenset({400, 422})


def _is_narrowed(plan: ReadPlan, position: Position) -> bool:
    return plan.since is not None and plan.since.narrow is not None and position.floor is not None


def _narrowed(filters: str | None, cursor: str, floor: str) -> str:
    """Add "changed after that day" to the user's own filters; they are joined by AND (Custify's docs, Filters)."""
    day = date.fromisoformat(floor[:10]) - timedelta(days=NARROW_OVERLAP_DAYS)
    newer = {"fieldName": cursor, "fieldType": "Date", "filterType": "after", "filterValue": day.isoformat()}
    return orjson.dumps([*(orjson.loads(filters) if filters else []), newer]).decode()


def ahead(plan: ReadPlan, position: Position, count: int) -> range:
    """Return the numbers of at most `count` pages worth asking now, the next one first."""
    alone = position.retreating or position.resumed_at is not None or position.unrest or position.floor is not None
    if not (plan.page and position.total and position.size and position.ordered) or alone:
        return range(position.number, position.number + 1)
    wanted = position.total if plan.limit is None else min(position.total, plan.limit)
    last = plan.page.start - 1 - (-wanted // position.size)
    if plan.slice:
        last = min(last, plan.slice.page + plan.slice.pages)
    return range(position.number, max(position.number + 1, min(position.number + count, last + 1)))


def absorb(plan: ReadPlan, position: Position, page: Page, seen: Seen) -> Step:
    """Take in one answered page."""
    if not plan.page:
        return _deliver(plan, position, page, seen, done=True)
    page = _believed(plan, position, page)
    if not page.records:
        return _at_the_end(plan, position, page)
    if page.number > plan.page.start and tuple(page.identities) == position.previous and not position.retreating:
        return _same_page_again(position, page)
    return _seam(plan, position, page) or _deliver(plan, position, page, seen)


def _believed(plan: ReadPlan, position: Position, page: Page) -> Page:
    """Return the page without a total that its own records contradict."""
    assert plan.page  # noqa: S101 - only paged streams come here
    least = _reach(plan, position, page)
    impossible = page.total is not None and page.records and page.total < least
    return replace(page, total=None) if impossible else page


def _reach(plan: ReadPlan, position: Position, page: Page) -> int:
    """Return how many records there are down to the end of a page."""
    assert plan.page  # noqa: S101 - only paged streams come here
    asked = position.astride or Astride(page.number, position.size or 0)
    return (asked.number - plan.page.start) * asked.size + len(page.records)


def _at_the_end(plan: ReadPlan, position: Position, page: Page) -> Step:
    """Take an empty page for the end, unless the total says that records may have slipped past: then look back once."""
    assert plan.page  # noqa: S101 - only paged streams come here
    if position.astride:
        return _retreat(position, page.number)
    missing = position.total is not None and position.collected < position.total and not position.confirmed
    slipped = _fell(position, page) and position.futile < FUTILE_RETREATS
    if page.number > plan.page.start and (missing or slipped):
        return _retreat(replace(position, confirmed=True), page.number - 1)
    return Step([], position, done=True)


def _same_page_again(position: Position, page: Page) -> Step:
    """End when the last page comes again: a service without further pages, or without pages, may answer so.

    Unless its total moved: then as many records were created meanwhile as a page holds.
    """
    if _moved(position, page):
        return Step([], replace(position, number=page.number + 1, total=page.total))
    return Step([], position, done=True)


def _seam(plan: ReadPlan, position: Position, page: Page) -> Step | None:
    """Return a step back when records may have slipped between the pages delivered and this one; None when not."""
    assert plan.page  # noqa: S101 - only paged streams come here
    if page.number <= plan.page.start or (position.edge is None and not position.tail):
        return None
    if position.retreating or position.resumed_at is not None:
        return None if _overlaps(plan, position, page) else _retreat(position, page.number - 1)
    known = set(position.tail).intersection(page.identities)
    if known:
        held = replace(position, held=page)
        again = _is_reordered(plan, position, page, len(known))
        return _retreat(held, page.number - 1, _astride(plan, position, page.number)) if again else None
    if _fell(position, page) and position.futile < FUTILE_RETREATS:
        held = replace(position, held=page, unrest=UNREST_PAGES)
        return _retreat(held, page.number - 1, _astride(plan, position, page.number))
    if page.total != position.total and not page.after:
        return Step([], replace(position, unrest=UNREST_PAGES), flush=True)
    return None


def _fell(position: Position, page: Page) -> bool:
    return page.total is not None and position.total is not None and page.total < position.total


def _is_reordered(plan: ReadPlan, position: Position, page: Page, known: int) -> bool:
    """Tell whether records of one date changed places: some came again though none is new, so as many are missing."""
    still = page.total is not None and page.total == position.total and not position.moved
    return still and position.collected + len(page.records) - known < _reach(plan, position, page)


def _moved(position: Position, page: Page) -> bool:
    return page.total is not None and position.total is not None and page.total != position.total


def _overlaps(plan: ReadPlan, position: Position, page: Page) -> bool:
    """Tell whether a page reaches back into what was delivered."""
    value = _date(plan, position, page.records[0])
    above = position.ordered and value is not None and position.edge is not None and value > position.edge
    # One at the edge, of which others may be of the same date, tells only where nothing of that date was delivered.
    at = position.ordered and not position.tail and value == position.edge
    return above or at or not set(position.tail).isdisjoint(page.identities)


def _retreat(position: Position, number: int, astride: Astride | None = None) -> Step:
    return Step([], replace(position, number=number, retreating=True, astride=astride), flush=True)


def _astride(plan: ReadPlan, position: Position, number: int) -> Astride | None:
    """Return the smaller page that reaches furthest to both sides of where page `number` begins; None if none does.

    What it shows is of one moment: it holds records on both sides, so none between them can slip past, and the read
    goes on behind them. To ask the page before again would show the records on one side alone.
    """
    assert plan.page  # noqa: S101 - only paged streams come here
    size, border = position.size or 0, (number - plan.page.start) * (position.size or 0)
    if plan.page.size_parameter is None or size < _SMALLEST_ASTRIDE:
        return None
    best = max(range(size // 2 + 1, size), key=lambda one: min(border % one, one - border % one))
    return Astride(plan.page.start + border // best, best) if border % best else None


_SMALLEST_ASTRIDE = 4


def _deliver(plan: ReadPlan, position: Position, page: Page, seen: Seen, *, done: bool = False) -> Step:
    after = _advanced(plan, position, page)
    if not after.ordered:
        seen.lose_order()
    records = _new(plan, position, page, seen, ordered=after.ordered)
    held = position.held
    if held is not None and held.identities[0] in page.identities:
        after = _advanced(plan, after, held)
        records += _new(plan, after, held, seen, ordered=after.ordered)
    collected = position.collected + len(records)
    after = replace(
        after,
        collected=collected,
        tail=_known(plan, position, after, records) if collected < PROOF_OF_ORDER else after.tail,
        confirmed=position.confirmed and not records,
        futile=0 if records else position.futile + position.retreating,
    )
    return Step(_kept(plan, after, records), after, done or _ended(plan, position, after, page), position.retreating)


def _known(plan: ReadPlan, position: Position, after: Position, records: list[Record]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*position.tail, *after.tail, *identities_of(records, plan.key))))


def _advanced(plan: ReadPlan, position: Position, page: Page) -> Position:
    """Return the position after a page that joins on to what was delivered."""
    values = _dates(plan, position, page.records)
    follows = position.top is not None and not position.retreating and position.resumed_at is None
    ordered = position.ordered and _descending([position.top, *values] if follows else values)
    # A page that lies wholly above the edge, pushed there by newcomers, moves neither the edge nor what is known there.
    last = values[-1] if values else None
    above = ordered and position.edge is not None and last is not None and last > position.edge
    return replace(
        position,
        number=_following(plan, position, page),
        size=_learned_size(plan, position, page),
        total=position.total if page.total is None else page.total,
        moved=position.moved or _moved(position, page),
        unrest=UNREST_PAGES if _moved(position, page) else max(0, position.unrest - 1),
        fullest=max(position.fullest, len(page.records)),
        # The page after one astride may begin above it, so nothing is held against that.
        top=None if position.astride else values[0] if values else position.top,
        edge=position.edge if above or last is None else last,
        tail=position.tail if above else _tail(position, page, last),
        previous=tuple(page.identities),
        ordered=ordered,
        retreating=False,
        resumed_at=None,
        held=None,
        astride=None,
    )


def _tail(position: Position, page: Page, last: str | None) -> tuple[str, ...]:
    """Return what is known at the edge: the page's records, and those before them that may be of the edge's date."""
    if last is None or last != position.edge:
        return tuple(page.identities)
    return tuple(dict.fromkeys((*position.tail, *page.identities)))[-TIED_KEPT:]


def _following(plan: ReadPlan, position: Position, page: Page) -> int:
    """Return the page after this one; after one astride, the one that its end lies in."""
    if position.astride is None or plan.page is None:
        return page.number + 1
    return plan.page.start + _reach(plan, position, page) // (position.size or 1)


def _learned_size(plan: ReadPlan, position: Position, page: Page) -> int | None:
    """Return the size to ask for: a first page shorter than asked shows the service's cap.

    Asking on at that size is right whether the service counts pages by its cap or by what was asked.
    """
    first = plan.page is not None and page.number == plan.page.start and position.collected == 0
    return min(position.size or 0, len(page.records)) if first and page.records else position.size


def is_ordered(plan: ReadPlan, page: Page) -> bool:
    """Tell whether a page's records come newest first by the date of the plan's order."""
    return plan.order is not None and _descending([_moment(record.get(plan.order.field)) for record in page.records])


def _moment(value: Json) -> str | None:
    """Return a date as text that sorts by time: Custify writes UTC with a Z; any other zone is turned into it."""
    if not isinstance(value, str) or value.endswith("Z"):
        return value if isinstance(value, str) else None
    try:
        return timestamp(moment_of(value))
    except (ValueError, OverflowError):
        return value


def _descending(values: list[str | None]) -> bool:
    """Tell whether dates come newest first; they are compared as text, so one without a date breaks the order."""
    return None not in values and values == sorted(values, reverse=True)  # type: ignore[type-var] # None was looked for


def _new(plan: ReadPlan, position: Position, page: Page, seen: Seen, *, ordered: bool) -> list[Record]:
    """Return the records of a page that were not delivered before."""
    fresh = seen.unseen(page.records, page.identities)
    covered = position.covered
    if covered is None or not ordered:
        return fresh
    # A run that goes on knows only the last page of the one before by its identities; the rest it knows by the order.
    return [record for record in fresh if (_date(plan, position, record) or "") <= covered]


def _kept(plan: ReadPlan, position: Position, records: list[Record]) -> list[Record]:
    """Leave out what belongs to another slice, or what an incremental read has had before.

    A record without a date is in the last slice, and is never left out of an incremental read.
    """
    if plan.slice and plan.order:
        dated = [(record, _moment(field_value(record, plan.order.field))) for record in records]
        records = [record for record, moment in dated if _is_in(plan.slice, moment)]
    floor = position.floor
    if plan.since is None or floor is None:
        return records
    dated = [(record, _moment(field_value(record, plan.since.cursor))) for record in records]
    return [record for record, moment in dated if moment is None or moment >= floor]


def _is_in(part: Slice, moment: str | None) -> bool:
    if moment is None:
        return part.start is None
    return (part.start is None or moment >= part.start) and (part.end is None or moment < part.end)


def _ended(plan: ReadPlan, before: Position, after: Position, page: Page) -> bool:
    if plan.slice and plan.slice.start and after.ordered and after.edge is not None and after.edge < plan.slice.start:
        return True
    if after.floor is not None and after.ordered and after.edge is not None and after.edge < after.floor:
        return True
    full = before.astride.size if before.astride else before.fullest or (SMALLEST_FULL_PAGE if plan.bound else 1)
    return after.total == after.collected and len(page.records) < full


def _date_field(plan: ReadPlan, floor: str | None) -> str | None:
    if plan.since and floor is not None:
        return plan.since.cursor
    return plan.order.field if plan.order and plan.order.descending else None


def _dates(plan: ReadPlan, position: Position, records: list[Record]) -> list[str | None]:
    name = _date_field(plan, position.floor)
    if name is None:
        return [None] * len(records)
    found: list[Any] = [record.get(name) for record in records]
    in_utc = set(map(type, found)) <= {str} and {value[-1:] for value in found} <= {"Z"}
    return found if in_utc else [*map(_moment, found)]


def _date(plan: ReadPlan, position: Position, record: Mapping[str, Any]) -> str | None:
    name = _date_field(plan, position.floor)
    return _moment(record.get(name)) if name else None


def shortfall(plan: ReadPlan, position: Position) -> int:
    """Return how many records of a finished read never came, as far as an unmoved total can tell."""
    if position.total is None or position.moved or position.floor is not None or plan.slice:
        return 0
    return max(0, position.total - position.collected)


def within(plan: ReadPlan, step: Step, limit: int) -> Step:
    """Return a step cut to at most `limit` records; its position asks for the rest of the page again."""
    if len(step.records) <= limit:
        return step
    kept, dropped = step.records[:limit], step.records[limit:]
    left_out = set(identities_of(dropped, plan.key))
    position = replace(
        step.position,
        tail=tuple(identity for identity in step.position.tail if identity not in left_out),
        edge=_date(plan, step.position, kept[-1]),
        collected=step.position.collected - len(dropped),
    )
    return Step(kept, position, done=False, flush=step.flush)

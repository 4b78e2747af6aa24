"""How far the read of a stream has come, as frozen values: the place in the pages, what was delivered, the doubts.

Pure. Decides where a read begins. Does not know which page to ask, or which records are new.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from custify_connector.checking.values import sortable
from custify_connector.reading.order import date_field
from custify_connector.reading.page import Page
from custify_connector.reading.plan import ReadPlan
from custify_connector.records.envelopes import Record
from custify_connector.records.identities import Seen

Probe = Literal["due", "count", "last", "none", "all"]

OVERLAP = 2
"""The last record delivered and one before it: where their dates differ, the page holds all that is between."""


@dataclass(frozen=True)
class Place:
    """Where in the pages a read is, and what the pages so far showed of the service."""

    number: int
    """The page to ask next."""

    size: int | None
    """The most records that a page is asked for; None without pages. A first page may lower it, to the cap it shows."""

    total: int | None = None
    """The last total that the service gave and that its own records did not contradict; None while there was none."""

    collected: int = 0
    """How many different records came, also those that a slice or the floor leaves out of the batches."""

    fullest: int = 0
    """The most records that one page had."""

    asked: int | None = None
    """How many records the next page is asked for, where that is not `size`: `number` counts pages of so many."""

    reached: int = 0
    """How many records lie above the end of the last page, as the service counted when it answered."""

    overlap: int = OVERLAP
    """How many records the next page shares with the last one, at least. It grows where so many did not join them."""


@dataclass(frozen=True)
class Delivered:
    """What is known of the records that came: whether they are in order, and which are at the edge, the oldest end.

    Dates are texts that sort by time. `top`, `edge` and `covered` stay None where no order is asked for.
    """

    ordered: bool = True
    """Every record so far came newest first. Once False, it stays False for the whole run."""

    top: str | None = None
    """The date of the newest record of the first page: what is newer was created since."""

    edge: str | None = None
    """The date of the oldest record that came. In order, every record that is newer came too."""

    tail: tuple[str, ...] = ()
    """The identities of the records at the edge: those of the last page, and all before them that share its last date,
    at most `TIED_KEPT`. While the order is not proven (`PROOF_OF_ORDER`) or not kept, those of all records that came.
    """

    previous: tuple[str, ...] = ()
    """The identities of exactly the last page, in its order: the next page must resume from them."""

    covered: str | None = None
    """For a resumed read: the edge of the runs before it. While the order holds, what is newer was delivered by them
    or was created after they began, and is left out. None where those runs did not prove the order."""


@dataclass(frozen=True)
class Doubts:
    """Why records may have slipped past, and what is done about it. Empty while there is no doubt."""

    is_resumed: bool = False
    """The next page is the first of a resumed read, or of a slice: it must overlap with what was delivered before."""

    is_stepping_back: bool = False
    """The next page was asked to find where it joins on to what was delivered; until then, one further up is asked."""

    fruitless: int = 0
    """How many steps back led to no new record. After `FRUITLESS_STEPS` a page is used though it does not join."""

    joined: int = 0
    """How many pages in a row joined on, and brought something new, since the last step back."""

    end_checked: bool = False
    """An empty page was met too early, and what is above it is looked at once more: the next empty page is believed.
    Cleared by a new record."""

    is_unproven: bool = False
    """A page was used that does not join on to what was delivered: only the count can say whether all came."""

    has_gap: bool = False
    """Pages that should hold records, as the service counts them, were empty: something is missing for certain."""

    below_end: int = 0
    """How many pages were asked below the one that seems to be the last, where no total says whether it is."""

    idle: int = 0
    """How many pages in a row brought nothing new. Bounded, or an account that grows quickly would be read for ever."""

    same: int = 0
    """How many times in a row a page further down was the last page again."""

    probe: Probe = "due"
    """Whether an incremental read has looked at the end of the list: records without a readable date stand there, below
    its cursor, so they are met only where the read continues to the end (`all`)."""

    below: tuple[int, tuple[str, ...]] | None = None
    """The total and the identities of the last page that began at the border, where none can begin above it and end
    below it. The same again, after the page above it, shows that nothing moved across."""

    total_moved: bool = False
    """The total changed, or a page showed more records: it cannot say how many records are missing in this run."""


@dataclass(frozen=True)
class Position:
    """How far a read has come. A value for each page: a new page gives a new position."""

    place: Place
    delivered: Delivered = field(default_factory=Delivered)
    doubts: Doubts = field(default_factory=Doubts)

    floor: str | None = None
    """The cursor that an incremental read starts from; None in a full read. It does not change during a run."""

    fallbacks: tuple[str, ...] = ()
    """What requests leave out since the service refused it: `path`, `narrow`, `order`. It only grows."""


@dataclass(frozen=True)
class Step:
    """What one page led to: new records, the position after them, and whether the stream has ended.

    `flush` says that pages asked ahead no longer fit.
    """

    records: list[Record]
    position: Position
    done: bool = False
    flush: bool = False


def start(plan: ReadPlan, floor: str | None) -> Position:
    """Return the position before the first page; `floor` is the cursor of an incremental read."""
    floor = sortable(floor) or floor
    if not plan.page:
        return Position(Place(1, None), floor=floor)
    size = plan.page.size if plan.limit is None else min(plan.page.size, plan.limit)
    ordered = date_field(plan, floor) is not None
    part = plan.slice
    if part is None or part.end is None or part.page <= plan.page.start:
        return Position(Place(plan.page.start, size), Delivered(ordered), floor=floor)
    # A slice begins like a resumed read: its first page must overlap with the slice before it.
    place = Place(part.page, size, reached=(part.page - plan.page.start + 1) * size, overlap=size)
    return Position(place, Delivered(ordered, edge=part.end), Doubts(is_resumed=True), floor)


def seen_before(position: Position) -> Seen:
    """Return the memory of identities with which a read begins or resumes."""
    return Seen(ordered=position.delivered.ordered, identities=position.delivered.tail)


def begins(plan: ReadPlan, position: Position, page: Page) -> int:
    """Return how many records there are above a page."""
    assert plan.page  # noqa: S101 - only paged streams come here
    return (page.number - plan.page.start) * (page.asked or position.place.size or 0)


def reach(plan: ReadPlan, position: Position, page: Page) -> int:
    """Return how many records there are down to the end of a page."""
    return begins(plan, position, page) + len(page.records)


def without_order(position: Position) -> Position:
    """Return the position of a read that does not rely on an order."""
    return replace(position, delivered=replace(position.delivered, ordered=False))

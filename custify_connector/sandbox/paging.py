"""Which rows a page holds.

Decided here: what page, itemsPerPage and the maximum of an endpoint make of a list of so many rows.
Source: Custify's docs, Pagination. This file does not know which list it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .refusals import malformed, missing

if TYPE_CHECKING:
    from .call import Call

DEFAULT_SIZE = 20


@dataclass(frozen=True)
class Page:
    """Rows `start` to `stop` (not included), for the page `number` of `size` rows that was asked for."""

    number: int
    size: int
    start: int
    stop: int


def page_of(call: Call, cap: int, total: int) -> Page:
    """Return the page that is asked of a list of `total` rows; refuse numbers below one (400)."""
    quirks = call.quirks
    number, asked = _positive(call, "page", 1), _positive(call, "itemsPerPage", DEFAULT_SIZE)
    cap = min(cap, quirks.page_cap) if quirks.page_cap else cap
    if asked > cap and quirks.over_cap == "refuse":
        raise malformed(f"itemsPerPage must be at most {cap}")
    size = min(asked, cap)
    start = (number - 1) * (asked if quirks.cap_style == "offset" else size)
    if start >= total and number > 1 and quirks.past_end == "missing":
        raise missing("page")
    return Page(number, size, start, start + size)


def _positive(call: Call, name: str, default: int) -> int:
    text = call.text(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise malformed(f"{name} must be a whole number of at least 1")
    return int(text)

"""Pages: which rows one holds, and what stands around them.

Decided here: what page, itemsPerPage and the maximum of an endpoint make of a list of so many rows; the shape of every
list's answer, and what the quirks make of its keys and its total.
Source: Custify's docs, Pagination, and the answers of each list. This file does not know how rows are chosen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import orjson

from .refusals import malformed, missing
from .wire import Reply

if TYPE_CHECKING:
    from .call import Call
    from .quirks import Quirks
    from .table import Record

Envelope = Literal["object", "array", "numbered", "bare", "single"]
_HIGH = 100
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
        raise malformed(f"{name} must be an integer of at least 1")
    return int(text)


@dataclass(frozen=True)
class Found:
    """The rows of one page of a list of `total` rows."""

    rows: list[Record]
    total: int
    page: Page


def enveloped(envelope: Envelope, key: str, found: Found, quirks: Quirks) -> Reply:
    """Return the page: an object by plural `key`, that object in an array, one with its numbers, or the bare rows."""
    rows = [_with_underscore(row) for row in found.rows] if quirks.underscore_id else found.rows
    if envelope == "single" and len(rows) == 1 and (quirks.single_bare == "page" or found.total == 1):
        return Reply(200, orjson.dumps(rows[0]))
    # The rows become JSON in one go: a page is large, and every copy of it costs more than all the rest of an answer.
    before, after = _around(envelope, key, found, quirks)
    return Reply(200, b"".join((before, orjson.dumps(rows), after)))


def _around(envelope: Envelope, key: str, found: Found, quirks: Quirks) -> tuple[bytes, bytes]:
    """Return what stands before and after the rows."""
    if envelope == "bare":
        return b"", b""
    before = b'{"' + (quirks.alternative_keys or key).encode() + b'":'
    after = _total(found, quirks)
    if envelope == "numbered":
        after += f',"page":{found.page.number},"itemsPerPage":{found.page.size}'.encode()
    if envelope == "array" and quirks.people_envelope == "array":
        return b"[" + before, after + b"}]"
    return before, after + b"}"


def _with_underscore(row: Record) -> Record:
    return {"_id" if name == "id" else name: value for name, value in row.items()}


def _total(found: Found, quirks: Quirks) -> bytes:
    total = found.total
    text = {
        "right": str(total),
        "low": str(total // 2),
        "high": str(total + _HIGH),
        "zero": "0",
        "text": f'"{total}"',
        "page": str(len(found.rows)),
    }.get(quirks.total)
    return b"" if text is None else b',"total":' + text.encode()

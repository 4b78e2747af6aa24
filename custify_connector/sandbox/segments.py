"""Who belongs to which segment.

Decided here: membership, which the docs leave to the account's own conditions: here it follows from the record's id.
Shown by `includeSegments` and used by filters on `buckets`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .content import Content
    from .table import Record

_ONE_IN = 8


def segments_of(content: Content, kind: str, record: Record) -> list[Record]:
    """Return the segments that a record of `people` or `companies` belongs to, as {id, name}."""
    wanted = "people" if kind == "people" else "company"
    number = int(record["id"][-6:], 16)
    segments = [one for one in content.table("segments") if one["type"] == wanted]
    return [
        {"id": one["id"], "name": one["name"]} for place, one in enumerate(segments) if (number + place) % _ONE_IN == 0
    ]

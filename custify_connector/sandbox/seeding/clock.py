"""The times and ids of seeded records.

Decided here: the span of time in which the account was filled, and that ids grow in the order of creation.
This file does not know what is created.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from custify_connector.sandbox.dates import iso

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_MS = 1_672_531_200_000  # 2023-01-01
LAST_MS = 1_782_777_600_000  # 2026-06-30, past which nothing seeded lies
SPAN_MS = LAST_MS - FIRST_MS - 86_400_000
DAY_MS = 86_400_000
_TIE_EVERY = 9


def identifier(kind: int, milliseconds: int, index: int) -> str:
    """Return the 24 hexadecimal digits of record `index` of a kind, created at this time."""
    return f"{milliseconds // 1000:08x}{kind:010x}{index:06x}"


def created_ms(index: int, count: int, draw: int) -> int:
    """Return the time record `index` of `count` was created: never before the one before, now and then the same."""
    step = SPAN_MS // count
    if index % _TIE_EVERY == _TIE_EVERY - 1:
        return FIRST_MS + (index - 1) * step + step // 2
    if index % _TIE_EVERY == _TIE_EVERY - 2:
        return FIRST_MS + index * step + step // 2
    return FIRST_MS + index * step + draw % step


def updated_ms(created: int, draw: int) -> int:
    """Return a time at or after `created`, within the span."""
    return created + draw % (LAST_MS - created)


def stamps(index: int, count: int, draw: int) -> dict[str, str]:
    """Return created_at and updated_at of record `index` of `count`; `draw` is a random number."""
    created = created_ms(index, count, draw)
    return {"created_at": iso(created), "updated_at": iso(updated_ms(created, draw >> 7))}


def sampled(order: int, sample: Callable[[int], dict[str, Any]], count: int = 60) -> tuple[dict[str, Any], ...]:
    """Return the records of a kind from its sample, each with its id and times; `order` distinguishes the kinds."""
    draws = random.Random(order)  # noqa: S311 - made-up records
    numbered = [(index, draws.getrandbits(64)) for index in range(count)]
    return tuple(
        {
            "id": identifier(0x200 + order, created_ms(index, count, draw), index),
            **sample(index),
            **stamps(index, count, draw),
        }
        for index, draw in numbered
    )

"""A delivery without a usable answer, though the service is alive: the records that are the reason are isolated.

Custify answers some malformed records with a server error. Such a record must neither take others with it nor be
mistaken for a service that is down.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from custify_connector.writing.delivery import Delivered, Delivery
from custify_connector.writing.receipts import blamed
from custify_connector.writing.requests import Prepared


def delivered(delivery: Delivery, records: tuple[Prepared, ...], is_alive: Callable[[], bool]) -> Delivered:
    """Deliver records; where they get no usable answer together, their halves are tried."""
    whole = delivery.deliver(records)
    if whole.answered or not whole.suspect:
        return whole
    if not is_alive():
        return replace(whole, suspect=False)
    if len(records) == 1 or not all(each.repeatable for each in records):
        return whole
    half = len(records) // 2
    first = delivered(delivery, records[:half], is_alive)
    # Where not one of the first half was answered, the service may be down for writes: the rest is tried once.
    again = delivered if first.answered else _once
    return joined(first, again(delivery, records[half:], is_alive))


def _once(delivery: Delivery, records: tuple[Prepared, ...], _is_alive: Callable[[], bool]) -> Delivered:
    return delivery.deliver(records)


def joined(*parts: Delivered) -> Delivered:
    """Return deliveries as one; a suspect beside one that was answered is at fault itself."""
    answered = any(part.answered for part in parts)
    receipts = tuple(
        blamed(receipt) if answered and part.suspect else receipt for part in parts for receipt in part.receipts
    )
    error = next((part.error for part in parts if part.error), None)
    suspect = not answered and all(part.suspect for part in parts)
    return Delivered(receipts, error, answered=answered, suspect=suspect)

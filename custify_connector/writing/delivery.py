"""A way to deliver records, as `dispatch` uses it: `single`, `gathered` or `batch`."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConnectorError
from custify_connector.writing.receipts import not_tried
from custify_connector.writing.requests import Prepared


@dataclass(frozen=True)
class Delivered:
    """The outcome of the records of one delivery, in their order.

    `error` is one that affects the whole run; `answered` is whether the service gave a usable answer, and `sent`
    whether it was asked at all. `suspect` is one without a usable answer that its own records may be the reason of.
    """

    receipts: tuple[Receipt, ...]
    error: ConnectorError | None = None
    answered: bool = True
    sent: bool = True
    suspect: bool = False


ENDED = "the run was stopped"


def ended(records: tuple[Prepared, ...]) -> Delivered:
    """Return what becomes of records whose turn came when the run had ended."""
    return Delivered(tuple(not_tried(each.index, ENDED, each.key) for each in records), sent=False)


class Delivery(Protocol):
    """Turns records into requests, and sends them; `deliver` is called from several threads."""

    @property
    def size(self) -> int:
        """How many records are delivered together at most."""

    @property
    def stop(self) -> threading.Event:
        """Set when the run has ended: no request is repeated then, and no wait is prolonged."""

    def alike(self, record: Prepared) -> object:
        """Return what is equal in records that may be delivered together."""

    def prepare(self, index: int, record: object) -> Prepared | Receipt:
        """Return a record's request, or its receipt when there is nothing to send."""

    def deliver(self, records: tuple[Prepared, ...]) -> Delivered:
        """Send records until the outcome of each is known, or must stay unclear."""

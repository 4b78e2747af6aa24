"""Gathered delivery: records that differ in one item of a list alone, sent in one call.

Decides which records may share a call, and what a shared answer means for each. This file does not know in which order
calls are made.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

from custify_connector.checking.values import dumped
from custify_connector.contract import Receipt
from custify_connector.exchange.client import Client
from custify_connector.manifest import Gather
from custify_connector.writing.delivery import Delivered
from custify_connector.writing.isolating import joined
from custify_connector.writing.plan import WritePlan
from custify_connector.writing.requests import Prepared
from custify_connector.writing.single import SingleDelivery
from custify_connector.writing.stopping import UNANSWERED_IN_A_ROW


class GatheredDelivery:
    """Sends records together while they are alike, and one by one where the service refuses them together."""

    def __init__(self, client: Client, plan: WritePlan) -> None:
        assert plan.gather is not None  # noqa: S101 - checked by the caller
        self._rule: Gather = plan.gather
        self._single = SingleDelivery(client, plan)
        self.size = plan.gather.most

    @property
    def stop(self) -> threading.Event:
        """See `Delivery.stop`."""
        return self._single.stop

    def alike(self, record: Prepared) -> object:
        """Return the call without its item; what has several items, or must not be repeated, is like no other."""
        body = record.request.body
        items = body.get(self._rule.list) if isinstance(body, dict) else None
        if not isinstance(items, list) or len(items) != 1 or not record.repeatable:
            return record.index
        return dumped([record.request.method, record.request.target, {**body, self._rule.list: None}])

    def prepare(self, index: int, record: object) -> Prepared | Receipt:
        """Return a record's own request, or the receipt of its rejection."""
        return self._single.prepare(index, record)

    def deliver(self, records: tuple[Prepared, ...]) -> Delivered:
        """Send records in one call; each is sent alone when that call is refused, so that each has its own reason."""
        if len(records) == 1:
            return self._single.deliver(records)
        delivered = self._single.deliver((self._together(records),))
        if delivered.receipts[0].outcome == "rejected":
            return self._alone(records)
        return replace(delivered, receipts=_shared(delivered.receipts[0], records))

    def _together(self, records: tuple[Prepared, ...]) -> Prepared:
        name = self._rule.list
        items = [item for each in records for item in each.request.body[name]]
        request = records[0].request
        body: dict[str, Any] = {**request.body, name: items}
        return replace(records[0], request=replace(request, body=body))

    def _alone(self, records: tuple[Prepared, ...]) -> Delivered:
        """Send records one by one, up to an error that affects the whole run, or a service that falls silent."""
        parts: list[Delivered] = []
        for number, each in enumerate(records):
            parts.append(self._single.deliver((each,)))
            silent = not any(part.answered for part in parts[-UNANSWERED_IN_A_ROW:])
            if parts[-1].error or (silent and number + 1 >= UNANSWERED_IN_A_ROW):
                rest = replace(parts[-1], receipts=_shared(parts[-1].receipts[0], records[number + 1 :]))
                return joined(
                    *parts[:-UNANSWERED_IN_A_ROW], *map(_unsuspected, parts[-UNANSWERED_IN_A_ROW:]), _unsuspected(rest)
                )
        return joined(*parts)


def _unsuspected(delivered: Delivered) -> Delivered:
    return replace(delivered, suspect=False)


def _shared(receipt: Receipt, records: tuple[Prepared, ...]) -> tuple[Receipt, ...]:
    return tuple(replace(receipt, index=each.index, key=each.key) for each in records)

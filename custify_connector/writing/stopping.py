"""Whether a write run stops before its last record, and which error it raises then.

Pure but for its counters. One record's fault never stops a run by itself; a refused key, a service that gives no
usable answers, or more rejects than were allowed do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConnectorError, ServiceUnavailable
from custify_connector.writing.delivery import Delivered
from custify_connector.writing.plan import WritePlan

UNANSWERED_IN_A_ROW = 3
"""So many deliveries in a row without a usable answer are the service's fault, not their records'."""

FEWEST_FOR_A_SHARE = 100
"""A share of rejects means little before so many records."""


class StopPolicy:
    """Counts deliveries; `stopped` is why no record may be sent any more, `error` what to raise after the last receipt.

    A run that stops over its own rejects raises nothing.
    """

    def __init__(self, plan: WritePlan) -> None:
        self._plan = plan
        self._rejects = 0
        self._records = 0
        self._unanswered = 0
        self.stopped: str | None = None
        self.error: ConnectorError | None = None

    def counted(self, deliveries: Iterable[Delivered]) -> Iterator[Receipt]:
        """Yield the receipts of deliveries, each delivery counted before its receipts are handed on."""
        for delivered in deliveries:
            self.count(delivered)
            yield from delivered.receipts

    def count(self, delivered: Delivered) -> None:
        """Take in one delivery."""
        self._records += len(delivered.receipts)
        self._rejects += sum(receipt.outcome in {"rejected", "failed"} for receipt in delivered.receipts)
        if delivered.sent:
            self._unanswered = 0 if delivered.answered else self._unanswered + 1
        self.error = self.error or delivered.error or self._unavailable(delivered)
        self.stopped = self.stopped or (str(self.error) if self.error else self._too_many_rejects())

    def _unavailable(self, delivered: Delivered) -> ServiceUnavailable | None:
        if self._unanswered < UNANSWERED_IN_A_ROW:
            return None
        reason = delivered.receipts[-1].reason
        where = f"{self._plan.destination}: {self._unanswered} requests in a row got no usable answer"
        return ServiceUnavailable(f"{where}; the last: {reason}; try again later")

    def _too_many_rejects(self) -> str | None:
        if self._rejects and self._plan.on_reject == "stop":
            return "the run stops at the first record that is rejected or fails (on_reject)"
        if self._plan.max_rejects is not None and self._rejects > self._allowed(self._plan.max_rejects):
            return f"more than {self._plan.max_rejects} of the records were rejected or failed (max_rejects)"
        return None

    def _allowed(self, bound: int | str) -> float:
        if isinstance(bound, int):
            return bound
        few = self._records < FEWEST_FOR_A_SHARE
        return float("inf") if few else float(bound.rstrip("%")) / 100 * self._records

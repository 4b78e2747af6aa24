"""When a write run stops over its rejects: what `on_reject` and `max_rejects` of a destination mean.

Pure but for its counters. A connector counts what it is handed; a host counts with it the rows that it refuses itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from custify_connector.contract.values import Receipt

FEWEST_FOR_A_SHARE = 100
"""A share of rejects means little before so many records."""

_REJECTS = frozenset({"rejected", "failed"})


class RejectLimit:
    """Counts receipts; `stopped` is why no record may be sent any more, None while the run continues."""

    def __init__(self, on_reject: str | None, max_rejects: int | str | None) -> None:
        self._stops_at_once = on_reject == "stop"
        self._most = max_rejects
        self._rejects = 0
        self._records = 0
        self.stopped: str | None = None

    def count(self, receipts: Iterable[Receipt]) -> None:
        """Take in the outcomes of records that were decided together."""
        for receipt in receipts:
            self._records += 1
            self._rejects += receipt.outcome in _REJECTS
        if self.stopped is None and self._rejects:
            self.stopped = self._reason()

    def _reason(self) -> str | None:
        if self._stops_at_once:
            return "the run stops at the first record that is rejected or fails (on_reject)"
        if self._most is not None and self._rejects > self._allowed(self._most):
            return f"more than {self._most} of the records were rejected or failed (max_rejects)"
        return None

    def _allowed(self, most: int | str) -> float:
        if isinstance(most, int):
            return most
        few = self._records < FEWEST_FOR_A_SHARE
        return float("inf") if few else float(most.rstrip("%")) / 100 * self._records

"""Whether a write run stops over its rejects, those of the host and those of the connector counted together.

Pure but for its counters. A connector counts what it is handed; a row that the host refuses never gets there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from custify_connector.contract import Receipt

FEWEST_FOR_A_SHARE = 100
"""A share of rejects means little before so many records; connectors are held to this number as well."""


class Rejects:
    """Counts receipts; `stopped` is why no row may be sent any more, None while the run continues."""

    def __init__(self, destination: Mapping[str, Any]) -> None:
        self._stops_at_once = destination.get("on_reject") == "stop"
        self._bound: int | str | None = destination.get("max_rejects")
        self._rejects = 0
        self._records = 0
        self.stopped: str | None = None

    def count(self, receipt: Receipt) -> None:
        """Take in the outcome of one row in this run."""
        self._records += 1
        self._rejects += receipt.outcome in {"rejected", "failed"}
        if self.stopped is None and self._rejects:
            self.stopped = self._reason()

    def _reason(self) -> str | None:
        if self._stops_at_once:
            return "the run stops at the first record that is rejected or fails (on_reject)"
        if self._bound is not None and self._rejects > self._allowed(self._bound):
            return f"more than {self._bound} of the records were rejected or failed (max_rejects)"
        return None

    def _allowed(self, bound: int | str) -> float:
        if isinstance(bound, int):
            return bound
        few = self._records < FEWEST_FOR_A_SHARE
        return float("inf") if few else float(bound.rstrip("%")) / 100 * self._records

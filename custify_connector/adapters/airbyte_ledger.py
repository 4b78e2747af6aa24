"""What a write of `destination-custify` has decided, and the STATEs that wait for it.

Decides when a STATE is true: every record before it has an outcome, and those that were rejected are kept. This file
does not know how a record gets its outcome.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from custify_connector.adapters.airbyte_protocol import Output, stream_of
from custify_connector.contract import Receipt

_KEY_REFUSED = (401, 403)


@dataclass(frozen=True)
class Pending:
    """A STATE that waits until so many records are decided."""

    after: int
    state: dict[str, Any]


class Ledger:
    """Counts what is decided, and gives each STATE back in its turn, with the counts since the one before."""

    def __init__(self, output: Output, *, keeps_rejected: bool) -> None:
        self._output = output
        self._keeps_rejected = keeps_rejected
        self._pending: deque[Pending] = deque()
        self._since: dict[str, Counter[str]] = {}
        self.outcomes: dict[str, Counter[str]] = {}
        self.taken = 0
        self.stopped: str | None = None
        self._decided = 0
        self._held = False

    def state(self, state: dict[str, Any]) -> None:
        """Take a STATE; it goes back now if nothing is under way."""
        self._pending.append(Pending(self.taken, state))
        self._give_back()

    def settle(self, stream: str, receipt: Receipt) -> None:
        """Take an outcome; one that leaves a record neither delivered nor kept holds every later STATE back."""
        refused = receipt.outcome in {"rejected", "failed"}
        if receipt.outcome == "not_tried" or (refused and not self._keeps_rejected):
            self.stopped = self.stopped or receipt.reason or "it was not tried"
        # A row that only the key's refusal kept from being sent is for the next sync, not for the quarantine alone.
        unsent = receipt.outcome == "planned" or receipt.status in _KEY_REFUSED
        self._held = self._held or self.stopped is not None or unsent
        self._since.setdefault(stream, Counter())["rejected" if refused else "delivered"] += 1
        self.outcomes.setdefault(stream, Counter())[receipt.outcome] += 1
        self._decided += 1
        self._give_back()

    def _give_back(self) -> None:
        while self._pending and self._pending[0].after <= self._decided and not self._held:
            state = self._pending.popleft().state
            counts = self._counts(state)
            stats = {"recordCount": float(counts["delivered"]), "rejectedRecordCount": float(counts["rejected"])}
            self._output.message("STATE", state={**state, "destinationStats": stats})

    def _counts(self, state: Mapping[str, Any]) -> Counter[str]:
        """Take out what was counted for a state: of its stream, or of all streams for a state of all."""
        name = stream_of(state)
        if name is not None:
            return self._since.pop(name, Counter())
        counts = sum(self._since.values(), Counter())
        self._since.clear()
        return counts

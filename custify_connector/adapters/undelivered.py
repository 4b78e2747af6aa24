"""Rows that did not arrive, in groups by their reason: what a host's people read in its log.

Pure. Decides which rows are of one group, and in what words a group is reported.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from custify_connector.contract import Receipt

_UNDELIVERED = frozenset({"rejected", "failed", "not_tried"})
_LINE = re.compile(r"^line \d+ ")


class Undelivered:
    """Counts the rows that did not arrive by outcome, code and field; keeps the first row and reason of each group."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._first: dict[tuple[str, str, str], str] = {}

    def add(self, number: int, receipt: Receipt) -> None:
        """Count a row, which stands at `number` in its stream, unless it arrived."""
        if receipt.outcome not in _UNDELIVERED:
            return
        group = (receipt.outcome, receipt.code or str(receipt.status or ""), receipt.field or "")
        self._counts[group] += 1
        reason = _LINE.sub("", receipt.reason or "no reason is known")
        self._first.setdefault(group, f"{reason} (first: row {number})")

    def texts(self) -> Iterator[str]:
        """Yield a line for each group, the largest first: how many, and why the first of them."""
        for group, count in self._counts.most_common():
            yield f"{count:,} {group[0]}: {self._first[group]}"

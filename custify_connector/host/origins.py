"""Rows that come from a quarantine, and the journals of the runs that kept them there.

Decides that each row is in one hand: what a resumed run has sent is not replayed, what was replayed is not resumed.
It does not know why a row was kept.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from custify_connector.contract import Receipt
from custify_connector.host.journal import Entry, Journal
from custify_connector.host.quarantine import Origin


class Origins:
    """The journals that rows came from, each opened when it is asked for, and in use by this run from then on.

    Each call may raise ConfigurationError, as a journal does.
    """

    def __init__(self) -> None:
        self._journals: dict[Path, Journal | None] = {}
        self._given: dict[tuple[Path, int], int] = {}

    def find(self, origin: Origin) -> Entry | None:
        """Return what is known of a row by now; None when its journal is gone, or speaks of another row."""
        journal = self._journal(origin.journal)
        entry = journal.find(origin.place) if journal else None
        return entry if entry and entry.hash == origin.hash else None

    def give(self, origin: Origin, line: int) -> None:
        """Write down that a row, on this line of the quarantine, is handed over now."""
        self._given[origin.journal, origin.place] = line
        if self.find(origin) and (journal := self._journal(origin.journal)):
            journal.give(origin.place, origin.hash)

    def decide(self, origin: Origin, receipt: Receipt) -> None:
        """Write down what became of a row."""
        if self.find(origin) and (journal := self._journal(origin.journal)):
            journal.decide(origin.place, replace(receipt, index=origin.place))

    def given_on(self, origin: Origin) -> int | None:
        """Return the line of the quarantine on which this row was given before; None when it was not."""
        return self._given.get((origin.journal, origin.place))

    def _journal(self, path: Path) -> Journal | None:
        if path not in self._journals:
            self._journals[path] = Journal(path, None, resume=True) if path.exists() else None
        return self._journals[path]

    def close(self) -> None:
        """Close the journals; they stay."""
        for journal in self._journals.values():
            if journal:
                journal.close()

"""Rows that come from a quarantine, and the journals of the runs that kept them there.

Decides that each row is in one hand: what a resumed run has sent is not replayed, what was replayed is not resumed. A
row that is sent elsewhere, to another destination or account, is another row. It does not know why a row was kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from custify_connector.contract import Receipt
from custify_connector.host import journal as journals
from custify_connector.host.account import Account
from custify_connector.host.journal import Entry, Journal
from custify_connector.host.quarantine import Origin


@dataclass(frozen=True)
class Origins:
    """The journals that rows came from, each opened when it is asked for, and in use by this run from then on.

    `destination` and `account` are those of this run, None where they do not matter. Each call may raise
    ConfigurationError, as a journal does.
    """

    destination: str | None = None
    account: Account | None = None
    same_account: bool = False
    _journals: dict[Path, Journal | None] = field(default_factory=dict)
    _given: dict[tuple[Path, int], int] = field(default_factory=dict)

    def find(self, origin: Origin) -> Entry | None:
        """Return what is known of a row by now; None when its journal is gone, or speaks of another row."""
        journal = self._journal(origin.journal)
        entry = journal.find(origin.place) if journal else None
        return entry if entry and entry.hash == origin.hash else None

    def note(self, origin: Origin, line: int) -> None:
        """Take note of the line of the quarantine on which a row stands."""
        self._given[origin.journal, origin.place] = line

    def give(self, origin: Origin) -> None:
        """Write down that a row may have arrived from now on."""
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
            self._journals[path] = self._opened(path)
        return self._journals[path]

    def _opened(self, path: Path) -> Journal | None:
        known = journals.known(path)
        if known is None or self._is_elsewhere(known):
            return None
        return Journal(
            path, None, resume=True, account=self.account, same_account=self.same_account or not known.account
        )

    def _is_elsewhere(self, known: journals.Known) -> bool:
        """Whether the run sent to another destination, or to an account at another place."""
        is_another = self.destination is not None and known.destination not in {"", self.destination}
        places = {each.place for each in (known.account, self.account) if each}
        return is_another or len(places) > 1

    def close(self) -> None:
        """Close the journals; they stay."""
        for journal in self._journals.values():
            if journal:
                journal.close()

"""Rows that come from a quarantine, and the journals of the runs that kept them there.

Decides that each row is in one hand: what a resumed run has sent is not replayed, what was replayed is not resumed, and
not replayed again. A row that is sent elsewhere, to another destination or account, is another row. It does not know
why a row was kept.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from custify_connector.contract import Receipt
from custify_connector.host import journal as journals
from custify_connector.host.account import Account
from custify_connector.host.journal import Entry, Journal, hash_of
from custify_connector.host.quarantine import Origin
from custify_connector.host.resuming import short


@dataclass
class Origins:
    """The journals that rows came from, each opened when it is asked for, and in use by this run from then on.

    `destination` and `account` are those of this run. `folder` is where journals are kept: one that was moved is found
    there, and the outcome of rows whose journal is gone, or of a run elsewhere, is noted there. Each call may raise
    ConfigurationError, as a journal does.
    """

    destination: str = ""
    account: Account | None = None
    same_account: bool = False
    folder: Path | None = None
    _journals: dict[Path, Journal | None] = field(default_factory=dict)
    _noted: dict[Origin, int] = field(default_factory=dict)
    _lines: dict[Origin, int] = field(default_factory=dict)

    def find(self, origin: Origin) -> Entry | None:
        """Return the outcome of a row by now; None when nothing is known of that."""
        journal, place = self._at(origin)
        entry = journal.find(place) if journal else None
        return entry if entry and (entry.receipt or entry.is_sent) else None

    def note(self, origin: Origin, line: int) -> None:
        """Take note of the line of the quarantine on which a row stands."""
        self._lines[origin] = line

    def give(self, origin: Origin) -> None:
        """Record that a row may have arrived from now on."""
        journal, place = self._at(origin)
        if journal:
            journal.send([place])

    def decide(self, origin: Origin, receipt: Receipt) -> None:
        """Record the outcome of a row."""
        journal, place = self._at(origin)
        if journal:
            journal.decide(place, replace(receipt, index=place))

    def given_on(self, origin: Origin) -> int | None:
        """Return the line of the quarantine on which this row was given before; None when it was not."""
        return self._lines.get(origin)

    def _at(self, origin: Origin) -> tuple[Journal | None, int]:
        """Return the journal in which a row stands, None for none, and its place there."""
        journal = self._journal(origin.journal) if origin.journal else None
        entry = journal.find(origin.place) if journal else None
        if entry and entry.hash == origin.hash:
            return journal, origin.place
        if self._notes and origin not in self._noted:
            self._noted[origin], _ = self._notes.meet(hash_of(origin.words()))
        return self._notes, self._noted.get(origin, 0)

    @cached_property
    def _notes(self) -> Journal | None:
        """The outcome of rows that stand in no journal of this destination and account."""
        if self.folder is None or self.account is None:
            return None
        path = self.folder / f"{self.destination}-{short(f'{self.account.place} {self.account.key}')}.replayed"
        return Journal(path, self.destination, resume=True, account=self.account)

    def _journal(self, path: Path) -> Journal | None:
        if path not in self._journals:
            places = [path, self.folder / path.name] if self.folder else [path]
            # What no file can be called is no journal, and not an error.
            found = [each for each in places if os.path.exists(each)]  # noqa: PTH110
            self._journals[path] = self._opened(found[0]) if found else None
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
        for journal in [*self._journals.values(), self._notes]:
            if journal:
                journal.close()

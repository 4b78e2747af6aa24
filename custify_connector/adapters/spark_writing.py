"""One task of a write: rows to records, records to a hook, one outcome for every row; then the totals of all tasks.

Decides what an attempt sends again: nothing that is decided, and of what may have arrived only what a repeat does no
harm to. This file does not know Spark.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from custify_connector.adapters.spark_journal import Names, TaskJournal
from custify_connector.checking.identity import key_of, may_repeat
from custify_connector.contract import OUTCOMES, Outcome, Receipt
from custify_connector.contract.errors import ConnectorError
from custify_connector.host.quarantine import Place, quarantined
from custify_connector.host.words import outcomes

LETTERS: dict[Outcome, str] = {outcome: outcome[0] for outcome in OUTCOMES}
"""One letter for each outcome: what a commit message holds of a row."""

_NOT_DELIVERED = frozenset({"rejected", "failed", "not_tried"})

Send = Callable[[str, Iterator[dict[str, Any]]], Iterable[Receipt]]
"""Writes records of one account, and yields a receipt for each."""


@dataclass(frozen=True)
class Rules:
    """What a destination's description says of its rows, and which account and values they have besides."""

    destination: str
    identity: tuple[tuple[str, ...], ...]
    repeat: str
    constants: Mapping[str, Any]
    account: str | None = None
    account_column: str | None = None


@dataclass(frozen=True)
class Attempt:
    """Which task this is: the partition, the number of the attempt from 0, and the run (its time in milliseconds)."""

    partition: int
    number: int
    run_id: int


@dataclass(frozen=True)
class Report:
    """What one task did: a letter for each row, in their order; the rows not delivered, as a quarantine keeps them.

    `found` rows were decided by an earlier attempt.
    """

    partition: int
    outcomes: str = ""
    quarantined: tuple[dict[str, Any], ...] = ()
    found: int = 0
    waited_seconds: float = 0.0


@dataclass(frozen=True)
class Row:
    """One row of the input: its place, and its record or the reason that there is none."""

    place: int
    record: dict[str, Any]
    account: str
    fault: str | None = None


class TaskWrite:
    """Writes the rows of one task; `claim` raises for an account to which the journal's rows were not sent."""

    def __init__(
        self,
        send: Send,
        rules: Rules,
        attempt: Attempt,
        journal: TaskJournal | None,
        claim: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._send = send
        self._rules = rules
        self._attempt = attempt
        self._journal = journal
        self._claim = claim
        self._names = Names()
        self._outcomes: dict[int, Outcome] = {}
        self._quarantined: dict[int, dict[str, Any]] = {}
        self._found = 0
        self._broken: BaseException | None = None

    def write(self, rows: Iterable[Mapping[str, Any] | str]) -> Report:
        """Write every row, given as a record or as the reason that it has none; raises what the input or hook raises.

        By then everything that was decided is in the journal.
        """
        for account, group in itertools.groupby(self._rows(rows), key=lambda row: row.account):
            self._write_account(account, group)
            if self._broken is not None:
                raise self._broken
        return self._report()

    def _rows(self, rows: Iterable[Mapping[str, Any] | str]) -> Iterator[Row]:
        """Yield rows until the input ends or breaks; what is under way then is waited for before that is reported."""
        source = iter(rows)
        for place in itertools.count():
            try:
                given = next(source, None)
            except Exception as error:  # noqa: BLE001 - whatever broke the input is raised again, after the receipts
                self._broken = error
                return
            if given is None:
                return
            yield self._row(place, given)

    def _row(self, place: int, given: Mapping[str, Any] | str) -> Row:
        if isinstance(given, str):
            return Row(place, {}, self._rules.account or "", given)
        column = self._rules.account_column
        if column is None:
            return Row(place, dict(given), self._rules.account or "")
        record = {name: value for name, value in given.items() if name != column}
        account = given.get(column)
        if isinstance(account, str) and account:
            return Row(place, record, account)
        return Row(place, record, "", f"names no account: {column} is empty, or no text")

    def _write_account(self, account: str, rows: Iterator[Row]) -> None:
        if account:
            self._claim(account)
        given: list[tuple[Row, str]] = []
        records = self._records(rows, given)
        first = next(records, None)
        if first is None:
            return
        try:
            for receipt in self._send(account, itertools.chain([first], records)):
                row, name = given[receipt.index]
                self._settle(row, name, replace(receipt, index=row.place))
        except ConnectorError as error:
            self._broken = self._broken or error

    def _records(self, rows: Iterator[Row], given: list[tuple[Row, str]]) -> Iterator[dict[str, Any]]:
        for row in rows:
            name = self._names.name({**row.record, **self._rules.constants}, row.account)
            receipt = self._settled_before(row, name) or self._settled_here(row)
            if receipt is not None:
                self._settle(row, name, receipt)
                continue
            if self._journal and not self._may_repeat(row):
                self._journal.give(name)
            given.append((row, name))
            yield row.record

    def _settled_before(self, row: Row, name: str) -> Receipt | None:
        """Return what an earlier attempt found of a row, or that its fate is unclear and it may not be repeated."""
        entry = self._journal.find(name) if self._journal else None
        if entry is not None and entry.decided and entry.receipt is not None:
            self._found += 1
            return replace(entry.receipt, index=row.place)
        if self._may_repeat(row):
            return None
        if entry is not None and entry.unclear:
            return self._unclear(row, "an earlier attempt of this task may have sent it")
        if self._journal is None and self._attempt.number > 0:
            return self._unclear(row, "this task was run again, without a journal of what the first run sent")
        return None

    def _settled_here(self, row: Row) -> Receipt | None:
        if row.fault is None:
            return None
        return Receipt(row.place, "rejected", code="unreadable_row", reason=row.fault)

    def _unclear(self, row: Row, why: str) -> Receipt:
        reason = f"{why}; sending it again could do it twice, so it was not repeated"
        return Receipt(row.place, "failed", key_of(row.record, self._rules.identity), None, "unclear", reason)

    def _may_repeat(self, row: Row) -> bool:
        return may_repeat(self._rules.repeat, {**row.record, **self._rules.constants})

    def _settle(self, row: Row, name: str, receipt: Receipt) -> None:
        if self._journal:
            self._journal.decide(name, receipt)
        self._outcomes[row.place] = receipt.outcome
        if receipt.outcome in _NOT_DELIVERED:
            place = Place(
                f"partition {self._attempt.partition}", row.place, self._rules.destination, self._attempt.run_id
            )
            line = quarantined(row.record, receipt, place)
            if row.account:
                line["nexlaMetaData"]["account"] = row.account
            self._quarantined[row.place] = line

    def _report(self) -> Report:
        return Report(
            self._attempt.partition,
            "".join(LETTERS[outcome] for _, outcome in sorted(self._outcomes.items())),
            tuple(self._quarantined[place] for place in sorted(self._quarantined)),
            self._found,
        )


def totals(reports: Iterable[Report]) -> dict[str, int]:
    """Return how many rows of all tasks had each outcome."""
    letters = Counter(letter for report in reports for letter in report.outcomes)
    return {outcome: letters[letter] for outcome, letter in LETTERS.items()}


def sentence(counted: Mapping[str, int]) -> str:
    """Return totals as people read them: `5 rows: 4 sent, 1 rejected`."""
    parts = outcomes(counted)
    return f"{sum(counted.values()):,} rows" + (f": {parts}" if parts else "")

"""One write of `destination-custify`: rows through the hook, receipts to the ledger, and a summary at the end.

Decides what is one call of the hook: records of one stream that follow each other. The next stream begins when all of
them are decided, so that what was sent first arrives first. This file does not know configurations or messages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import orjson

from custify_connector.adapters.airbyte_inbox import Inbox, Ledger
from custify_connector.adapters.airbyte_protocol import Output
from custify_connector.adapters.airbyte_routes import Route
from custify_connector.adapters.once import Once
from custify_connector.adapters.undelivered import Undelivered
from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault
from custify_connector.host import mapping
from custify_connector.host.feed import Safekeeping, Shape
from custify_connector.host.interruption import Interruption
from custify_connector.host.quarantine import Quarantine
from custify_connector.host.rows import Row, Table

_MOST_REPORTED = 20


class Delivery:
    """A whole write: every run of rows through the hook, receipts to the ledger, and a summary at the end."""

    def __init__(
        self,
        once: Once,
        routes: Mapping[str, Route],
        quarantine: Quarantine | None,
        asked: Interruption,
        output: Output,
    ) -> None:
        self._once = once
        self._routes = routes
        self._quarantine = quarantine
        self._asked = asked
        self._output = output
        self._is_dry = any(route.destination.get("dry_run") for route in routes.values())
        self._ledger = Ledger(output, keeps_rejected=quarantine is not None, is_dry=self._is_dry)
        self._undelivered: dict[str, Undelivered] = {}
        self._reported = 0

    def run(self, lines: Iterable[bytes]) -> bool:
        """Write everything; return whether every record was decided, and each rejected one kept."""
        inbox = Inbox(lines, self._routes, self._ledger, self._output)
        try:
            for stream, rows in inbox.runs(self._asked):
                self._deliver(stream, rows)
            if inbox.broken:
                raise inbox.broken
        except ConnectorError as error:
            self._summarise()
            self._output.error(error)
            return False
        self._summarise()
        return self._ended_well()

    def _deliver(self, stream: str, rows: Iterator[Row]) -> None:
        route = self._routes[stream]
        if route.counts_one_run and stream in self._ledger.outcomes:
            reason = "its records come in several runs, and max_rejects and max_deletes count one: send it in one piece"
            raise ConfigurationError((Fault(f"stream {stream}", reason),))
        quarantine = None if self._is_dry else self._quarantine
        safe = Safekeeping(quarantine=quarantine, ended=lambda: bool(self._asked))
        # A value is what it is here: empty text is a text, and what is absent is not there.
        shape = Shape(mapping.parse(route.rules), "text")
        table = Table(stream, None, rows)
        undelivered = self._undelivered.setdefault(stream, Undelivered())
        for line in self._once.write(route.destination, table, shape, safe):
            undelivered.add(line.line, line.receipt)
            self._tell(stream, line.line, line.receipt)
            self._ledger.settle(stream, line.receipt)

    def _tell(self, stream: str, number: int, receipt: Receipt) -> None:
        """Report a row that was not delivered: where, why, and its key; never the row."""
        if receipt.outcome not in {"rejected", "failed", "planned"} or self._reported == _MOST_REPORTED:
            return
        self._reported += 1
        shown = (
            f"would send {orjson.dumps(receipt.response).decode()}" if receipt.outcome == "planned" else receipt.reason
        )
        key = f" {orjson.dumps(receipt.key).decode()}" if receipt.key else ""
        self._output.log(
            "INFO" if receipt.outcome == "planned" else "WARN",
            f"{stream}, line {number}{key}: {receipt.outcome}: {shown}",
        )
        if self._reported == _MOST_REPORTED:
            self._output.log("INFO", "further rows like these are counted only")

    def _summarise(self) -> None:
        for stream, outcomes in self._ledger.outcomes.items():
            counts = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.items())
            self._output.log("INFO", f"{stream} to {self._routes[stream].destination['endpoint']}: {counts}")
            for text in self._undelivered[stream].texts():
                self._output.log("WARN", f"{stream}: {text}")
        if self._quarantine and (held := self._quarantine.count + self._quarantine.before):
            self._output.log("WARN", f"{held} rejected or failed rows are in {self._quarantine.path}")

    def _ended_well(self) -> bool:
        if self._asked:
            self._output.log("WARN", "ended by a signal: what was under way is decided, the rest was not taken")
        elif self._ledger.stopped is not None and not self._is_dry:
            advice = "" if self._quarantine else "; name a quarantine file, so that the others are sent"
            self._output.error(ConfigurationError((Fault("the sync was stopped", f"{self._ledger.stopped}{advice}"),)))
            return False
        return True

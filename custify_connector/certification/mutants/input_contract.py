"""Mutants of group H: what comes in is not looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from custify_connector.certification.mutating import Plugin, mutant, with_written
from custify_connector.contract import Receipt


@mutant("H1")
def a_rejected_record_passes_for_sent(healthy: Plugin) -> object:
    """A record that could not be named is counted among those that went well."""

    def praised(receipts: Iterator[Receipt]) -> Iterator[Receipt]:
        return (replace(receipt, outcome="sent") for receipt in receipts)

    return with_written(healthy, receipts=praised)

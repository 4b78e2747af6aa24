"""Mutants of group G: writes that say other than they do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from custify_connector.certification.mutating import Broken, Plugin, mutant, with_written
from custify_connector.contract import Receipt, hookimpl


@mutant("G1")
def every_record_is_dropped(healthy: Plugin) -> object:
    """Each record has a receipt that says sent, and nothing is."""

    @hookimpl
    def write_destination(
        credential: Mapping[str, Any],  # noqa: ARG001 - the hook's arguments are fixed
        destination: Mapping[str, Any],  # noqa: ARG001 - the same
        records: Iterable[Mapping[str, Any]],
    ) -> Iterator[Receipt]:
        return iter([Receipt(index, "sent") for index, _ in enumerate(records)])

    return Broken(healthy, write_destination=write_destination)


@mutant("G4")
def the_first_bad_record_ends_the_run(healthy: Plugin) -> object:
    """What comes after a refused record is not written."""

    def until_refused(receipts: Iterator[Receipt]) -> Iterator[Receipt]:
        for receipt in receipts:
            yield receipt
            if receipt.outcome == "rejected":
                return

    return with_written(healthy, receipts=until_refused)

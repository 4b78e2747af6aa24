"""Mutants of group G, first part: writes that say other than they do."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from custify_connector.certification.mutating import (
    Plugin,
    mutant,
    with_each_receipt,
    with_each_written,
    with_write,
    with_written,
)
from custify_connector.contract import Receipt

log = logging.getLogger(__name__)


@mutant("G1")
def every_record_is_dropped(healthy: Plugin) -> object:
    """Each record has a receipt that says sent, and nothing is."""
    return with_write(healthy, lambda _write, _to, records: [Receipt(place, "sent") for place, _ in enumerate(records)])


@mutant("G1")
def texts_are_put_in_capitals(healthy: Plugin) -> object:
    """Values are tidied up on their way, which the host did not ask for."""

    def tidied(record: Mapping[str, Any]) -> Mapping[str, Any]:
        return {name: value.upper() if isinstance(value, str) else value for name, value in record.items()}

    return with_each_written(healthy, tidied)


@mutant("G2")
def a_rejected_record_has_no_receipt(healthy: Plugin) -> object:
    """What was not sent is left out of the receipts."""
    return with_written(
        healthy, receipts=lambda receipts: (one for one in receipts if one.outcome not in {"rejected", "failed"})
    )


@mutant("G2")
def a_receipt_comes_twice(healthy: Plugin) -> object:
    """The last receipt is handed out again at the end."""

    def twice(receipts: Iterator[Receipt]) -> Iterator[Receipt]:
        taken = list(receipts)
        return iter([*taken, *taken[-1:]])

    return with_written(healthy, receipts=twice)


@mutant("G3")
def a_rejection_gives_no_reason(healthy: Plugin) -> object:
    """The receipt says rejected, and no more."""
    return with_each_receipt(
        healthy, lambda one: replace(one, reason=None, field=None) if one.outcome == "rejected" else one
    )


@mutant("G3")
def whole_records_are_logged(healthy: Plugin) -> object:
    """Each record is logged before it is sent, a person with all that is known."""

    def logged(records: Iterable[Any]) -> Iterator[Any]:
        for record in records:
            log.debug("writing %s", record)
            yield record

    return with_written(healthy, records=logged)


@mutant("G4")
def the_first_bad_record_ends_the_run(healthy: Plugin) -> object:
    """What comes after a refused record is not written."""

    def until_refused(receipts: Iterator[Receipt]) -> Iterator[Receipt]:
        for receipt in receipts:
            yield receipt
            if receipt.outcome == "rejected":
                return

    return with_written(healthy, receipts=until_refused)

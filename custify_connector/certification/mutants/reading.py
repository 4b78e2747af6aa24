"""Mutants of group D: reads that lose, repeat or spoil records."""

from __future__ import annotations

from itertools import islice

from custify_connector.certification.mutating import Plugin, mutant, with_batches, with_records


@mutant("D1")
def the_first_page_is_skipped(healthy: Plugin) -> object:
    """Pages are counted from 1 where the service counts from 0."""
    return with_batches(healthy, lambda batches: islice(batches, 1, None))


@mutant("D2")
def every_record_has_the_same_key(healthy: Plugin) -> object:
    """The key is set once, outside the loop."""
    return with_records(healthy, lambda record: dict.fromkeys(record, 1))

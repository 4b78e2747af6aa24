"""Mutants of group D: reads that lose, repeat or spoil records."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import islice
from typing import Any

from custify_connector.certification.mutating import (
    Broken,
    Plugin,
    Read,
    mutant,
    with_batches,
    with_each_batch,
    with_read,
    with_records,
)
from custify_connector.contract import Batch


@mutant("D1")
def the_first_page_is_skipped(healthy: Plugin) -> object:
    """Pages are counted from 1 where the service counts from 0."""
    return with_batches(healthy, lambda batches: islice(batches, 1, None))


@mutant("D2")
def every_record_has_the_same_key(healthy: Plugin) -> object:
    """The key is set once, outside the loop."""
    return with_records(healthy, lambda record: dict.fromkeys(record, 1))


@mutant("D3")
def every_value_is_a_list(healthy: Plugin) -> object:
    """Values travel as they were parsed, each in a list of one."""
    return with_records(healthy, lambda record: {name: [value] for name, value in record.items()})


@mutant("D4")
def a_declared_field_never_comes(healthy: Plugin) -> object:
    """The last field of every schema is left out."""
    sources = healthy.describe()["sources"].values()
    left_out = {list(source["schema"].get("properties", {"": 0}))[-1] for source in sources}
    return with_records(healthy, lambda one: {name: value for name, value in one.items() if name not in left_out})


@mutant("D4")
def what_is_not_declared_is_dropped(healthy: Plugin) -> object:
    """Only what stands in a schema is handed on; what the service adds later is lost."""
    sources = healthy.describe()["sources"].values()
    known = {name for source in sources for name in source["schema"].get("properties", ())}
    return with_records(healthy, lambda one: {name: value for name, value in one.items() if name in known})


@mutant("D5")
def nothing_to_read_is_an_error(healthy: Plugin) -> object:
    """The first record is looked at before it is known that there is one."""

    def eager(batches: Iterator[Batch]) -> Iterator[Batch]:
        taken = list(batches)
        if not any(batch.records for batch in taken):
            raise IndexError("list index out of range")
        return iter(taken)

    return with_batches(healthy, eager)


@mutant("D5")
def an_empty_stream_has_no_state(healthy: Plugin) -> object:
    """A batch without records is not passed, and its state with it."""
    return with_batches(healthy, lambda batches: (batch for batch in batches if batch.records))


@mutant("D6")
def a_single_record_is_lost(healthy: Plugin) -> object:
    """A page of one is taken for an answer that is not a list."""
    return with_each_batch(healthy, lambda batch: replace(batch, records=batch.records * (len(batch.records) != 1)))


@mutant("D6")
def a_full_page_ends_the_read_when_it_is_the_last(healthy: Plugin) -> object:
    """Where the records fill their pages exactly, the last page is left out."""

    def cut(batches: Iterator[Batch]) -> Iterator[Batch]:
        taken = list(batches)
        full = [batch for batch in taken if batch.records]
        exact = len(full) > 1 and len(full[-1].records) == len(full[0].records)
        return iter([batch for batch in taken if not (exact and batch is full[-1])])

    return with_batches(healthy, cut)


@mutant("D7")
def the_overlap_of_pages_is_not_removed(healthy: Plugin) -> object:
    """The last record of a page comes again with the next."""

    def overlapping(batches: Iterator[Batch]) -> Iterator[Batch]:
        last: list[dict[str, Any]] = []
        for batch in batches:
            yield replace(batch, records=[*last, *batch.records])
            last = batch.records[-1:]

    return with_batches(healthy, overlapping)


@mutant("D8")
def every_second_read_is_short(healthy: Plugin) -> object:
    """What was seen before is remembered from read to read."""
    seen: set[str] = set()

    def unseen(batch: Batch) -> Batch:
        records = [record for record in batch.records if repr(record) not in seen]
        seen.update(map(repr, records))
        return replace(batch, records=records)

    return with_each_batch(healthy, unseen)


@mutant("D9")
def batches_come_as_they_are_ready(healthy: Plugin) -> object:
    """Two neighbours change places, each with its own state."""

    def swapped(batches: Iterator[Batch]) -> Iterator[Batch]:
        taken = list(batches)
        for index in range(0, len(taken) - 1, 2):
            taken[index : index + 2] = taken[index + 1], taken[index]
        return iter(taken)

    return with_batches(healthy, swapped)


@mutant("D11")
def an_unknown_stream_is_an_empty_one(healthy: Plugin) -> object:
    """Nothing has that name, so there is nothing to read."""

    def forgiving(read: Read, source: dict[str, Any], state: Any) -> Iterator[Batch]:  # noqa: ANN401 - also what is not a state
        try:
            return read(source, state)
        except Exception:  # noqa: BLE001 - that is what is wrong here
            return iter(())

    return with_read(healthy, forgiving)


def swallowing(healthy: Plugin) -> Broken:
    """Return a connector whose reads end without a word when something goes wrong."""

    def quiet(batches: Iterator[Batch]) -> Iterator[Batch]:
        with suppress(Exception):
            yield from batches

    return with_batches(healthy, quiet)


@mutant("D12")
def a_damaged_answer_ends_the_read(healthy: Plugin) -> object:
    """What cannot be parsed is taken for the end of the list."""
    return swallowing(healthy)


@mutant("D13")
def an_answer_without_content_is_an_empty_stream(healthy: Plugin) -> object:
    """Nothing came, so there is nothing."""
    return swallowing(healthy)


@mutant("D17")
def a_list_ends_where_a_page_is_empty(healthy: Plugin) -> object:
    """What is counted and never came is passed over."""
    return swallowing(healthy)


@mutant("D18")
def what_is_no_page_is_the_end_of_the_list(healthy: Plugin) -> object:
    """An error that came as a success is passed over."""
    return swallowing(healthy)


@mutant("D14")
def every_page_is_kept(healthy: Plugin) -> object:
    """Each record is kept until the end of the read, with the page it came on."""

    def kept(batches: Iterator[Batch]) -> Iterator[Batch]:
        pages: list[tuple[Batch, bytes]] = []
        for batch in batches:
            pages.append((batch, b"page" * 1024 * len(batch.records)))
            yield batch

    return with_batches(healthy, kept)

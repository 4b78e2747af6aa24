"""Mutants of group G, second part: connectors that write twice, or in the wrong order."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

from custify_connector.certification.mutating import (
    Plugin,
    Write,
    mutant,
    with_description,
    with_each_receipt,
    with_write,
    with_written,
)
from custify_connector.contract import Receipt
from custify_connector.contract.events import Event, Sending, current_listener, listening


@mutant("G6")
def places_are_counted_from_one(healthy: Plugin) -> object:
    """A host that corrects what a receipt names corrects the record after it."""
    return with_each_receipt(healthy, lambda receipt: replace(receipt, index=receipt.index + 1))


@mutant("G11")
def every_run_leaves_its_mark(healthy: Plugin) -> object:
    """Texts are marked with the number of the run, so that no run leaves what another did."""
    return _from_the_second_run(healthy, lambda value: f"{value} again" if isinstance(value, str) else value)


@mutant("G13")
def a_repeated_batch_has_new_keys(healthy: Plugin) -> object:
    """Keys are new at each run, and the service cannot know a record again."""
    return _from_the_second_run(healthy, lambda value: f"{value}!" if isinstance(value, str) else value, keys=True)


def _from_the_second_run(healthy: Plugin, change: Callable[[Any], Any], *, keys: bool = False) -> object:
    runs = itertools.count()

    def changed(record: Any, run: int) -> Any:  # noqa: ANN401 - any input at all
        if not isinstance(record, Mapping) or not run:
            return record
        return {
            name: value + 10_000 * run if keys and type(value) is int else change(value)
            for name, value in record.items()
        }

    def records(given: Iterable[Any]) -> Iterator[Any]:
        run = next(runs)
        return (changed(record, run) for record in given)

    return with_written(healthy, records=records)


@mutant("G12")
def what_is_unclear_is_sent_again(healthy: Plugin) -> object:
    """A write without an answer is repeated, whether or not it may have arrived."""

    def again(write: Write, destination: dict[str, Any], records: Iterable[Any]) -> Iterator[Receipt]:
        given = list(records)
        for receipt in write(destination, given):
            yield from write(destination, [given[receipt.index]]) if receipt.outcome == "failed" else [receipt]

    return with_write(healthy, again)


@mutant("G14")
def of_records_with_one_key_the_first_wins(healthy: Plugin) -> object:
    """A key that was seen before in the input is taken for a repetition."""

    def first_only(records: Iterable[Any]) -> Iterator[Any]:
        seen: dict[str, Any] = {}
        return (seen.setdefault(_begin(record), record) for record in records)

    return with_written(healthy, records=first_only)


def _begin(record: Any) -> str:  # noqa: ANN401 - any input at all
    """Return what the first field of a record holds: its key, in the testbeds' records."""
    return repr(next(iter(record.values()))) if isinstance(record, Mapping) and record else repr(record)


@mutant("G20")
def the_last_record_overtakes_the_others(healthy: Plugin) -> object:
    """Records are taken from the end of the input, as a stack is."""
    return with_written(healthy, records=lambda records: list(records)[::-1])


@mutant("G20")
def every_destination_comes_after_itself(healthy: Plugin) -> object:
    """The description gives an order that cannot be kept."""

    def circle(description: dict[str, Any]) -> None:
        for name, destination in description["destinations"].items():
            destination["after"] = [name]

    return with_description(healthy, circle)


@mutant("G27")
def short_records_overtake_long_ones(healthy: Plugin) -> object:
    """Records with few fields are sent first, whatever stands before them."""

    def short_first(records: Iterable[Any]) -> Iterator[Any]:
        return iter(sorted(records, key=len))

    return with_written(healthy, records=short_first)


@mutant("G27")
def equal_records_are_put_together(healthy: Plugin) -> object:
    """A record that came before is written beside that one, whatever was changed between them."""

    def together(records: Iterable[Any]) -> Iterator[Any]:
        places: dict[str, int] = {}
        return iter(sorted(records, key=lambda record: places.setdefault(repr(record), len(places))))

    return with_written(healthy, records=together)


@mutant("G27")
def a_record_that_takes_long_is_overtaken(healthy: Plugin) -> object:
    """No record is waited for longer than a tenth of a second before the next one is sent."""

    def hasty(write: Write, destination: dict[str, Any], records: Iterable[Any]) -> Iterator[Receipt]:
        with ThreadPoolExecutor() as pool:
            begun: list[Future[list[Receipt]]] = []
            for record in records:
                begun.append(pool.submit(lambda one: list(write(destination, [one])), record))
                wait(begun[-1:], timeout=0.1)
            for index, one in enumerate(begun):
                yield replace(one.result()[0], index=index)

    return with_write(healthy, hasty)


@mutant("G29")
def a_record_is_reported_with_its_receipt(healthy: Plugin) -> object:
    """A run that is killed before the receipt leaves nothing of a record that may have arrived."""

    def late(write: Write, destination: dict[str, Any], records: Iterable[Any]) -> Iterator[Receipt]:
        report = current_listener()
        with listening(_ignore):
            receipts = write(destination, records)
        for receipt in receipts:
            if receipt.status is not None:
                report(Sending((receipt.index,)))
            yield receipt

    return with_write(healthy, late)


@mutant("G29")
def records_are_reported_when_they_are_read(healthy: Plugin) -> object:
    """A run that is killed leaves each record unclear that it had read ahead."""

    def early(write: Write, destination: dict[str, Any], records: Iterable[Any]) -> Iterator[Receipt]:
        report, given = current_listener(), list(records)
        for index in range(len(given)):
            report(Sending((index,)))
        with listening(_ignore):
            return write(destination, given)

    return with_write(healthy, early)


def _ignore(_event: Event) -> None:
    """Hear nothing."""

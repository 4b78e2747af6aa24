"""Mutants of groups F and H, calls: what belongs to one call is late, shared, or left running."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from custify_connector.certification.mutants.faults import going_on
from custify_connector.certification.mutating import (
    Broken,
    Plugin,
    Read,
    Write,
    mutant,
    with_read,
    with_write,
    with_written,
)
from custify_connector.contract import Batch, Receipt, hookimpl


@mutant("H8")
def a_read_is_checked_at_the_first_next(healthy: Plugin) -> object:
    """The hook is a generator function."""

    def late(read: Read, source: dict[str, Any], state: Any) -> Iterator[Batch]:  # noqa: ANN401 - also what is not a state
        yield from read(source, state)

    return with_read(healthy, late)


@mutant("H8")
def a_write_is_checked_at_the_first_next(healthy: Plugin) -> object:
    """The hook is a generator function."""

    def late(write: Write, destination: dict[str, Any], records: Iterable[Any]) -> Iterator[Receipt]:
        yield from write(destination, records)

    return with_write(healthy, late)


@mutant("F12")
def every_read_is_that_of_the_last_call(healthy: Plugin) -> object:
    """The arguments are kept in the connector until the first batch is asked for."""
    last: dict[str, Any] = {}

    @hookimpl
    def read_source(
        credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None
    ) -> Iterator[Batch]:
        last.update(credential=credential, source=source, state=state)
        return (batch for _ in range(1) for batch in healthy.read_source(**last))

    return Broken(healthy, read_source=read_source)


@mutant("F12")
def every_write_goes_to_the_account_of_the_last_call(healthy: Plugin) -> object:
    """The credential is kept in the connector until the first record is taken."""
    last: dict[str, Any] = {}

    @hookimpl
    def write_destination(
        credential: Mapping[str, Any], destination: Mapping[str, Any], records: Iterable[Mapping[str, Any]]
    ) -> Iterator[Receipt]:
        last.update(credential=credential)
        given = {"destination": destination, "records": records}
        return (one for _ in range(1) for one in healthy.write_destination(**last, **given))

    return Broken(healthy, write_destination=write_destination)


@mutant("F13")
def a_write_goes_on_after_its_end(healthy: Plugin) -> object:
    """What was begun is finished in the background, wanted or not."""
    return with_written(healthy, receipts=lambda receipts: going_on(receipts, 0.001))


@mutant("F13")
def a_write_cannot_be_closed(healthy: Plugin) -> object:
    """The receipts come in an iterator that has no `close`."""
    return with_written(healthy, receipts=lambda receipts: filter(None, receipts))

"""Group D, damaged replies: what cannot be read is an error with its class, never a short list."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, holds, nothing, shown
from custify_connector.certification.trials import Reading, Trial
from custify_connector.contract import ConnectorError, IncompleteRead
from custify_connector.contract.testbed import FaultKind, InjectedFault

_DAMAGED: tuple[FaultKind, ...] = ("truncated", "not_json", "html")


@check("D12", "hardened", seconds=60)
def a_damaged_reply_is_an_error_with_its_class(bench: Bench) -> Iterator[Finding]:
    """A reply that is cut, no JSON or a page of HTML ends in an error that says who has to act.

    What came before it stays, and no record is passed in part.
    """
    for kind, trial, reading in damaged(bench, _DAMAGED, after=1):
        held = trial.service.truth(trial.streams[0])
        yield holds(kind, "an error of the contract", shown(reading.error or "no error"),
                    isinstance(reading.error, ConnectorError))  # fmt: skip
        yield nothing(kind, "whole records alone", (one for one in reading.records if one not in held))


@check("D13", "hardened", seconds=60)
def nothing_where_something_should_be_is_no_success(bench: Bench) -> Iterator[Finding]:
    """An answer with nothing in it is not an empty list: a host that believed it would delete everything."""
    for kind, _, reading in damaged(bench, ("empty",), after=0):
        yield holds(kind, "an error of the contract", shown(reading.error or "no error"),
                    isinstance(reading.error, ConnectorError))  # fmt: skip


@check("D17", "hardened", seconds=60)
def a_list_that_ends_before_its_count_is_no_whole_one(bench: Bench) -> Iterator[Finding]:
    """A page that should hold records and stays empty is reported: what a host has would be replaced by less."""
    for kind, trial, reading in damaged(bench, ("no_records",), after=1):
        held = len(trial.service.truth(trial.streams[0]))
        yield holds(f"{kind}, {len(reading.records)} of {held}", "IncompleteRead", shown(reading.error or "no error"),
                    isinstance(reading.error, IncompleteRead))  # fmt: skip


@check("D18", "hardened", seconds=60)
def an_error_with_the_status_of_a_success_is_no_data(bench: Bench) -> Iterator[Finding]:
    """An error that comes as a success is neither an empty list nor a record: it ends in an error of the contract."""
    for after in (0, 1):
        for kind, trial, reading in damaged(bench, ("error_as_success",), after=after):
            held = trial.service.truth(trial.streams[0])
            yield holds(f"{kind} after {after}", "an error of the contract", shown(reading.error or "no error"),
                        isinstance(reading.error, ConnectorError))  # fmt: skip
            yield nothing(f"{kind} after {after}", "true records alone", (
                one for one in reading.records if one not in held
            ))  # fmt: skip


def damaged(
    bench: Bench, kinds: tuple[FaultKind, ...], after: int, status: int = 500
) -> Iterator[tuple[str, Trial, Reading]]:
    """Read the first stream under each kind of fault, which strikes for ever; all at once, as each takes its time."""
    trials = [bench.open(page_cap=5) for _ in kinds]
    for kind, trial in zip(kinds, trials, strict=True):
        trial.service.inject(InjectedFault(kind, status=status, after=after, times=None))
    with ThreadPoolExecutor(len(kinds)) as pool:
        readings = list(pool.map(lambda trial: trial.read(trial.streams[0]), trials))
    yield from zip(kinds, trials, readings, strict=True)

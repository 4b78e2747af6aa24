"""Group H: what a host may pass, sensible or not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal, holds, shown
from custify_connector.certification.trials import Trial
from custify_connector.contract import ConfigurationError
from custify_connector.contract.testbed import Record, WriteCase


@check("H1", "rehearsed")
def a_record_without_its_key_is_rejected(bench: Bench) -> Iterator[Finding]:
    """A record that cannot be distinguished from others has a receipt that says so, and is never sent."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        before = trial.requests
        writing = trial.write(case, [case.nameless])
        yield equal(f"{case.name}, outcomes", ["rejected"], writing.outcomes)
        yield equal(f"{case.name}, requests", 0, trial.requests - before)


@check("H2", "rehearsed")
def a_value_of_the_wrong_type_is_rejected(bench: Bench) -> Iterator[Finding]:
    """A value that its schema refuses has a receipt that names the field, and is never sent."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        before = trial.requests
        writing = trial.write(case, [case.invalid])
        yield equal(f"{case.name}, outcomes", ["rejected"], writing.outcomes)
        yield equal(f"{case.name}, requests", 0, trial.requests - before)
        reasons = [receipt.reason or receipt.field for receipt in writing.receipts]
        yield holds(f"{case.name}, reason", "one for each", reasons, all(reasons))


@check("H3", "rehearsed")
def records_may_change_their_shape_midway(bench: Bench) -> Iterator[Finding]:
    """A field that appears in the middle is delivered or its record rejected; the records around it are sent."""
    trial = bench.open()
    for case in trial.cases("upsert"):
        yield from _unusual(trial, case, "brand_new", "kept")


@check("H4", "rehearsed")
def what_is_no_record_is_rejected(bench: Bench) -> Iterator[Finding]:
    """An empty record, and what is not an object at all, has its receipt; the records after it are sent."""
    trial = bench.open()
    odd: list[Any] = [{}, None, "text", 7, []]
    for case in trial.cases("upsert", "create"):
        writing = trial.write(case, [*odd, case.make(1)])
        yield equal(f"{case.name}, outcomes", [*["rejected"] * len(odd), "sent"], writing.outcomes)
        yield equal(f"{case.name}, error", None, writing.error)


@check("H5", "rehearsed")
def special_characters_in_names_and_values_survive(bench: Bench) -> Iterator[Finding]:
    """Names and texts beyond ASCII arrive as they are, or the record is rejected; none is altered on the way."""
    trial = bench.open()
    for case in trial.cases("upsert"):
        yield from _unusual(trial, case, "größe/名前 %1", "kept")
        if case.changed:
            record = {**case.make(7), case.changed: "Zoë «名» 🙂 %2F\t\"'"}
            trial.write(case, [record])
            held = [one.get(case.changed) for one in trial.held(case, record)]
            yield equal(f"{case.name}.{case.changed}", [record[case.changed]], held)


def _unusual(trial: Trial, case: WriteCase, name: str, value: str) -> Iterator[Finding]:
    records = [case.make(1), {**case.make(2), name: value}, case.make(3)]
    writing = trial.write(case, records)
    first, unusual, last = (*writing.outcomes, None, None, None)[:3]
    yield equal(f"{case.name}, the others", ("sent", "sent"), (first, last))
    held = [one.get(name) for one in trial.held(case, records[1])]
    yield holds(f"{case.name}, the field {name!r}", "held, or its record rejected", f"{unusual}, held {held}",
                unusual == "rejected" or (unusual == "sent" and held == [value]))  # fmt: skip


@check("H6", "rehearsed")
def an_unknown_word_is_refused_with_a_suggestion(bench: Bench) -> Iterator[Finding]:
    """A misspelt key of a source or destination is a ConfigurationError that names it and the word that was meant."""
    trial = bench.open()
    for stream in trial.streams[:1]:
        yield from _refused(trial, stream, trial.read(stream, setings={}).error)
    for case in trial.cases("upsert", "create")[:1]:
        yield from _refused(trial, case.name, trial.write(case, [case.make(1)], setings={}).error)


def _refused(trial: Trial, name: str, error: Exception | None) -> Iterator[Finding]:
    said = shown(error or "no error")
    yield holds(f"{name}, setings", "a ConfigurationError that names it, and suggests settings", said,
                isinstance(error, ConfigurationError) and "setings" in said and "settings" in said)  # fmt: skip
    yield equal(f"{name}, requests", 0, trial.requests)


@check("H7", "rehearsed")
def a_series_that_fails_is_not_swallowed(bench: Bench) -> Iterator[Finding]:
    """Where the records themselves fail in the middle, those before are delivered, and the failure is raised."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        records = case.records(3)
        writing = trial.write(case, _failing(records))
        yield holds(f"{case.name}, error", "that of the series", writing.error or "none",
                    writing.error is not None and "the series failed" in str(writing.error))  # fmt: skip
        yield equal(f"{case.name}, outcomes", ["sent"] * 3, writing.outcomes)
        yield equal(f"{case.name}, held", [1] * 3, [len(trial.held(case, record)) for record in records])


def _failing(records: list[Record]) -> Iterator[Record]:
    yield from records
    raise OSError("the series failed")

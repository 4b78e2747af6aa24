"""Group G, first part: writing, held against what the service holds afterwards, and the receipts for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal, holds, nothing
from custify_connector.certification.listening import collected_log
from custify_connector.certification.scrubbing import shows
from custify_connector.certification.trials import Trial, Writing
from custify_connector.contract import OUTCOMES
from custify_connector.contract.testbed import Record, WriteCase

_RECORDS = 5


@check("G1", "rehearsed")
def what_was_written_is_there(bench: Bench) -> Iterator[Finding]:
    """After a write, the service holds every record that was sent, field by field."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        records = case.records(_RECORDS)
        writing = trial.write(case, records)
        yield equal(f"{case.name}, outcomes", ["sent"] * _RECORDS, writing.outcomes)
        yield from as_sent(trial, case, records)


@check("G2", "rehearsed")
def every_record_has_exactly_one_receipt(bench: Bench) -> Iterator[Finding]:
    """Good, bad, nameless or no record at all: each has one receipt, with its place and an outcome that is known."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        records = [case.make(1), case.invalid, case.nameless, "no record", None, case.make(2)]
        writing = trial.write(case, iter(records))
        counted = Counter(receipt.index for receipt in writing.receipts)
        yield equal(f"{case.name}, receipts by place", dict.fromkeys(range(len(records)), 1), dict(counted))
        counts = Counter(writing.outcomes)
        yield equal(f"{case.name}, outcomes in all", len(records), sum(counts[name] for name in OUTCOMES))


@check("G3", "rehearsed")
def a_rejected_record_says_which_and_why(bench: Bench) -> Iterator[Finding]:
    """Its receipt has place, key, code, field and reason; the log has neither a secret nor a whole record."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        with collected_log() as lines:
            writing = trial.write(case, [case.make(1), case.invalid, *([case.refused] if case.refused else [])])
        yield from _explained(case, writing)
        logged = [line for line in lines if shows(line, trial.service.credentials.secrets)]
        yield nothing(f"{case.name}, the log", "no secret", logged)
        whole = [line for line in lines if _shows_whole(line, case.make(1)) or _shows_whole(line, case.invalid)]
        yield nothing(f"{case.name}, the log", "no whole record", whole)


def _explained(case: WriteCase, writing: Writing) -> Iterator[Finding]:
    rejected = {receipt.index: receipt for receipt in writing.receipts if receipt.outcome == "rejected"}
    yield equal(f"{case.name}, the places of what was rejected", [1, 2] if case.refused else [1], list(rejected))
    for index, receipt in rejected.items():
        record = case.invalid if index == 1 else case.refused or {}
        says = [receipt.key == {name: record[name] for name in receipt.key or {}}, receipt.key, receipt.code]
        yield holds(f"{case.name}, record {index}", "key, code and reason", receipt, all([*says, receipt.reason]))
    if 1 in rejected:
        at_fault = str(rejected[1].field).split(".")[0]
        yield holds(f"{case.name}, the field at fault", "a field of the record", at_fault, at_fault in case.invalid)


def _shows_whole(line: str, record: Record) -> bool:
    return len(record) > 1 and all(str(value) in line for value in record.values())


@check("G4", "rehearsed")
def one_bad_record_stops_no_other(bench: Bench) -> Iterator[Finding]:
    """A record that is refused has its receipt, and all the others are delivered."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        first, last = case.make(1), case.make(2)
        writing = trial.write(case, [first, case.invalid, last])
        yield equal(f"{case.name}, outcomes", ["sent", "rejected", "sent"], writing.outcomes)
        lost = [record for record in (first, last) if len(trial.held(case, record)) != 1]
        yield nothing(f"{case.name}, the others", "held once each", lost)


def as_sent(trial: Trial, case: WriteCase, records: list[Record]) -> Iterator[Finding]:
    """Yield, for each record, that the service holds it once and as it was sent."""
    for record in records:
        faults = differences(record, trial.held(case, record))
        yield nothing(f"{case.name} {named(record, case.key)}", "held once, as it was sent", faults)


def differences(sent: Record, held: list[Record]) -> Iterator[str]:
    """Yield how what is held differs from the one record that was sent; more fields than were sent do no harm."""
    if len(held) != 1:
        yield f"held {len(held)} times"
    for one in held[:1]:
        yield from (
            f"{name}: sent {value!r}, held {one.get(name)!r}" for name, value in sent.items() if one.get(name) != value
        )


def named(record: Record, key: tuple[str, ...]) -> str:
    """Return a record's key as a reader gets it."""
    return " ".join(str(record.get(name)) for name in key)

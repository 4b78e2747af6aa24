"""Group G: writing, held against what the service holds afterwards."""

from __future__ import annotations

from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal, nothing
from custify_connector.testbed import Record

_RECORDS = 5


@check("G1", "rehearsed")
def what_was_written_is_there(bench: Bench) -> Iterator[Finding]:
    """After a write, the service holds every record that was sent, field by field."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        records = [case.make(number) for number in range(_RECORDS)]
        writing = trial.write(case, records)
        yield equal(f"{case.name}, outcomes", ["sent"] * _RECORDS, writing.outcomes)
        for record in records:
            yield nothing(
                f"{case.name} {_named(record, case.key)}",
                "held as it was sent",
                differences(record, trial.held(case, record)),
            )


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


def differences(sent: Record, held: list[Record]) -> Iterator[str]:
    """Yield how what is held differs from the one record that was sent; more fields than were sent do no harm."""
    if len(held) != 1:
        yield f"held {len(held)} times"
    for one in held[:1]:
        yield from (
            f"{name}: sent {value!r}, held {one.get(name)!r}" for name, value in sent.items() if one.get(name) != value
        )


def _named(record: Record, key: tuple[str, ...]) -> str:
    return " ".join(str(record.get(name)) for name in key)

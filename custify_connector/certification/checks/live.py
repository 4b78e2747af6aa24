"""The rung *live*: a real account, read gently, and written to where its owner allows it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from jsonschema import Draft202012Validator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.checks.writing import differences
from custify_connector.certification.findings import Finding, equal, nothing
from custify_connector.certification.trials import Trial
from custify_connector.contract.testbed import Record, WriteCase


@check("B7", "live", seconds=90)
def the_key_of_the_account_passes(bench: Bench) -> Iterator[Finding]:
    """A test with the real credential reports that it is good."""
    report = bench.live().test()
    yield equal("the credential", (True, "ok"), (report.ok, report.code))


@check("D16", "live", seconds=600)
def streams_of_the_account_fit_their_schemas(bench: Bench) -> Iterator[Finding]:
    """The first batch of each stream of the real account comes without error, and its records fit the schema."""
    trial = bench.live()
    for stream in trial.streams:
        reading = trial.read(stream, batches=1)
        yield equal(f"{stream}, error", None, reading.error)
        judge = Draft202012Validator(bench.description["sources"][stream]["schema"])
        # The rule and its place, never the value: these are real people's records.
        faults = (
            f"{one.json_path}: {one.validator}" for record in reading.records for one in judge.iter_errors(record)
        )
        yield nothing(f"{stream}, {len(reading.records)} records", "each fits the schema", faults)


@check("G26", "live", seconds=120)
def what_is_made_in_the_account_is_there_and_goes_again(bench: Bench) -> Iterator[Finding]:
    """A record with a key of its own is written, read back as it was sent, deleted, and then no longer found.

    Nothing else of the account is touched, and nothing at all without `--allow-writes`.
    """
    trial = bench.live(writes=True)
    makers = {case.name: case for case in trial.cases("upsert", "create")}
    for removing in trial.cases("delete"):
        maker = makers.get(removing.of or "")
        if maker is not None and maker.found_by is not None:
            yield from _made_and_removed(trial, maker, removing)


def _made_and_removed(trial: Trial, maker: WriteCase, removing: WriteCase) -> Iterator[Finding]:
    number = 2**30 + secrets.randbelow(2**30)
    record = maker.make(number)
    yield equal(f"{maker.name}, found before", [], _found(trial, maker, record))
    written = trial.write(maker, [record])
    try:
        yield equal(f"{maker.name}, outcome", ["sent"], written.outcomes)
        yield nothing(f"{maker.name}, read back", "as it was sent", differences(record, _found(trial, maker, record)))
    finally:
        removed = trial.write(removing, [removing.make(number)])
    yield equal(f"{removing.name}, outcome", ["sent"], removed.outcomes)
    yield equal(f"{removing.name}, found afterwards", [], _found(trial, maker, record))


def _found(trial: Trial, case: WriteCase, record: Record) -> list[Record]:
    source = case.found_by(record) if case.found_by else {}
    found = trial.read_at({}, source).records
    return [one for one in found if all(one.get(name) == record[name] for name in case.key)]

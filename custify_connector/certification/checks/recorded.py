"""Group D, recorded: what the real service once answered gives the records that it must."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal, nothing
from custify_connector.certification.replaying import Recording, recordings, replayed
from custify_connector.certification.trials import Trial
from custify_connector.contract.testbed import NotOffered


@check("D15", "recorded")
def recorded_replies_give_the_expected_records(bench: Bench) -> Iterator[Finding]:
    """Replies that are kept in files are given again, and the read delivers the records that stand beside them.

    Replies that were written from a documentation can fail this check and cannot pass it: no account ever sent them.
    """
    trial = bench.open()
    known = recordings(Path(trial.service.recordings()))
    for name, recording in known.items():
        yield from _read(trial, f"{name}, from the {recording.origin}", recording)
    if known and not any(one.origin == "account" for one in known.values()):
        raise NotOffered(f"all {len(known)} recordings agree, and are written from documentation: no account sent them")


def _read(trial: Trial, name: str, recording: Recording) -> Iterator[Finding]:
    with replayed(recording) as replay:
        addresses = dict.fromkeys(trial.service.credentials.address, replay.url)
        reading = trial.read_at(addresses, dict(recording.source))
    yield equal(f"{name}, error", None, reading.error)
    yield nothing(f"{name}, requests", "none that was not recorded", replay.unknown)
    yield equal(f"{name}, records", list(recording.records), reading.records)

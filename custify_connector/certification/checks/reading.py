"""Group D: reading, held against what the service truly holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, holds, nothing


@check("D1", "rehearsed")
def every_record_is_delivered_once(bench: Bench) -> Iterator[Finding]:
    """A read delivers the records that the service holds: none lost, none twice, none invented."""
    trial = bench.open()
    for stream in trial.streams:
        reading, truth = trial.read(stream), trial.service.truth(stream)
        yield holds(stream, "a read that ends well", reading.error or "as expected", reading.error is None)
        came = Counter(bench.name(stream, record) for record in reading.records)
        held = Counter(bench.name(stream, record) for record in truth)
        yield nothing(stream, f"all {len(truth)} records: none lost", (held - came).elements())
        yield nothing(stream, "none twice and none invented", (came - held).elements())


@check("D2", "rehearsed")
def keys_are_whole_and_unique(bench: Bench) -> Iterator[Finding]:
    """Every record has its stream's key, no part of it null, and no two records have the same."""
    trial = bench.open()
    for stream in trial.streams:
        if not any(bench.keys(stream)):
            continue
        keys = Counter(bench.key(stream, record) for record in trial.read(stream).records)
        yield holds(stream, "a key in every record", f"{keys[None]} without one", not keys[None])
        yield nothing(stream, "no key twice", (key for key, times in keys.items() if times > 1))

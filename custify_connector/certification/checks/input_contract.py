"""Group H: what a host may hand over, sensible or not."""

from __future__ import annotations

from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal


@check("H1", "rehearsed")
def a_record_without_its_key_is_rejected(bench: Bench) -> Iterator[Finding]:
    """A record that cannot be told from others has a receipt that says so, and is never sent."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        before = len(trial.service.journal())
        writing = trial.write(case, [case.nameless])
        yield equal(f"{case.name}, outcomes", ["rejected"], writing.outcomes)
        yield equal(f"{case.name}, requests", 0, len(trial.service.journal()) - before)

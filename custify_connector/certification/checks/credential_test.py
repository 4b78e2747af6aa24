"""Group B: testing a credential."""

from __future__ import annotations

from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal, holds


@check("B1", "rehearsed")
def a_good_key_passes_and_a_bad_one_fails(bench: Bench) -> Iterator[Finding]:
    """A test answers one report for either key: a bad key is what it is there to find, and nothing to raise."""
    trial = bench.open()
    good, bad = trial.test(), trial.test(trial.service.credentials.bad)
    yield equal("the good key", (True, "ok"), (good.ok, good.code))
    yield holds("the bad key", "not ok, with a code of its own", bad, not bad.ok and bad.code != "ok")

"""Group K: the certifier itself."""

from __future__ import annotations

from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, nothing


@check("K1", "declared")
def every_check_has_a_mutant(bench: Bench) -> Iterator[Finding]:
    """A check that was never seen to fail proves nothing: each has a connector that is broken in just its way."""
    proved = {one.check for one in bench.subject.mutants}
    yield nothing("checks", "each has a mutant", (one.id for one in bench.subject.checks if one.id not in proved))

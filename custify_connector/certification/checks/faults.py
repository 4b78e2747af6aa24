"""Group F: faults and limits, held against the service's own journal."""

from __future__ import annotations

from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, holds
from custify_connector.testbed import Exchange, RateLimit

_LIMIT = RateLimit(10, 1.0)


@check("F1", "hardened")
def the_rate_limit_is_never_exceeded(bench: Bench) -> Iterator[Finding]:
    """In no window does the service see more requests than its limit, over tests, reads and writes together."""
    trial = bench.open(rate_limit=_LIMIT, page_cap=5)
    for stream in trial.streams[:2]:
        trial.test()
        trial.read(stream)
    for case in trial.cases("upsert", "create")[:1]:
        trial.write(case, [case.make(number) for number in range(_LIMIT.requests)])
    journal = trial.service.journal()
    busiest = busiest_window(journal, _LIMIT.seconds)
    refused = [one for one in journal if one.status == 429]  # noqa: PLR2004 - Too Many Requests
    yield holds("work enough to meet the limit", f"more than {_LIMIT.requests} requests", len(journal),
                len(journal) > _LIMIT.requests)  # fmt: skip
    yield holds("the busiest window", f"at most {_LIMIT.requests} requests in {_LIMIT.seconds:g} s", busiest,
                busiest <= _LIMIT.requests)  # fmt: skip
    yield holds("refusals for the limit", "none", len(refused), not refused)


def busiest_window(journal: list[Exchange], seconds: float) -> int:
    """Return the most requests, counted or refused, in any window of so many seconds."""
    times = sorted(one.at for one in journal)
    return max((sum(start <= at < start + seconds for at in times) for start in times), default=0)

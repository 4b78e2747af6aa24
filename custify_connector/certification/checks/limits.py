"""Group F, limits: held and used, over threads, processes and slow consumers, by the service's own journal."""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal, holds, nothing
from custify_connector.certification.trials import Trial
from custify_connector.contract.testbed import Exchange, RateLimit

_LIMIT = RateLimit(20, 1.0)
_FULL = RateLimit(30, 2.0)
_SHARED = RateLimit(30, 1.0)
_WINDOWS = 2


@check("F1", "hardened", seconds=60)
def the_rate_limit_is_never_exceeded(bench: Bench) -> Iterator[Finding]:
    """In no window does the service see more requests than its limit, over tests, reads and writes at once."""
    trial = bench.open(rate_limit=_LIMIT, page_cap=3)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(work) for work in _works(trial)]:
            done.result()
    yield from _kept(trial.service.journal(), _LIMIT)


def _works(trial: Trial) -> Iterator[Callable[[], object]]:
    for stream in trial.streams[:2]:
        yield from [partial(trial.read, stream)] * 2
    for case in trial.cases("upsert", "create")[:1]:
        records = case.records(2 * _LIMIT.requests)
        yield partial(trial.write, case, records)
    yield from [trial.test] * 3


def _kept(journal: list[Exchange], limit: RateLimit) -> Iterator[Finding]:
    busiest = busiest_window(journal, limit.seconds)
    refused = [one for one in journal if one.status == 429]  # noqa: PLR2004 - Too Many Requests
    yield holds("work enough to meet the limit", f"more than {limit.requests} requests", len(journal),
                len(journal) > limit.requests, measured=True)  # fmt: skip
    yield holds("the busiest window", f"at most {limit.requests} requests in {limit.seconds:g} s", busiest,
                busiest <= limit.requests, measured=True)  # fmt: skip
    yield holds("refusals for the limit", "none", len(refused), not refused)


@check("F2", "hardened", seconds=60)
def the_rate_limit_is_used(bench: Bench) -> Iterator[Finding]:
    """Where there is work, at least 95 % of what the service allows is asked for: time is what a limit costs."""
    trial = bench.open(rate_limit=_FULL, page_cap=2)
    wanted, least = _WINDOWS * _FULL.requests + 1, _WINDOWS * _FULL.seconds
    began = time.monotonic()
    while trial.requests < wanted and time.monotonic() - began <= 2 * least:  # then it is too late
        if trial.read(trial.streams[0]).error:
            break
    times = sorted(one.at for one in trial.service.journal())[:wanted]
    took = times[-1] - times[0]
    yield holds(f"{wanted} requests, of which {_FULL.requests} go in {_FULL.seconds:g} s",
                f"at most {least / 0.95:.2f} s, {least:g} s being all that is allowed", f"{took:.2f} s",
                len(times) == wanted and took <= least / 0.95, measured=True)  # fmt: skip


@check("F7", "hardened", seconds=60)
def two_processes_share_one_limit(bench: Bench) -> Iterator[Finding]:
    """Two processes that name the same budget stay below one limit together."""
    if not bench.takes("budget", of="source"):
        return
    trial = bench.open(rate_limit=_SHARED, page_cap=1)
    with tempfile.TemporaryDirectory() as directory:
        settings = trial.service.settings(shared_budget=str(Path(directory, "budget")))
        both = [trial.read_apart(trial.streams[0], settings=settings) for _ in range(2)]
        counts = [sum(len(line["records"]) for line in process.lines()) for process in both]
    yield equal("records of each", [len(trial.service.truth(trial.streams[0]))] * 2, counts)
    yield from _kept(trial.service.journal(), _SHARED)


@check("F8", "hardened")
def a_slow_or_leaving_consumer_stops_nothing_and_leaves_nothing(bench: Bench) -> Iterator[Finding]:
    """A host that takes its time gets everything; one that leaves leaves no thread and no request behind."""
    before = set(threading.enumerate())
    trial = bench.open(page_cap=5)
    stream, service = trial.streams[0], set(threading.enumerate()) - before
    slow = 0
    for batch in trial.series(stream):
        time.sleep(0.02)
        slow += len(batch.records)
    yield equal(f"{stream}, a slow consumer", len(trial.service.truth(stream)), slow)
    series = trial.series(stream)
    next(series)
    getattr(series, "close", lambda: None)()
    asked = trial.requests
    time.sleep(_AFTER_SECONDS)
    yield equal("requests after an early end", 0, trial.requests - asked)
    left = [one.name for one in threading.enumerate() if one not in before | service and not _serves(one)]
    yield nothing("threads after an early end", "none", left)


_AFTER_SECONDS = 0.5


def _serves(thread: threading.Thread) -> bool:
    """Say whether a thread is one of a server here, which answers a connection until the other side leaves it."""
    return "process_request" in thread.name or "server" in thread.name.lower()


def busiest_window(journal: list[Exchange], seconds: float) -> int:
    """Return the most requests, counted or refused, in any window of so many seconds."""
    times = sorted(one.at for one in journal)
    return max((sum(start <= at < start + seconds for at in times) for start in times), default=0)

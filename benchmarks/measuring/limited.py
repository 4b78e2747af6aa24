"""200 ms latency with the limit enforced: how much of what the limit allows is used."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import machine
from .contenders import BATCH, CUSTIFY, LOOP, PAGE, Contender, Job, readers, writers
from .ideal import ideal_seconds
from .rounds import Trial, once, tell
from .rows_file import write_rows
from .scale import Scale
from .server import serving
from .tables import Section, Target, at_least, number, seconds

LATENCY, IN_FLIGHT, WINDOW = 0.2, 8, (100, 10.0)
JOBS = 100
_HOW = """Each answer takes 200 ms, and the server enforces 100 requests in any 10 s. One run each, whole process; the
server is a new one for each, so that its window is empty. The ideal is the least time in which the requests that were
sent can be made with 8 in flight under a moving window: 100 at once (2.5 s), 100 more 10 s after those, and so on; a
batch of 100 costs two requests, its post and one look. The connector's pages begin with records of the page before,
so it sends a tenth more of them than the loop. `share` is what the target means: ideal / seconds from the first
request to the last answer, by the server's journal; `whole process` is the same with start-up and end included. The
loop never meets the limit: it makes 5 requests a second. In the last two rows another process keeps each core busy;
they promise nothing."""


@dataclass(frozen=True)
class _Run:
    records: int
    seconds: float
    span: float
    summary: Mapping[str, Any]

    @property
    def ideal(self) -> float:
        return ideal_seconds(int(self.summary["requests"]), LATENCY, IN_FLIGHT, WINDOW)

    @property
    def refused(self) -> int:
        return int(self.summary["statuses"].get("429", 0))


def measured(scale: Scale) -> Section:
    """Measure."""
    reading, writing = ({each.name: each for each in found} for found in (readers(), writers()))
    requests = scale.limited_requests
    with tempfile.TemporaryDirectory() as folder:
        single = write_rows(Path(folder) / "single.jsonl", requests)
        batch = write_rows(Path(folder) / "batch.jsonl", requests // 2 * JOBS)
        runs = {
            "custify, reading": _read(reading[CUSTIFY], requests),
            "custify, writing single": _write(writing[CUSTIFY], single, requests, requests),
            "custify, writing in batches": _write(writing[BATCH], batch, requests, requests // 2 * JOBS),
            "loop, reading": _read(reading[LOOP], requests),
        }
        with machine.busy():
            runs["custify, reading, both cores kept busy"] = _read(reading[CUSTIFY], requests)
            runs["custify, writing single, both cores kept busy"] = _write(writing[CUSTIFY], single, requests, requests)
    return Section(
        "b",
        f"The limit enforced: 200 ms, {requests} requests",
        _HOW,
        (
            "run",
            "records",
            "requests",
            "seconds",
            "ideal s",
            "share",
            "whole process",
            "records/s",
            "429",
            "busiest 10 s",
        ),
        [_row(name, run) for name, run in runs.items()],
        _targets(runs),
    )


def _read(contender: Contender, pages: int) -> _Run:
    people = pages * PAGE - PAGE // 2  # an exact multiple would cost one more request, to see the end
    with serving(people, latency=LATENCY, rate_limit="100/10", keep=10_000) as server:
        return _run(contender, Trial(Job(server, Path(), people, limited=True), people), pages, people)


def _write(contender: Contender, rows: Path, requests: int, records: int) -> _Run:
    with serving(10, latency=LATENCY, rate_limit="100/10", keep=10_000) as server:
        return _run(contender, Trial(Job(server, Path(), rows=rows, limited=True)), requests, records)


def _run(contender: Contender, trial: Trial, requests: int, records: int) -> _Run:
    took = once(contender, replace(trial, limit_seconds=requests * 1.0)).seconds
    tell(f"  {contender.name}: {took:.1f} s")
    server = trial.job.server
    return _Run(records, took, server.span(), server.summary())


def _row(name: str, run: _Run) -> tuple[str, ...]:
    shares = f"{run.ideal / run.span:.1%}", f"{run.ideal / run.seconds:.1%}"
    counted = str(run.refused), str(run.summary["busiest_window"])
    sent = f"{run.summary['requests']}"
    return name, number(run.records), sent, seconds(run.seconds), seconds(run.ideal), *shares, _rate(run), *counted


def _rate(run: _Run) -> str:
    return seconds(run.records / run.seconds)


def _targets(runs: Mapping[str, _Run]) -> tuple[Target, ...]:
    ours = {name: run for name, run in runs.items() if name.startswith("custify") and "busy" not in name}
    shares = (at_least(f"{name}: % of the ideal", run.ideal / run.span * 100, 95) for name, run in ours.items())
    refused = sum(run.refused for run in ours.values())
    single, batch = runs["custify, writing single"], runs["custify, writing in batches"]
    gain = (batch.records / batch.seconds) / (single.records / single.seconds)
    return (
        *shares,
        Target("no 429", str(refused), refused == 0),
        at_least("records a second in batches, times single delivery", gain, 45),
    )

"""Group D, plans: the parts that an engine reads in parallel are the stream, no more and no less."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, holds, nothing
from custify_connector.certification.trials import Trial

_PARTS = (1, 4)
_WHOLE_PAGES = 1000


@check("D19", "rehearsed", seconds=60)
def the_parts_of_a_plan_are_the_whole_stream(bench: Bench) -> Iterator[Finding]:
    """An engine reads the parts of a plan in any order: together they have every record, and each record once.

    There are at most as many as were asked for, at least one, and all are JSON, since they travel to other machines.
    """
    if not bench.has_hook("plan_source"):
        return
    trial = bench.open(page_cap=_WHOLE_PAGES)
    for stream in trial.streams:
        for parts in _PARTS:
            yield from _planned(bench, trial, stream, parts)


def _planned(bench: Bench, trial: Trial, stream: str, parts: int) -> Iterator[Finding]:
    plan = trial.plan(stream, parts)
    place = f"{stream}, {parts} asked for"
    yield holds(place, f"at least 1 part, at most {parts}", len(plan), 1 <= len(plan) <= parts)
    yield holds(place, "parts that are the same after JSON", plan, json.loads(json.dumps(plan)) == plan)
    readings = [trial.read_at({}, {**part}) for part in reversed(plan)]
    yield nothing(place, "each part read to its end", (one.error for one in readings if one.error))
    came = Counter(bench.name(stream, record) for one in readings for record in one.records)
    held = Counter(bench.name(stream, record) for record in trial.service.truth(stream))
    yield nothing(place, f"all {held.total()} records: none in no part", (held - came).elements())
    yield nothing(place, "none in two parts, and none invented", (came - held).elements())

"""A run that fits into one window: it must not be spread over the window."""

from __future__ import annotations

from pathlib import Path

from .contenders import CUSTIFY, PAGE, Job, readers
from .limited import IN_FLIGHT, LATENCY
from .rounds import Trial, median, once
from .scale import Scale
from .server import serving
from .tables import Section, at_most, seconds

PAGES = 96
_HOW = """96 pages of people, 200 ms an answer, the limit of 100 requests in 10 s enforced, 8 requests in flight. The
whole process; a new server for each run. `requests / in flight x latency` is {bound:.2f} s; spread over the window at
10 a second it would take 9.6 s."""


def measured(scale: Scale) -> Section:
    """Measure."""
    took = median(_took() for _ in range(scale.latency_rounds))
    bound = PAGES / IN_FLIGHT * LATENCY
    return Section(
        "c",
        "A short run is not slowed down",
        _HOW.format(bound=bound),
        ("run", "seconds", "x bound"),
        [("custify, 96 pages", seconds(took), f"{took / bound:.2f}")],
        (at_most("times requests / in flight x latency", took / bound, 1.5),),
    )


def _took() -> float:
    people = PAGES * PAGE - PAGE // 2
    ours = next(each for each in readers() if each.name == CUSTIFY)
    with serving(people, latency=LATENCY, rate_limit="100/10") as server:
        return once(ours, Trial(Job(server, Path(), people, limited=True), people, 60)).seconds

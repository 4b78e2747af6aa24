"""A run that fits into one window: it must not be spread over the window."""

from __future__ import annotations

from pathlib import Path

from .contenders import CUSTIFY, Job, readers
from .limited import IN_FLIGHT, LATENCY
from .rounds import Trial, median, once
from .scale import Scale
from .server import serving
from .tables import Section, at_most, seconds

PEOPLE = 17_000
_HOW = """{people:,} people in {requests} requests, 200 ms an answer, the limit of 100 requests in 10 s enforced. The
whole process; a new server for each run. `requests / 8 in flight x latency` is {bound:.2f} s; spread over the window
at 10 a second it would take {spread:.1f} s."""


def measured(scale: Scale) -> Section:
    """Measure."""
    found = [_took() for _ in range(scale.latency_rounds)]
    took, requests = median(one for one, _ in found), max(count for _, count in found)
    bound = requests / IN_FLIGHT * LATENCY
    return Section(
        "c",
        "A short run is not slowed down",
        _HOW.format(people=PEOPLE, requests=requests, bound=bound, spread=requests / 10),
        ("run", "seconds", "x bound"),
        [(f"custify, {PEOPLE:,} people", seconds(took), f"{took / bound:.2f}")],
        (at_most("times requests / in flight x latency", took / bound, 1.5),),
    )


def _took() -> tuple[float, int]:
    ours = next(each for each in readers() if each.name == CUSTIFY)
    with serving(PEOPLE, latency=LATENCY, rate_limit="100/10") as server:
        took = once(ours, Trial(Job(server, Path(), PEOPLE, limited=True), PEOPLE, 60)).seconds
        return took, int(server.summary()["requests"])

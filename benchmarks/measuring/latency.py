"""200 ms latency without a limit: what requests in flight are worth."""

from __future__ import annotations

from pathlib import Path

from .contenders import CUSTIFY, DLT_TUNED, FLOOR, PAGE, Job, readers
from .limited import LATENCY
from .rounds import Trial, interleaved, ratio, wall
from .scale import Scale
from .server import serving
from .tables import Section, number, seconds, times

_HOW = """{pages} pages of 200 people, 200 ms an answer, no limit. The connector has up to 32 requests in flight, its
default; the others ask one page after another, as they do unless taught otherwise. Medians of {rounds} interleaved
rounds, whole process."""


def measured(scale: Scale) -> Section:
    """Measure."""
    people = scale.latency_pages * PAGE
    contenders = [each for each in readers() if each.name not in {FLOOR, DLT_TUNED}]
    with serving(people, latency=LATENCY) as server:
        found = interleaved(contenders, Trial(Job(server, Path(), people), people), scale.latency_rounds)
    names = [each.name for each in contenders]
    return Section(
        "d",
        "200 ms latency, no limit",
        _HOW.format(pages=scale.latency_pages, rounds=scale.latency_rounds),
        ("reader", "seconds", "people/s", "x custify's time"),
        [
            (name, seconds(wall(found, name)), number(people / wall(found, name)), times(ratio(found, name, CUSTIFY)))
            for name in names
        ],
    )

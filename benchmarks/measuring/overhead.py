"""Reading without latency and without a limit: what is left is what each contender adds."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from .contenders import AIRBYTE_CDK, CUSTIFY, DLT_HUB, FLOOR, LOOP, PAGE, SINGER_SDK, Job, readers
from .environments import OURS
from .paths import CONTENDERS
from .processes import Command, measure
from .rounds import Rounds, Trial, cpu, interleaved, median, middle_half, once, peak, ratio, wall
from .scale import Scale
from .server import Server, serving
from .tables import Section, Target, at_least, at_most, number, seconds, times

_HOW = """The whole process, from its start to its end, reads {people:,} people in {pages} pages of 200 into JSON lines.
Medians of {rounds} interleaved rounds of all, and of {more} more of the three quick ones, whose times swing most; a
ratio is the median of the ratios within each round that both were in. dlt loads JSON lines with its `filesystem`
destination: as it is by itself (nested values become columns and tables), and tuned (they stay in their record, no
compression), which is the nearer comparison and makes no promise."""
_QUICK = (FLOOR, LOOP, CUSTIFY)
_PROBES = 3


def measured(scale: Scale) -> Section:
    """Measure."""
    with serving(scale.people) as server:
        trial = Trial(Job(server, Path(), scale.people), scale.people)
        # The server makes each page once, for who asks first in that order: no one is to be measured doing so.
        for contender in readers():
            if contender.name in (FLOOR, CUSTIFY):
                once(contender, trial)
        served = median(_served(server, scale.people // PAGE) for _ in range(_PROBES))
        found = _rounds(trial, scale)
    names = [contender.name for contender in readers()]
    pages = scale.people // PAGE
    return Section(
        "a",
        "Overhead of reading: no latency, no limit",
        _HOW.format(people=scale.people, pages=pages, rounds=scale.rounds, more=scale.quick_rounds),
        ("reader", "seconds", "CPU s", "people/s", "x custify's time", "x custify's CPU", "peak MB"),
        [_row(found, name, scale.people) for name in names],
        (*_targets(found), _server_is_quicker(served, pages / wall(found, FLOOR))),
    )


def _rounds(trial: Trial, scale: Scale) -> Rounds:
    found = interleaved(readers(), trial, scale.rounds)
    quick = [contender for contender in readers() if contender.name in _QUICK]
    more = interleaved(quick, trial, scale.quick_rounds)
    return {name: [*measured, *more.get(name, ())] for name, measured in found.items()}


def _row(found: Rounds, name: str, people: int) -> tuple[str, ...]:
    took, used = wall(found, name), cpu(found, name)
    ratios = times(ratio(found, name, CUSTIFY)), times(ratio(found, name, CUSTIFY, "cpu"))
    return name, seconds(took), seconds(used), number(people / took), *ratios, number(peak(found, name))


def _targets(found: Rounds) -> tuple[Target, ...]:
    return (
        at_least("not slower than the loop", ratio(found, LOOP, CUSTIFY), 1),
        at_least("as fast as singer-sdk, times", ratio(found, SINGER_SDK, CUSTIFY), 3),
        at_least("as fast as airbyte-cdk, times", ratio(found, AIRBYTE_CDK, CUSTIFY), 5),
        at_least("as fast as dlt by itself, times", ratio(found, DLT_HUB, CUSTIFY), 10),
        _near_the_floor(found),
    )


def _near_the_floor(found: Rounds) -> Target:
    """Hold our time against the floor's, and tell how it swings: half a second is short, and uneven from run to run."""
    target = at_most("the floor's time, times", ratio(found, CUSTIFY, FLOOR), 2)
    lower, upper = middle_half(found, CUSTIFY, FLOOR)
    return replace(target, figure=f"{target.figure}; half of the rounds between {times(lower)} and {times(upper)}")


def _server_is_quicker(served: float, floor: float) -> Target:
    """Hold the server against the quickest client."""
    figure = f"{served:,.0f} pages/s to a client that drops them, {floor:,.0f} pages/s to the floor"
    return Target("the server is not the bottleneck", figure, served > floor)


def _served(server: Server, pages: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "pages"
        script = str(CONTENDERS / "raw_pages.py")
        measure(Command([OURS.python, script, str(pages)], Path(folder), server.environment, output=output), 60)
        return float(output.read_text())

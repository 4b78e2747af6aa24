"""Peak memory of a whole process, and what ten times the records add to it."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from .contenders import AIRBYTE_CDK, CUSTIFY, DLT_HUB, SINGER_SDK, Contender, Job, readers
from .rounds import Trial, attempt, tell
from .scale import Scale
from .server import Server, serving
from .tables import Section, Target, at_most, number, seconds, times

_HOW = """The kernel's high-water mark of resident memory (VmHWM), reading people to JSON lines; one run each, no
latency, no limit. Rivals read only where a run of theirs takes less than a minute."""
_RIVALS_UP_TO = 100_000
Peaks = dict[str, list[float]]


def measured(scale: Scale) -> Section:
    """Measure."""
    peaks: Peaks = {each.name: [] for each in readers() if each.name in _WHO}
    for people in scale.memory:
        with serving(people) as server:
            for contender in readers():
                if contender.name in peaks and (contender.name == CUSTIFY or people <= _RIVALS_UP_TO):
                    peaks[contender.name].append(_peak(contender, server, people))
        tell(f"  {people:,} people")
    return Section(
        "f",
        "Peak memory, MB",
        _HOW,
        ("reader", *(f"{people:,}" for people in scale.memory), "each for ten times the records"),
        [_row(name, found, len(scale.memory)) for name, found in peaks.items()],
        _targets(peaks[CUSTIFY]),
    )


_WHO = (CUSTIFY, SINGER_SDK, AIRBYTE_CDK, DLT_HUB)


def _peak(contender: Contender, server: Server, people: int) -> float:
    measured = attempt(contender, Trial(Job(server, Path(), people), people))
    return measured.megabytes if measured else float("nan")


def _row(name: str, found: list[float], columns: int) -> tuple[str, ...]:
    cells = [seconds(value) for value in found] + ["-"] * (columns - len(found))
    return name, *cells, ", ".join(times(growth) for growth in _growths(found))


def _growths(found: list[float]) -> list[float]:
    return [later / earlier for earlier, later in pairwise(found)]


def _targets(found: list[float]) -> tuple[Target, ...]:
    highest = max(found)
    return (
        Target("peak memory (at most 100 MB)", f"{number(highest)} MB", highest <= 100),  # noqa: PLR2004 - the promise
        at_most("memory for ten times the records, times", max(_growths(found)), 1.2),
    )

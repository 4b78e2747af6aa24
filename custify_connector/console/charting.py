"""How far a run is, and how fast it was: a line to draw, records a second over its time and what the limit allows.

Pure: numbers in, points of a picture out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

WIDTH, HEIGHT = 640, 160
_MOST_POINTS = 160
_FEWEST_POINTS = 2


@dataclass(frozen=True)
class Chart:
    """A line in a picture of 640 by 160: its points, the height of the limit, None where it is above, and the ends.

    `highest` is the figure at the top, in records a second; `seconds` the one at the right.
    """

    line: str
    area: str
    limit_y: float | None
    limit: float | None
    highest: float
    average: float
    seconds: float


@dataclass(frozen=True)
class Progress:
    """How far a run is: the share that is done, from 0 to 1, and the seconds that are left; None where not known."""

    done: float
    seconds_left: float | None


def progress(records: int, total: int | None, seconds: float) -> Progress | None:
    """Return how far a run is, None where it is not known how much there is.

    >>> progress(25, 100, 10), progress(0, 100, 10), progress(5, None, 10)
    (Progress(done=0.25, seconds_left=30.0), Progress(done=0.0, seconds_left=None), None)
    """
    if not total:
        return None
    done = min(1.0, records / total)
    return Progress(done, seconds / records * max(0, total - records) if records else None)


def tried(samples: Sequence[tuple[float, int]], records: int) -> list[tuple[float, int]]:
    """Return the samples without the rows that were not tried, which a run counts at its end: `records` were.

    >>> tried([(1.0, 40), (2.0, 300)], 104)
    [(1.0, 40), (2.0, 104)]
    """
    return [(when, min(count, records)) for when, count in samples]


def rates(samples: Sequence[tuple[float, int]]) -> list[tuple[float, float]]:
    """Return records a second between two samples, at the end of each span; the run began with nothing."""
    ordered = [(0.0, 0), *samples]
    if len(ordered) > _MOST_POINTS:
        step = -(-len(ordered) // _MOST_POINTS)
        ordered = [*ordered[:-1:step], ordered[-1]]
    return [
        (end, max(0.0, (after - before) / (end - begin)))
        for (begin, before), (end, after) in pairwise(ordered)
        if end > begin
    ]


def limit_of(
    kind: str, endpoint: Mapping[str, Any], settings: Mapping[str, Any], usual: Mapping[str, Any]
) -> float | None:
    """Return how many records a second the rate limit allows a run, None where there is none.

    A read gets a page with each request; a write sends one record with each, where it is not a batch.
    """
    limit = settings.get("settings", {}).get("rate_limit", usual)
    if not limit or settings.get("delivery") == "batch":
        return None
    size = endpoint.get("page_size") or 1 if kind == "read" else 1
    return float(limit["requests"]) / float(limit["seconds"]) * float(size)


def chart(samples: Sequence[tuple[float, int]], limit: float | None) -> Chart | None:
    """Return the picture of a run; None where there is too little to draw."""
    points = rates(samples)
    if len(points) < _FEWEST_POINTS:
        return None
    seconds, records = samples[-1][0], samples[-1][1]
    peak = max(rate for _, rate in points)
    seen = limit is not None and limit <= peak * 4
    highest = (max(peak, limit or 0.0) if seen else peak) * 1.1 or 1.0
    begins = [0.0, *(end for end, _ in points)]
    # Level over each span: a burst that is drawn as a slope looks like a rate that no moment had.
    drawn = [(when, rate) for begin, (end, rate) in zip(begins, points, strict=False) for when in (begin, end)]
    placed = [(when / seconds * WIDTH, HEIGHT - rate / highest * HEIGHT) for when, rate in drawn]
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
    area = f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}"
    limit_y = HEIGHT - limit / highest * HEIGHT if seen and limit is not None else None
    return Chart(line, area, limit_y, limit, highest, records / seconds, seconds)

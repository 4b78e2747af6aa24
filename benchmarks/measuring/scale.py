"""How much is measured: the whole, or a quick look."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Sizes and rounds."""

    rounds: int = 5
    quick_rounds: int = 15
    people: int = 100_000
    limited_requests: int = 380
    latency_pages: int = 40
    latency_rounds: int = 3
    rows: int = 5_000
    starts: int = 15
    shape_seconds: float = 60.0
    interrupts: int = 10
    nightly_people: int = 3_000
    memory: tuple[int, ...] = (10_000, 100_000, 1_000_000)


WHOLE = Scale()
QUICK = Scale(1, 1, 10_000, 160, 16, 1, 1_000, 5, 20.0, 2, 500, (1_000, 10_000))

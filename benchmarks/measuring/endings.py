"""How long a run takes to end when it is asked to: whatever it waits for just then."""

from __future__ import annotations

import random
import signal
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from .contenders import BATCH, CUSTIFY, Contender, Job, readers, writers
from .rows_file import write_rows
from .scale import Scale
from .shapes import NEVER, PEOPLE, ROWS, served, started
from .tables import Section, at_most, seconds

SERVICES = {
    "60 or 900 ms": "answers in 60 or 900 ms",
    "constant 50 ms": "has the run wait for the limit",
    NEVER: "never answers",
}
BETWEEN = 2.0, 9.0
IN_BATCHES = "write in batches"
_HOW = """Each run gets an interrupt (SIGINT) at a random moment, {count} runs a row: seconds from the signal to the end
of the process."""


def measured(scale: Scale) -> Section:
    """Measure, all rows side by side."""
    reading, writing = ({each.name: each for each in found} for found in (readers(), writers()))
    commands = {"read": reading[CUSTIFY], "write": writing[CUSTIFY], IN_BATCHES: writing[BATCH]}
    pairs = list(product(commands, SERVICES))
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(len(pairs)) as pool:
        rows = write_rows(Path(folder, "rows.jsonl"), ROWS)
        found = list(pool.map(lambda pair: _row(commands[pair[0]], pair[1], rows, scale.interrupts), pairs))
    return Section(
        "j",
        "Interrupts",
        _HOW.format(count=scale.interrupts),
        ("run", "service", "median s", "slowest s"),
        [
            (name, SERVICES[shape], seconds(statistics.median(took)), seconds(max(took)))
            for (name, shape), took in zip(pairs, found, strict=True)
        ],
        [
            at_most("the slowest end, seconds", _slowest(pairs, found, in_batches=False), 2),
            at_most(
                "the slowest end in batches, whose outcome may be pending, seconds",
                _slowest(pairs, found, in_batches=True),
                5,
            ),
        ],
    )


def _slowest(pairs: Sequence[tuple[str, str]], found: Sequence[Sequence[float]], *, in_batches: bool) -> float:
    return max(max(took) for (name, _), took in zip(pairs, found, strict=True) if (name == IN_BATCHES) == in_batches)


def _row(contender: Contender, shape: str, rows: Path, count: int) -> Sequence[float]:
    chance = random.Random(f"{contender.name} {shape}")  # noqa: S311 - repeatable
    return [_seconds(contender, shape, rows, chance.uniform(*BETWEEN)) for _ in range(count)]


def _seconds(contender: Contender, shape: str, rows: Path, moment: float) -> float:
    with served(shape, 60.0) as (server, _), tempfile.TemporaryDirectory() as folder:
        job = Job(server, Path(folder), PEOPLE, rows, limited=True)
        with started(contender, job) as process:
            time.sleep(moment)
            process.send_signal(signal.SIGINT)
            began = time.perf_counter()
            process.wait(60)
            return time.perf_counter() - began

"""Writing without latency and without a limit: what each contender adds to a row."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .contenders import CUSTIFY, Job, writers
from .rounds import Trial, cpu, interleaved, peak, ratio, wall
from .rows_file import write_rows
from .scale import Scale
from .server import serving
from .tables import Section, number, seconds, times

_HOW = """{rows:,} people upserted, no latency, no limit; medians of {rounds} interleaved rounds, whole process. The
connector also keeps a journal, one commit a row, so that a killed run can go on; the others keep nothing. Batch
delivery waits for each batch's outcome, which the server has ready after 50 ms."""


def measured(scale: Scale) -> Section:
    """Measure."""
    with tempfile.TemporaryDirectory() as folder, serving(10) as server:
        job = Job(server, Path(), rows=write_rows(Path(folder) / "rows.jsonl", scale.rows))
        found = interleaved(writers(), Trial(job), scale.rounds)
    return Section(
        "e",
        "Overhead of writing: no latency, no limit",
        _HOW.format(rows=scale.rows, rounds=scale.rounds),
        ("writer", "seconds", "CPU s", "rows/s", "x custify's time", "x custify's CPU", "peak MB"),
        [
            (
                each.name,
                seconds(wall(found, each.name)),
                seconds(cpu(found, each.name)),
                number(scale.rows / wall(found, each.name)),
                times(ratio(found, each.name, CUSTIFY)),
                times(ratio(found, each.name, CUSTIFY, "cpu")),
                number(peak(found, each.name)),
            )
            for each in writers()
        ],
    )

# ruff: noqa: INP001 - a script, not a package
"""Measure the Airbyte executables beside the core: `python benchmarks/airbyte_overhead.py [--people N]`.

A whole read by each into a file, and the start of `spec` over a bare interpreter, on loopback, medians of interleaved
rounds; printed, and not kept. The environment is the one of `make bench`.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from measuring.environments import OURS
from measuring.processes import Command, measure
from measuring.server import Server, serving

_ROUNDS = 5
_STARTS = 15
_SECONDS = 300


def main() -> None:
    """Measure, print, and exit with 1 when a bound is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--people", type=int, default=100_000)
    people = parser.parse_args().people
    OURS.make()
    OURS.renew()
    with tempfile.TemporaryDirectory() as folder, serving(people) as server:
        ratio = _reading(server, Path(folder))
        added = _starting(Path(folder))
    sys.exit(0 if ratio <= 1.5 and added < 0.15 else 1)  # noqa: PLR2004 - the two bounds


def _reading(server: Server, folder: Path) -> float:
    config = {"name": "n", "api_key": server.api_key, "base_url": server.base_url, "settings": {"rate_limit": None}}
    stream = {"stream": {"name": "people"}, "sync_mode": "full_refresh", "destination_sync_mode": "append"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (folder / "catalog.json").write_text(json.dumps({"streams": [stream]}), encoding="utf-8")
    read = [OURS.command("custify"), "read", "people", "--rate-limit", "none", "--output", "people.jsonl"]
    source = [OURS.command("source-custify"), "read", "--config", "config.json", "--catalog", "catalog.json"]
    core = Command(read, folder, server.environment)
    adapter = Command(source, folder, output=folder / "messages.jsonl")
    measure(core, _SECONDS)  # the server encodes each record once, for the first reader
    took = [(measure(core, _SECONDS).seconds, measure(adapter, _SECONDS).seconds) for _ in range(_ROUNDS)]
    ratio = median(theirs / ours for ours, theirs in took)
    _tell(f"custify read: {median(ours for ours, _ in took):.2f} s; source-custify read: "
          f"{median(theirs for _, theirs in took):.2f} s; {ratio:.2f} times (at most 1.5)")  # fmt: skip
    return ratio


def _starting(folder: Path) -> float:
    def start(*words: str) -> float:
        return measure(Command(words, folder), _SECONDS).seconds

    commands: Sequence[Sequence[str]] = (
        (OURS.python, "-c", "pass"),
        (OURS.command("source-custify"), "spec"),
        (OURS.command("destination-custify"), "spec"),
    )
    took = list(zip(*[[start(*words) for words in commands] for _ in range(_STARTS)], strict=True))
    bare, *specs = (median(column) for column in took)
    for (command, *_), seconds in zip(commands[1:], specs, strict=True):
        _tell(f"{Path(command).name} spec: {seconds - bare:.3f} s over a bare interpreter (under 0.15 s)")
    return float(max(specs) - bare)


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

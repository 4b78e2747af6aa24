# ruff: noqa: INP001 - a script, not a package
"""Measure the connector side by side with others: `python benchmarks/run.py [--only a,b] [--quick]`.

Makes an environment for each contender on first use (PyPI is asked then, and never again), runs everything on
loopback, and writes benchmarks/results.md; a part, or a quick look, is only printed.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timezone

from measuring import (
    endings,
    environments,
    install_size,
    latency,
    limited,
    machine,
    memory,
    nightly,
    overhead,
    shapes,
    short_run,
    start_up,
    writing,
)
from measuring.paths import RESULTS
from measuring.rounds import tell
from measuring.scale import QUICK, WHOLE, Scale
from measuring.tables import Section

SECTIONS = {
    "a": overhead.measured,
    "b": limited.measured,
    "c": short_run.measured,
    "d": latency.measured,
    "e": writing.measured,
    "f": memory.measured,
    "g": start_up.measured,
    "h": install_size.measured,
    "i": shapes.measured,
    "j": endings.measured,
    "k": nightly.measured,
}


def main() -> None:
    """Measure what was asked for, and write it down."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--only", default=",".join(SECTIONS), metavar="KEYS", help="such as a,b; without it: all")
    parser.add_argument("--quick", action="store_true", help="a short look, whose figures mean little")
    asked = parser.parse_args()
    keys = asked.only.split(",")
    if unknown := [key for key in keys if key not in SECTIONS]:
        parser.error(f"there is no section {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    began = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    _prepare()
    found = []
    for key in keys:
        tell(f"{key} ...")
        found.append(_watched(SECTIONS[key], QUICK if asked.quick else WHOLE))
        tell(found[-1].markdown())
    if keys == list(SECTIONS) and not asked.quick:
        RESULTS.write_text(_report(found, time.monotonic() - began), encoding="utf-8")
        tell(f"written to {RESULTS.relative_to(RESULTS.parent.parent)}")


def _watched(measured: Callable[[Scale], Section], scale: Scale) -> Section:
    """Measure a section, and tell whether the cores were ours meanwhile: seconds mean little where they were not."""
    cores = (machine.SERVER_CORE, machine.CLIENT_CORE)
    before = [machine.share_of(core) for core in cores]
    section = measured(scale)
    shares = [*before, *(machine.share_of(core) for core in cores)]
    reported = (
        "A busy process got {:.0%} of the server's core and {:.0%} of the client's before, {:.0%} and {:.0%} after."
    )
    return replace(section, how=f"{section.how}\n{reported.format(*shares)}")


def _prepare() -> None:
    """Make the environments, and leave the client's core to the clients."""
    for environment in environments.ALL:
        tell(f"{environment.name}: environment")
        environment.make()
    environments.OURS.renew()
    os.sched_setaffinity(0, {machine.SERVER_CORE})


def _report(found: list[Section], took: float) -> str:
    missed = [target for section in found for target in section.targets if not target.kept]
    kept = sum(target.kept for section in found for target in section.targets)
    heading = [
        "# Benchmarks",
        "",
        f"Made by `make bench` in {took / 60:.0f} minutes on {datetime.now(timezone.utc):%d %B %Y};",
        f"{machine.described()}.",
        "Loopback only: the emulated Custify runs as a process of its own, pinned to one core, each contender pinned",
        "to another, each in its own environment from PyPI. Another machine gives other seconds; quote the ratios.",
        "",
        f"Targets: {kept} met, {len(missed)} missed.",
        "",
    ]
    return "\n".join([*heading, *(section.markdown() for section in found)])


if __name__ == "__main__":
    main()

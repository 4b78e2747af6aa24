"""Interleaved rounds: every contender once in each, so that a busy moment of the machine meets them all.

Decides what a median and a ratio are here. This file does not know who is compared.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from .contenders import Contender, Job
from .processes import Measured, RunFailed, measure

Rounds = Mapping[str, list[Measured]]


@dataclass(frozen=True)
class Trial:
    """What is done in every round: a job, how many records must come out, and how long one run may take."""

    job: Job
    records: int | None = None
    limit_seconds: float = 120.0


def interleaved(contenders: Iterable[Contender], trial: Trial, rounds: int) -> dict[str, list[Measured]]:
    """Run every contender once in each round; one that fails is reported, and left out of the rounds after."""
    found: dict[str, list[Measured]] = {}
    running = list(contenders)
    for number in range(rounds):
        for contender in tuple(running):
            measured = attempt(contender, trial)
            if measured is None:
                running.remove(contender)
            else:
                found.setdefault(contender.name, []).append(measured)
        tell(f"  round {number + 1} of {rounds}")
    return found


def attempt(contender: Contender, trial: Trial) -> Measured | None:
    """Run one contender; when it fails that is reported, and there is no measurement."""
    try:
        return once(contender, trial)
    except RunFailed as error:
        tell(f"{contender.name}: {error}")
        return None


def once(contender: Contender, trial: Trial) -> Measured:
    """Run one contender in a folder of its own; raises RunFailed, also when records are missing."""
    with tempfile.TemporaryDirectory(prefix="custify-bench-") as folder:
        job = replace(trial.job, folder=Path(folder))
        measured = measure(contender.command(job), trial.limit_seconds)
        if trial.records is not None and (count := contender.count(job)) != trial.records:
            raise RunFailed(f"put out {count:,} records instead of {trial.records:,}")
    return measured


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def wall(rounds: Rounds, name: str) -> float:
    """Return a contender's median of wall seconds; NaN when it failed."""
    return median(each.seconds for each in rounds[name]) if rounds.get(name) else float("nan")


def cpu(rounds: Rounds, name: str) -> float:
    """Return a contender's median of processor seconds."""
    return median(each.cpu for each in rounds[name]) if rounds.get(name) else float("nan")


def peak(rounds: Rounds, name: str) -> float:
    """Return a contender's highest peak of memory, in megabytes."""
    return max((each.megabytes for each in rounds.get(name, ())), default=float("nan"))


def ratio(rounds: Rounds, name: str, base: str, what: str = "seconds") -> float:
    """Return the median, over the rounds, of one contender's figure by another's in the same round."""
    found = _ratios(rounds, name, base, what)
    return median(found) if found else float("nan")


def middle_half(rounds: Rounds, name: str, base: str) -> tuple[float, float]:
    """Return between which ratios of seconds half of the rounds lie; NaN where there are not two."""
    found = _ratios(rounds, name, base, "seconds")
    if len(found) < 2:  # noqa: PLR2004 - one round lies between nothing
        return float("nan"), float("nan")
    lower, _, upper = statistics.quantiles(found, n=4, method="inclusive")
    return lower, upper


def _ratios(rounds: Rounds, name: str, base: str, what: str) -> list[float]:
    pairs = zip(rounds.get(name, ()), rounds.get(base, ()), strict=False)
    return [getattr(one, what) / getattr(other, what) for one, other in pairs]


def tell(text: str) -> None:
    """Report how far the benchmarks are."""
    sys.stderr.write(text + "\n")

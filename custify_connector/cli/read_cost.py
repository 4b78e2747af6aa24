"""What streams cost that ask for each parent by itself: how many requests, and how long they take at least.

Decides the order of many streams: cheap ones first. Asks for one record of each kind of parent, which says how many
there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from custify_connector.cli import layout
from custify_connector.cli.reads import Job
from custify_connector.cli.wanted import Wanted
from custify_connector.contract.errors import ConnectorError
from custify_connector.reading import state as states

_STANDARD_LIMIT = {"requests": 100, "seconds": 10.0}
_WORTH_A_LINE = 60.0
"""A stream that takes a minute or more."""


def parents_of(job: Job, wanted: Wanted) -> list[str]:
    """Return the sources for each of whose records a stream makes a request; none where a parameter names one."""
    if job.source.get("params"):
        return []
    described = wanted.connector.description.get("sources", {}).get(job.source.get("endpoint"), {})
    parents: list[str] = described.get("parents", [])
    return parents


def requests(jobs: Sequence[Job], known: Mapping[str, Any], wanted: Wanted) -> dict[str, int]:
    """Return how many requests each stream with parents makes, at most; none where a limit ends the read early."""
    if wanted.limit:
        return {}
    kinds = {parent: job for job in jobs for parent in parents_of(job, wanted)}
    counts = {parent: _count(parent, job, known, wanted) for parent, job in kinds.items()}
    below = {job.name: parents_of(job, wanted) for job in jobs}
    return {name: sum(counts[parent] for parent in parents) for name, parents in below.items() if parents}


def _count(parent: str, job: Job, known: Mapping[str, Any], wanted: Wanted) -> int:
    """Return how many parents there are; 0 where they cannot be counted: reading them says why."""
    source = wanted.connector.source({"endpoint": parent, "limit": 1, "settings": job.source.get("settings", {})})
    try:
        first = next(iter(wanted.connector.hooks.read_source(credential=known, source=source, state=None)), None)
    except ConnectorError:
        return 0
    return (states.expected(first.state) if first else 0) or 0


def seconds(job: Job, count: int) -> float | None:
    """Return how long so many requests take at least; None for an account without a limit."""
    settings = job.source.get("settings", {})
    if "rate_limit" in settings and settings["rate_limit"] is None:
        return None
    limit = settings.get("rate_limit") or _STANDARD_LIMIT
    return float(count * limit["seconds"] / limit["requests"])


def lines(jobs: Sequence[Job], counts: Mapping[str, int], wanted: Wanted) -> Iterator[str]:
    """Yield one line for each stream that takes a minute or more, and how to leave it out."""
    for job in jobs:
        least = seconds(job, counts.get(job.name, 0))
        if least is not None and least >= _WORTH_A_LINE:
            cost = f"up to {layout.counted(counts[job.name], 'request')}, {least / 60:.0f} minutes at the limit"
            below = " and ".join(parents_of(job, wanted))
            leave = f". --except {job.name} leaves it out" if wanted.every else ""
            yield f"{job.name}: one request for each of {below}: {cost}{leave}"

"""`custify read --dry-run`: what a read would ask for, how long it takes at least, and what becomes of its output.

Asks for the first page of each stream, which says how many records there are; nothing is written or recorded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import click

from custify_connector.cli import layout, read_cost
from custify_connector.cli.reads import Job
from custify_connector.cli.wanted import Wanted
from custify_connector.host.outputs.form import DATABASES
from custify_connector.host.runs import Owner
from custify_connector.reading import state as states


def show(jobs: Sequence[Job], known: Mapping[str, Any], wanted: Wanted, owner: Owner, *, as_json: bool) -> None:
    """Print one line for each stream, or all as JSON."""
    counts = read_cost.requests(jobs, known, wanted)
    plans = [_plan(job, known, wanted, owner, counts.get(job.name)) for job in jobs]
    if as_json:
        click.echo(layout.as_json({"output": wanted.output, "format": wanted.form_chosen, "streams": plans}))
        return
    for plan in plans:
        click.echo("; ".join(_said(plan)))


def _plan(job: Job, known: Mapping[str, Any], wanted: Wanted, owner: Owner, below: int | None) -> dict[str, Any]:
    """Return what a stream costs; `below` is how many parents it asks for, each by a request of its own."""
    state = owner.taken(job.keeping.load()).state
    settings = {**job.source.get("settings", {}), "max_in_flight": 1}
    source = {**job.source, "settings": settings} if wanted.connector.takes("source", "max_in_flight") else job.source
    batches = wanted.connector.hooks.read_source(credential=known, source=source, state=state)
    if below is not None:
        return _shown(job, state, None, below)
    first = next(batches, None)
    page = len(first.records) if first else 0
    total = states.expected(first.state) if first else 0
    requests = None if total is None else max(1, math.ceil(total / page)) if page else 1
    return _shown(job, state, total, requests)


def _shown(job: Job, state: Mapping[str, Any] | None, total: int | None, requests: int | None) -> dict[str, Any]:
    seconds = None if requests is None else read_cost.seconds(job, requests)
    return {
        "stream": job.name,
        "mode": job.source.get("mode", "full"),
        "records": total,
        "requests": requests,
        "seconds": None if seconds is None else round(seconds, 1),
        "path": job.target.path,
        "effect": _effect(job, state),
    }


def _effect(job: Job, state: Mapping[str, Any] | None) -> str:
    """Return what becomes of the output."""
    place = job.target.place
    if job.target.form in DATABASES:
        changes = state is not None and job.source.get("mode") == "incremental"
        return f"table {job.name} is " + (
            f"merged by {' with '.join(job.stream.key)}" if changes else "replaced or new"
        )
    if place.file is None:
        return "is written into"
    return "is replaced" if place.file.exists() else "is new"


def _said(plan: Mapping[str, Any]) -> Iterator[str]:
    if plan["records"] is None and plan["requests"] is not None:
        requests = layout.counted(plan["requests"], "request")
        yield f"{plan['stream']} ({plan['mode']}): up to {requests}, one for each record that it belongs to"
    elif plan["records"] is None:
        yield f"{plan['stream']} ({plan['mode']}): its number of records is not known before it is read"
    else:
        requests = layout.counted(plan["requests"], "request")
        yield f"{plan['stream']} ({plan['mode']}): {layout.counted(plan['records'], 'record')} in about {requests}"
    if plan["seconds"] is not None:
        yield f"at least {plan['seconds'] / 60:.1f} minutes"
    yield "standard output" if plan["path"] == "-" else f"{plan['path']} {plan['effect']}"

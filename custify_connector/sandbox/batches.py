"""Batches of writes.

Decided here: which jobs a batch may hold, that they run one after another, and what became of each.
Source: Custify's docs, Batch. What is answered about a batch, which the docs do not show, is decided in
`batch_replies`.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .companies import upsert_company
from .custom_data import upsert_custom_data
from .events import create_event
from .links import find_company, find_person
from .people import upsert_person
from .refusals import RefusalError, malformed, missing

if TYPE_CHECKING:
    from collections.abc import Callable

    from .content import Content
    from .quirks import Quirks
    from .table import Record

MOST_JOBS, MOST_SYNCHRONOUS = 100, 3


@dataclass(frozen=True)
class JobResult:
    """What became of job `index` of its batch: an HTTP status, and a message when it failed."""

    index: int
    status: int
    message: str | None = None


@dataclass
class Batch:
    """A batch that was taken: `results` is None, and `ended` (monotonic seconds), until its jobs have run."""

    key: str
    jobs: list[Record]
    results: list[JobResult] | None = None
    ended: float | None = None


def judged_jobs(body: Record) -> list[Record]:
    """Return the jobs of a body; refuse too many, or one that is no job (400)."""
    jobs = body.get("jobs")
    if not isinstance(jobs, list) or not jobs:
        raise malformed("jobs must be a list of at least one job")
    most = MOST_SYNCHRONOUS if body.get("synchronous") is True else MOST_JOBS
    if len(jobs) > most:
        raise malformed(f"jobs must have at most {most} entries")
    for index, job in enumerate(jobs):
        if not isinstance(job, dict) or job.get("type") not in _WORK or not isinstance(job.get("payload"), dict):
            raise malformed(f"jobs[{index}] must have a payload and a type of {', '.join(_WORK)}")
    return jobs


def schedule(content: Content, quirks: Quirks, batch: Batch, *, at_once: bool) -> None:
    """Keep a batch, and run it now or after the delay that the quirks set."""
    content.batches[batch.key] = batch
    if quirks.batch_never_ends:
        return
    if at_once or quirks.batch_delay <= 0:
        run(content, quirks, batch)
        return
    timer = threading.Timer(quirks.batch_delay, run, args=(content, quirks, batch))
    timer.daemon = True
    timer.start()


def run(content: Content, quirks: Quirks, batch: Batch) -> None:
    """Run the jobs of a batch, in the order sent or the reverse."""
    numbered = list(enumerate(batch.jobs))
    with content.lock:
        ordered = numbered if quirks.batch_order == "sent" else numbered[::-1]
        results = [_outcome(content, quirks, index, job) for index, job in ordered]
        batch.results = sorted(results, key=lambda result: result.index)
        batch.ended = time.monotonic()


def expired(batch: Batch, seconds: float) -> bool:
    """Say whether a batch ended so long ago that nothing is known of it."""
    return batch.ended is not None and time.monotonic() - batch.ended >= seconds


def _outcome(content: Content, quirks: Quirks, index: int, job: Record) -> JobResult:
    try:
        _WORK[job["type"]](content, quirks, job["payload"])
    except RefusalError as refusal:
        return JobResult(index, refusal.status, refusal.message)
    return JobResult(index, 202 if job["type"] == "event" else 200)


def _custom_data(content: Content, _: Quirks, payload: Record) -> None:
    model = payload.get("entityModel")
    key, company_id, user_id = (payload.get(name) for name in ("entity", "company_id", "user_id"))
    if model not in {"Company", "People", "Customer"}:
        raise malformed("entityModel must be Company or People")
    company = model == "Company"
    found = find_company(content, key, company_id) if company else find_person(content, key, user_id)
    if found is None:
        raise missing("entity")
    upsert_custom_data(content, "companies" if company else "people", found["id"], payload)


_WORK: dict[str, Callable[[Content, Quirks, Record], Any]] = {
    "people": upsert_person,
    "company": upsert_company,
    "event": lambda content, _, payload: create_event(content, payload),
    "custom-data": _custom_data,
}

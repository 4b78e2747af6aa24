"""Batches of writes.

Decided here: which jobs a batch may hold, that they run one after another, the outcome of each, and when nothing is
known of it.
Source: Custify's docs, Batch. They show no answer about a batch, so there are several, of which a quirk chooses one.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from custify_connector.sandbox.call import json_reply
from custify_connector.sandbox.links import find_company, find_person
from custify_connector.sandbox.refusals import RefusalError, malformed, missing

from .companies import upsert_company
from .custom_data import upsert_custom_data
from .events import create_event
from .people import upsert_person

if TYPE_CHECKING:
    from collections.abc import Callable

    from custify_connector.sandbox.call import Call
    from custify_connector.sandbox.content import Content
    from custify_connector.sandbox.quirks import BatchShape, Quirks
    from custify_connector.sandbox.table import Record
    from custify_connector.sandbox.wire import Reply

MOST_JOBS, MOST_SYNCHRONOUS = 100, 3
_FAILED = 400


@dataclass(frozen=True)
class JobResult:
    """The outcome of job `index` of its batch: an HTTP status, and a message when it failed."""

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
    """Return the jobs of a body; refuse too many, or one that is not a job (400)."""
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


def post_batch(call: Call) -> Reply:
    """Take a batch of up to 100 jobs, or run up to 3 at once."""
    body = call.body()
    named = body.get("returnJobId")
    key = named if isinstance(named, str) else f"batch-{len(call.content.batches) + 1}"
    batch = Batch(key, judged_jobs(body))
    schedule(call.content, call.quirks, batch, at_once=body.get("synchronous") is True)
    return json_reply(_taken(call.quirks.batch_shape, batch), 202)


def get_batch(call: Call) -> Reply:
    """Answer the outcome of a batch, for as long as it is known."""
    batch = call.content.batches.get(call.arguments["key"])
    silent = call.quirks.batch_shape == "silent"
    if batch is None or silent or expired(batch, call.quirks.batch_expiry):
        raise missing("batch")
    return json_reply(_report(call.quirks.batch_shape, batch))


_FAILED = 400


def _taken(shape: BatchShape, batch: Batch) -> dict[str, Any]:
    """Return the answer to the request that brought a batch."""
    if shape == "silent":
        return {}
    name = {"job_id": "jobId", "return_job_id": "returnJobId"}.get(shape, "id")
    return {name: batch.key} if batch.results is None else {name: batch.key, **_report(shape, batch)}


def _report(shape: BatchShape, batch: Batch) -> dict[str, Any]:
    """Return the answer to a request for the state of a batch."""
    if batch.results is None:
        return {"status": "running" if shape == "job_id" else "processing"}
    ended = {"status": "done" if shape == "job_id" else "completed"}
    return ended if shape == "partial" else {**ended, "results": _results(shape, batch.results)}


def _results(shape: BatchShape, results: list[JobResult]) -> list[dict[str, Any]]:
    if shape == "job_id":
        # Not in the order of the jobs: each result names its job.
        results = [*results[1::2], *results[::2]]
    return [_RESULT.get(shape, _by_success)(result) for result in results]


def _by_success(result: JobResult) -> dict[str, Any]:
    if result.status < _FAILED:
        return {"success": True}
    return {"success": False, "error": result.message, "statusCode": result.status}


def _by_index(result: JobResult) -> dict[str, Any]:
    if result.status < _FAILED:
        return {"index": result.index, "status": "done"}
    return {"index": result.index, "status": "failed", "error": {"message": result.message}}


def _by_status_code(result: JobResult) -> dict[str, Any]:
    return {"statusCode": result.status, **({"message": result.message} if result.message else {})}


_RESULT: dict[str, Callable[[JobResult], dict[str, Any]]] = {
    "job_id": _by_index,
    "return_job_id": _by_status_code,
}

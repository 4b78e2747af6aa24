"""What is answered about a batch. The docs show no such body, so there are several, of which a quirk chooses one.

Decided here: each shape, when a batch is taken and when it is asked for. This file does not know how jobs run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from .batches import Batch, JobResult
    from .quirks import BatchShape

_FAILED = 400


def taken(shape: BatchShape, batch: Batch) -> dict[str, Any]:
    """Return the answer to the request that brought a batch."""
    if shape == "silent":
        return {}
    name = {"job_id": "jobId", "return_job_id": "returnJobId"}.get(shape, "id")
    return {name: batch.key} if batch.results is None else {name: batch.key, **report(shape, batch)}


def report(shape: BatchShape, batch: Batch) -> dict[str, Any]:
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

"""Batch delivery, as far as it is pure: records to jobs, and the answer about jobs back to records.

Custify documents neither the answer to a posted batch nor the look at its outcome, so every form that clients and
documents hint at is understood, and a job whose result stays unclear is reported as failed, with that reason. This file
does not know when to look.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from custify_connector.checking.texts import Json
from custify_connector.exchange.replies import Complaint, complaint
from custify_connector.exchange.wire import Request

_ID_NAMES = ("id", "jobId", "job_id", "batchId", "returnJobId")
_DONE = frozenset({"completed", "complete", "done", "finished", "success", "succeeded", "failed", "partial"})
_SUCCESS_WORDS = frozenset({"success", "succeeded", "ok", "done", "completed", "created", "updated", "accepted"})
_FAILURE_WORDS = frozenset({"failed", "failure", "error", "rejected"})


@dataclass(frozen=True)
class JobResult:
    """The outcome of one job: `ok` None when the answer does not say."""

    ok: bool | None
    status: int | None = None
    reason: str = ""
    field: str | None = None


@dataclass(frozen=True)
class Outcome:
    """A look at a batch: whether it is finished, and a result for each of its jobs, if the answer has results."""

    finished: bool
    results: tuple[JobResult, ...] | None = None


def post(path: str, job_type: str, bodies: Sequence[Json], *, synchronous: bool) -> Request:
    """Return the request that posts a batch of jobs of one type (Custify's docs, Batch)."""
    jobs = [{"type": job_type, "payload": body} for body in bodies]
    return Request("POST", path, body={"jobs": jobs, "synchronous": synchronous})


def batch_id(body: Json) -> str | None:
    """Return the id under which the outcome can be asked for; None when the answer names none."""
    if not isinstance(body, Mapping):
        return None
    found = (body.get(name) for name in _ID_NAMES)
    return next((str(value) for value in found if isinstance(value, (str, int)) and not isinstance(value, bool)), None)


def outcome(body: Json, count: int) -> Outcome:
    """Return what an answer says about a batch of `count` jobs."""
    if not isinstance(body, Mapping):
        return Outcome(finished=False)
    results = body.get("results")
    found = _results(results, count) if isinstance(results, list) else None
    return Outcome(finished=_is_finished(body.get("status"), found), results=found)


def _is_finished(status: Json, results: tuple[JobResult, ...] | None) -> bool:
    if isinstance(status, str):
        return status.lower() in _DONE
    return results is not None and all(result.ok is not None for result in results)


def _results(entries: list[Any], count: int) -> tuple[JobResult, ...] | None:
    """Return one result a job: by `index` where every entry has a fitting one, else in the order of the jobs."""
    indexes = [entry.get("index") if isinstance(entry, Mapping) else None for entry in entries]
    if all(isinstance(index, int) and 0 <= index < count for index in indexes) and len(set(indexes)) == len(indexes):
        by_index = dict(zip(indexes, entries, strict=True))
        return tuple(_result(by_index.get(index)) for index in range(count))
    return tuple(_result(entry) for entry in entries) if len(entries) == count else None


def _result(entry: Json) -> JobResult:
    if not isinstance(entry, Mapping):
        return JobResult(ok=None)
    status = next((entry[name] for name in ("statusCode", "status") if _is_code(entry.get(name))), None)
    ok = _success(entry)
    said = Complaint() if ok else complaint(entry)
    return JobResult(ok, status, said.text, said.field)


def _success(entry: Mapping[str, Json]) -> bool | None:
    """Return whether a job succeeded: one sign of failure outweighs every sign of success; None without a sign."""
    plain = entry.get("success")
    said = (plain if isinstance(plain, bool) else None, _sign(entry.get("status")), _sign(entry.get("statusCode")))
    signs = [sign for sign in said if sign is not None]
    return all(signs) if signs else None


def _sign(value: Json) -> bool | None:
    """Return what a status says: an HTTP code, or a word."""
    if isinstance(value, int) and not isinstance(value, bool):
        return 200 <= value < 300  # noqa: PLR2004 - the range of success
    if isinstance(value, str) and value.lower() in _SUCCESS_WORDS | _FAILURE_WORDS:
        return value.lower() in _SUCCESS_WORDS
    return None


def _is_code(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)

"""The values that a hook answers: a report on a credential, batches of records, receipts.

Frozen: what a host holds does not change while it looks at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["sent", "unchanged", "rejected", "failed", "not_tried", "planned"]
OUTCOMES: tuple[Outcome, ...] = ("sent", "unchanged", "rejected", "failed", "not_tried", "planned")

ReportCode = Literal[
    "ok",
    "invalid_credential",
    "unauthorized",
    "forbidden",
    "rate_limited",
    "unreachable",
    "tls_error",
    "timeout",
    "upstream_error",
    "unexpected_reply",
]


@dataclass(frozen=True)
class CredentialReport:
    """What one test of a credential found.

    `status` is the HTTP status, where there was a reply; `verified_at` an ISO 8601 time in UTC, set when `ok`.
    `detail` is what the network said, where there was no reply. `service_time` is the service's own clock
    when it replied, ISO 8601 in UTC; `limit` and `remaining` are the requests that it allows, and those left now. Each
    is None where the reply does not say.
    """

    ok: bool
    code: ReportCode
    status: int | None
    message: str
    verified_at: str | None
    elapsed_ms: int
    detail: str = ""
    service_time: str | None = None
    limit: str | None = None
    remaining: str | None = None


@dataclass(frozen=True)
class Batch:
    """Some records of a stream, in the service's own field names.

    `state` is JSON-able. It is valid once this batch's records are safe: a read that is given it resumes from here.
    """

    stream: str
    records: list[dict[str, Any]]
    state: dict[str, Any]


@dataclass(frozen=True)
class Receipt:
    """The outcome of one input record; there is exactly one for each, whatever happens.

    `index` is the record's place in the input, from 0. `key` names the record (`{"user_id": "u-1"}`). `status` is the
    HTTP status, where there was a reply. `code` is a short stable word, `reason` a sentence, `field` the dotted path of
    the field at fault. `response` is the service's reply when responses are captured, and the request when `planned`.
    """

    index: int
    outcome: Outcome
    key: dict[str, Any] | None = None
    status: int | None = None
    code: str | None = None
    reason: str | None = None
    field: str | None = None
    response: Any = None

"""Testing a credential: one cheap page, asked at most twice, and the report that its answer makes.

Decides which code an answer stands for. This file does not know the key.
"""

from __future__ import annotations

import threading
from typing import Any, get_args

from custify_connector.contract import CredentialReport, ReportCode
from custify_connector.exchange.client import Client
from custify_connector.exchange.replies import error_text
from custify_connector.exchange.retrying import GivenUp, Outcome, Patience
from custify_connector.exchange.wire import Failure, FailureKind, Request, Response, http_date
from custify_connector.manifest import CredentialTest
from custify_connector.records.envelopes import unwrap

TIMEOUT_SECONDS = 15.0
"""A person waits for this answer."""

_BROKEN: FailureKind = "broken"
TWICE = Patience(
    tries=2,
    rate_limited_tries=1,
    deadline_seconds=TIMEOUT_SECONDS,
    final=frozenset(get_args(FailureKind)) - {_BROKEN},
)
"""Once more when the connection broke or the service erred: a passing fault is not a verdict."""


_FAILURES: dict[str, ReportCode] = {
    "unreachable": "unreachable",
    "broken": "unreachable",
    "proxy": "unreachable",
    "tls": "tls_error",
    "timeout": "timeout",
}
_STATUSES: dict[int, ReportCode] = {401: "unauthorized", 403: "forbidden", 429: "rate_limited"}
_SERVER_ERROR = 500

_ADVICE: dict[ReportCode, str] = {
    "unauthorized": "Custify refused the key: check that it is whole and current, and the API URL shown beside it",
    "forbidden": "Custify knows the key but does not allow this: give the key access, or make another",
    "rate_limited": "the account's rate limit is used up, so the key was not checked: try again",
    "unreachable": "Custify could not be reached: check the API URL, the network and the proxy",
    "tls_error": "the secure connection could not be trusted: check the CA bundle, the proxy and the clock",
    "timeout": "Custify did not respond in time, so the key was not checked: try again",
    "upstream_error": "Custify returned a server error, so the key was not checked: try again",
    "unexpected_reply": "the response is not from Custify: check the API URL, and whether a proxy responded instead",
}


def ask(test: CredentialTest, client: Client) -> Outcome:
    """Return the last that the service answered to the test."""
    request = Request("GET", test.path, tuple(test.query.items()))
    verdict = client.exchange(request, repeatable=True, stop=threading.Event(), patience=TWICE)
    return verdict.last if isinstance(verdict, GivenUp) else verdict.response


def report(test: CredentialTest, outcome: Outcome, now: str, elapsed_ms: int, base_url: str) -> CredentialReport:
    """Return what an answer means for the key; `now` is an ISO 8601 time, `base_url` the address that was asked."""
    code, seen = _code(test, outcome), _seen(outcome)
    status = outcome.status if isinstance(outcome, Response) else None
    if code == "ok":
        return CredentialReport(
            ok=True,
            code=code,
            status=status,
            message="Custify accepts this credential",
            verified_at=now,
            elapsed_ms=elapsed_ms,
            **seen,
        )
    said = error_text(outcome.body) if isinstance(outcome, Response) and code != "unexpected_reply" else ""
    detail = outcome.message if isinstance(outcome, Failure) else said
    address = "" if code in _STATUSES.values() else f"the API URL is {base_url}"
    remark = "; ".join(filter(None, (detail, address)))
    message = f"{_ADVICE[code]} ({remark})" if remark else _ADVICE[code]
    return CredentialReport(
        ok=False, code=code, status=status, message=message, verified_at=None, elapsed_ms=elapsed_ms, **seen
    )


def _seen(outcome: Outcome) -> dict[str, Any]:
    """Return what the network said, or what a reply's headers say of the service's clock and limit."""
    if isinstance(outcome, Failure):
        return {"detail": outcome.message}
    date, limit, remaining = map(outcome.headers.get, ("date", "x-ratelimit-limit", "x-ratelimit-remaining"))
    return {"service_time": _time(date), "limit": limit, "remaining": remaining}


def _time(date: str | None) -> str | None:
    moment = http_date(date)
    return moment.isoformat() if moment else None


def _code(test: CredentialTest, outcome: Outcome) -> ReportCode:
    if isinstance(outcome, Failure):
        return _FAILURES.get(outcome.kind, "unexpected_reply")
    if outcome.ok:
        if outcome.body == {}:
            return "ok"
        is_page = isinstance(outcome.body, (dict, list)) and unwrap(outcome.body, "page", (test.records,)) is not None
        return "ok" if is_page else "unexpected_reply"
    if outcome.status >= _SERVER_ERROR:
        return "upstream_error"
    return _STATUSES.get(outcome.status, "unexpected_reply")

"""What the service's answer to a single request tells: of the network, the clock, the key and the limits.

Decides what is fine, what is worth a word, and what has to be mended, and how. It prints nothing.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from custify_connector import manifest
from custify_connector.contract.errors import ConfigurationError
from custify_connector.exchange import credential
from custify_connector.exchange import credential_test as credential_testing
from custify_connector.exchange.credential import Credential
from custify_connector.exchange.pacing import current_budget
from custify_connector.exchange.settings import Settings
from custify_connector.exchange.wire import Failure, Request, Response, Send
from custify_connector.host.examining import Finding, Verdict
from custify_connector.host.vault import RESERVED
from custify_connector.manifest import Manifest

OpenSend = Callable[[Credential, Settings], AbstractContextManager[Send]]

_CLOCK_EXACT, _CLOCK_NOTE, _CLOCK_FAULT = 2, 30, 300


def the_service(found: Mapping[str, Any] | None, open_send: OpenSend, budget_file: Path | None = None) -> list[Finding]:
    """Ask the service once: what its answer tells of network, clock, key and limits.

    Without a credential, a made-up key is sent in its place, and nothing is said of the key. Raises ConfigurationError
    when the budget file cannot be used.
    """
    known = manifest.load()
    given = found or {"name": "none", "api_key": "none", **_address()}
    try:
        checked = credential.check(given, known)
    except ConfigurationError as error:
        return [Finding("credential", "fault", str(error), "mend it, and try again")]
    settings = Settings(known.rate_limit, max_in_flight=1, timeout_seconds=credential_testing.TIMEOUT_SECONDS)
    budget = current_budget(checked.account, known.rate_limit)
    if budget_file is not None:
        budget.share(budget_file)
    request = Request("GET", known.credential_test.path, tuple(known.credential_test.query.items()))
    with open_send(checked, settings) as send:
        outcome = credential_testing.once(request, send, budget)
    return list(_told(checked.base_url, outcome, known, None if found is None else str(found["name"])))


def _address() -> dict[str, str]:
    base_url = os.environ.get("CUSTIFY_BASE_URL")
    return {"base_url": base_url} if base_url else {}


def _told(base_url: str, outcome: Response | Failure, known: Manifest, name: str | None) -> Iterator[Finding]:
    yield network(base_url, outcome)
    if isinstance(outcome, Response):
        yield clock(outcome.headers.get("date"), datetime.now(timezone.utc))
    if name is not None:
        yield key(credential_testing.report(known.credential_test, outcome, "", 0), name)
    if isinstance(outcome, Response):
        yield limits(outcome.headers, known)


_NETWORK_REMEDIES = {
    "unreachable": "check the API URL, DNS, the firewall, and HTTPS_PROXY where you have a proxy",
    "tls": "check the clock, and REQUESTS_CA_BUNDLE where a proxy signs with a certificate of its own",
    "timeout": "check the network and the proxy, and try again",
}


def network(base_url: str, outcome: Response | Failure) -> Finding:
    """Tell whether the service was reached: its name found, a connection made, and trusted."""
    proxies = [name for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy") if os.environ.get(name)]
    through = f" through {proxies[0]}" if proxies else ""
    if isinstance(outcome, Response):
        secure = (
            "name, connection and certificate are fine" if base_url.startswith("https") else "the connection is fine"
        )
        return Finding("network", "ok", f"{base_url} answers{through}: {secure}")
    remedy = _NETWORK_REMEDIES.get(outcome.kind, "check whether a proxy answers in Custify's place")
    return Finding("network", "fault", f"{base_url}{through}: {outcome.message}", remedy)


def clock(date: str | None, now: datetime) -> Finding:
    """Compare this machine's clock with the service's, as its answer's Date header tells it."""
    told = None
    with suppress(TypeError, ValueError):
        told = parsedate_to_datetime(date) if date else None
    if told is None:
        return Finding("clock", "skipped", "the service did not tell the time")
    ahead = (now - told.replace(tzinfo=told.tzinfo or timezone.utc)).total_seconds()
    side = "ahead of" if ahead > 0 else "behind"
    found = f"{abs(ahead):,.0f} s {side} Custify's" if abs(ahead) > _CLOCK_EXACT else "tells the same time as Custify's"
    if abs(ahead) <= _CLOCK_NOTE:
        return Finding("clock", "ok", found)
    verdict: Verdict = "fault" if abs(ahead) > _CLOCK_FAULT else "note"
    return Finding("clock", verdict, found, "set the clock, or let the system keep it: timedatectl set-ntp true")


def key(report: Any, name: str) -> Finding:  # noqa: ANN401 - a CredentialReport
    """Tell whether the service accepted the key."""
    if report.ok:
        return Finding("credential", "ok", f"{name}: {report.message}")
    unknown = report.code not in {"unauthorized", "forbidden"}
    said = f"{name}: {report.message}"
    return Finding("credential", "skipped", said) if unknown else Finding("credential", "fault", said, _new_key(name))


def _new_key(name: str) -> str:
    if name == RESERVED:
        return "set CUSTIFY_API_KEY to a key that Custify shows as valid"
    return f"a key that is kept here is replaced by: custify credential rotate {shlex.quote(name)}"


def limits(headers: Mapping[str, str], known: Manifest) -> Finding:
    """Tell what the service said of its rate limit, beside what is kept to here."""
    ours = f"this connector sends at most {known.rate_limit.requests} requests in {known.rate_limit.seconds:g} s"
    limit, left = headers.get("x-ratelimit-limit"), headers.get("x-ratelimit-remaining", "an unknown number")
    if limit is None:
        return Finding("limits", "ok", f"Custify named none in its answer; {ours}")
    return Finding("limits", "ok", f"Custify allows {limit} requests, {left} of them left now; {ours}")

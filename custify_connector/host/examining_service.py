"""What a connector's test of a credential shows: of the network, the clock, the key and the limits.

Decides what is fine, what is worth a word, and what has to be corrected, and how. It prints nothing.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from custify_connector.contract import CredentialReport
from custify_connector.host.connectors import Chosen
from custify_connector.host.examining import Finding, Verdict
from custify_connector.host.vault import RESERVED

_CLOCK_EXACT, _CLOCK_NOTE, _CLOCK_FAULT = 2, 30, 300


def the_service(chosen: Chosen, credential: Mapping[str, Any], name: str | None) -> list[Finding]:
    """Test a credential: what the report says of network, clock, key and limits.

    Without a name the credential is made up, and nothing is said of its key.
    """
    report = chosen.hooks.test_credential(credential)
    if report.code == "invalid_credential":
        return [Finding("credential", "fault", report.message, "fix it, and try again")]
    return list(_found(report, _address(chosen, credential), chosen.description.get("rate_limit", {}), name))


def _address(chosen: Chosen, credential: Mapping[str, Any]) -> str:
    fields = chosen.description.get("credential", {}).get("properties", {})
    account = chosen.description.get("account", ())
    given = (credential.get(name) or fields.get(name, {}).get("default") for name in account)
    return next((str(value).rstrip("/") for value in given if value), chosen.name)


def _found(report: CredentialReport, address: str, ours: Mapping[str, Any], name: str | None) -> Iterator[Finding]:
    yield network(report, address)
    if _is_reached(report):
        yield clock(report.service_time, datetime.now(timezone.utc))
    if name is not None:
        yield key(report, name)
    if _is_reached(report):
        yield limits(report, ours)


_NETWORK_REMEDIES = {
    "unreachable": "check the API URL, DNS, the firewall, and HTTPS_PROXY where you have a proxy",
    "tls_error": "check the clock, and REQUESTS_CA_BUNDLE where a proxy signs with a certificate of its own",
    "timeout": "check the network and the proxy, and try again",
    "unexpected_reply": "check whether a proxy answers in Custify's place",
}


def _is_reached(report: CredentialReport) -> bool:
    return report.status is not None or report.code not in _NETWORK_REMEDIES


def network(report: CredentialReport, address: str) -> Finding:
    """Return whether the service was reached: its name found, a connection made, and trusted."""
    proxies = [name for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy") if os.environ.get(name)]
    through = f" through {proxies[0]}" if proxies else ""
    if _is_reached(report):
        fine = "name, connection and certificate are" if address.startswith("https") else "the connection is"
        return Finding("network", "ok", f"{address} answers{through}: {fine} fine")
    said = report.detail or report.message
    return Finding("network", "fault", f"{address}{through}: {said}", _NETWORK_REMEDIES[report.code])


def clock(service_time: str | None, now: datetime) -> Finding:
    """Compare this machine's clock with the service's, an ISO 8601 time."""
    if service_time is None:
        return Finding("clock", "skipped", "the service sent no time")
    ahead = (now - datetime.fromisoformat(service_time)).total_seconds()
    side = "ahead of" if ahead > 0 else "behind"
    found = f"{abs(ahead):,.0f} s {side} Custify's" if abs(ahead) > _CLOCK_EXACT else "agrees with Custify's clock"
    if abs(ahead) <= _CLOCK_NOTE:
        return Finding("clock", "ok", found)
    verdict: Verdict = "fault" if abs(ahead) > _CLOCK_FAULT else "note"
    return Finding("clock", verdict, found, "set the clock, or let the system keep it: timedatectl set-ntp true")


def key(report: CredentialReport, name: str) -> Finding:
    """Return whether the service accepted the key."""
    if report.ok:
        return Finding("credential", "ok", f"{name}: {report.message}")
    unknown = report.code not in {"unauthorized", "forbidden"}
    said = f"{name}: {report.message}"
    return Finding("credential", "skipped", said) if unknown else Finding("credential", "fault", said, _new_key(name))


def _new_key(name: str) -> str:
    if name == RESERVED:
        return "set CUSTIFY_API_KEY to a key that Custify shows as valid"
    return f"replace a stored key with: custify credential rotate {shlex.quote(name)}"


def limits(report: CredentialReport, ours: Mapping[str, Any]) -> Finding:
    """Return what the service said of its rate limit, beside what the connector keeps to."""
    kept = f"; this connector sends at most {ours['requests']} requests in {ours['seconds']:g} s" if ours else ""
    if report.limit is None:
        return Finding("limits", "ok", f"Custify named none in its answer{kept}")
    left = report.remaining or "an unknown number"
    return Finding("limits", "ok", f"Custify allows {report.limit} requests, {left} of them left now{kept}")

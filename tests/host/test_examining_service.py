"""What a single answer of the service tells `custify doctor`."""

from datetime import datetime, timedelta, timezone

import pytest

from custify_connector import manifest
from custify_connector.contract import CredentialReport
from custify_connector.exchange.wire import Failure, Response
from custify_connector.host import examining_service
from custify_connector.plugin import open_http

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=timezone.utc)


def test_the_service_is_asked_once(sandbox, canary):
    credential = {"name": "acme", "api_key": canary, "base_url": sandbox.base_url}
    before = len(sandbox.journal)
    found = examining_service.the_service(credential, open_http)
    assert [(one.name, one.verdict) for one in found] == [
        ("network", "ok"), ("clock", "ok"), ("credential", "ok"), ("limits", "ok"),
    ]  # fmt: skip
    assert len(sandbox.journal) == before + 1


def test_without_a_credential_the_network_is_looked_at_all_the_same(sandbox, monkeypatch):
    monkeypatch.setenv("CUSTIFY_BASE_URL", sandbox.base_url)
    assert [one.name for one in examining_service.the_service(None, open_http)] == ["network", "clock", "limits"]


def test_a_malformed_credential_is_told_and_nothing_is_sent(sandbox):
    found = examining_service.the_service({"name": "x", "api_key": "a b", "base_url": sandbox.base_url}, open_http)
    assert [one.name for one in found] == ["credential"]
    assert len(sandbox.journal) == 0


@pytest.mark.parametrize("kind", ["unreachable", "tls", "timeout", "not_json"])
def test_each_way_not_to_be_reached_has_its_remedy(kind):
    found = examining_service.network("https://api.custify.com", Failure(kind, "why", arrived=False))
    assert (found.verdict, bool(found.mend)) == ("fault", True)


def test_a_proxy_is_named(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy:1")
    found = examining_service.network("https://api.custify.com", Response(200, None, {}))
    assert "through HTTPS_PROXY" in found.found
    assert "secret" not in found.found


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, "ok"), (-29, "ok"), (31, "note"), (-200, "note"), (301, "fault"), (-86_400, "fault")]
)
def test_a_clock_is_held_against_the_services(seconds, verdict):
    assert examining_service.clock("Sat, 31 Jan 2026 09:30:00 GMT", NOW + timedelta(seconds=seconds)).verdict == verdict


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_a_service_that_does_not_tell_the_time_is_no_fault(date):
    assert examining_service.clock(date, NOW).verdict == "skipped"


@pytest.mark.parametrize(
    ("code", "verdict"), [("unauthorized", "fault"), ("forbidden", "fault"), ("timeout", "skipped")]
)
def test_a_key_is_at_fault_only_when_the_service_says_so(code, verdict):
    report = CredentialReport(ok=False, code=code, status=None, message="m", verified_at=None, elapsed_ms=0)
    assert examining_service.key(report, "acme").verdict == verdict


def test_the_limits_that_were_seen_are_told():
    seen = examining_service.limits({"x-ratelimit-limit": "100", "x-ratelimit-remaining": "91"}, manifest.load())
    assert "allows 100 requests, 91 of them left" in seen.found
    assert "named none" in examining_service.limits({}, manifest.load()).found

"""What a connector's test of a credential reports to `custify doctor`."""

from datetime import datetime, timedelta, timezone

import pytest

from custify_connector.cli.connector_option import own
from custify_connector.contract import CredentialReport
from custify_connector.host import examining_service

NOW = datetime(2026, 1, 31, 9, 30, tzinfo=timezone.utc)
LIMIT = {"requests": 100, "seconds": 10}


def report(code, status=None, **seen):
    return CredentialReport(code == "ok", code, status, "m", verified_at=None, elapsed_ms=0, **seen)


def test_the_service_is_asked_once(sandbox, canary):
    credential = {"name": "acme", "api_key": canary, "base_url": sandbox.base_url}
    before = len(sandbox.journal)
    found = examining_service.the_service(own(), credential, "acme")
    assert [(one.name, one.verdict) for one in found] == [
        ("network", "ok"), ("clock", "ok"), ("credential", "ok"), ("limits", "ok"),
    ]  # fmt: skip
    assert len(sandbox.journal) == before + 1


def test_without_a_credential_the_network_is_looked_at_all_the_same(sandbox):
    made_up = {**own().made_up_credential, "base_url": sandbox.base_url}
    found = examining_service.the_service(own(), made_up, None)
    assert [one.name for one in found] == ["network", "clock", "limits"]


def test_a_malformed_credential_is_reported_and_nothing_is_sent(sandbox):
    malformed = {"name": "x", "api_key": "a b", "base_url": sandbox.base_url}
    assert [one.name for one in examining_service.the_service(own(), malformed, "x")] == ["credential"]
    assert len(sandbox.journal) == 0


@pytest.mark.parametrize("code", ["unreachable", "tls_error", "timeout", "unexpected_reply"])
def test_each_way_not_to_be_reached_has_its_remedy(code):
    found = examining_service.network(report(code, detail="why"), "https://api.custify.com")
    assert (found.verdict, found.found, bool(found.fix)) == ("fault", "https://api.custify.com: why", True)


@pytest.mark.parametrize(("code", "status"), [("unexpected_reply", 200), ("unauthorized", None), ("ok", None)])
def test_a_service_that_answers_is_reached_whatever_it_answers(code, status):
    assert examining_service.network(report(code, status), "https://api.custify.com").verdict == "ok"


def test_a_proxy_is_named(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy:1")
    found = examining_service.network(report("ok", 200), "https://api.custify.com")
    assert "through HTTPS_PROXY" in found.found
    assert "secret" not in found.found


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, "ok"), (-29, "ok"), (31, "note"), (-200, "note"), (301, "fault"), (-86_400, "fault")]
)
def test_a_clock_is_held_against_the_services(seconds, verdict):
    assert examining_service.clock(NOW.isoformat(), NOW + timedelta(seconds=seconds)).verdict == verdict


def test_a_service_that_does_not_tell_the_time_is_no_fault():
    assert examining_service.clock(None, NOW).verdict == "skipped"


@pytest.mark.parametrize(
    ("code", "verdict"), [("unauthorized", "fault"), ("forbidden", "fault"), ("timeout", "skipped")]
)
def test_a_key_is_at_fault_only_when_the_service_says_so(code, verdict):
    assert examining_service.key(report(code), "acme").verdict == verdict


def test_the_limits_that_were_seen_are_reported():
    seen = examining_service.limits(report("ok", 200, limit="100", remaining="91"), LIMIT)
    assert seen.found == (
        "Custify allows 100 requests, 91 of them left now; this connector sends at most 100 requests in 10 s"
    )
    assert "named none" in examining_service.limits(report("ok", 200), {}).found

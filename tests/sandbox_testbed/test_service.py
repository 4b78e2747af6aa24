"""The testbed of this connector: each thing that it offers does to the emulated service what it says."""

from __future__ import annotations

import contextlib
import http.client
from urllib.parse import urlsplit

import pytest

from custify_connector.contract import IncompleteRead
from custify_connector.contract.testbed import Drift, InjectedFault, NotOffered, RateLimit, Setup
from custify_connector.plugin import connector
from custify_connector.sandbox_testbed import open_service


@pytest.fixture
def start():
    """Return a starter of services, each ended with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda **words: stack.enter_context(open_service(Setup(**words)))


def ask(service, method="GET", path="/people/all", key="good"):
    """Send one request without the connector, and return its status; None when it was not answered whole."""
    credential = getattr(service.credentials, key)
    with contextlib.closing(http.client.HTTPConnection(urlsplit(credential["base_url"]).netloc, timeout=5)) as wire:
        headers = {"Authorization": f"Bearer {credential['api_key']}", "Content-Type": "application/json"}
        wire.request(method, path, '{"user_id": "asked"}' if method == "POST" else None, headers)
        try:
            answer = wire.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            return None
        return answer.status


def read(service, stream):
    """Return what the connector reads of a stream."""
    batches = connector.read_source(service.credentials.good, service.source(stream), None)
    return [record for batch in batches for record in batch.records]


def test_the_three_credentials_are_answered_each_in_its_way(start):
    service = start()
    assert [ask(service, key=key) for key in ("good", "bad", "forbidden")] == [200, 401, 403]
    assert [one.authorised for one in service.journal()] == [True, False, True]


def test_a_stream_holds_what_was_asked_for_and_others_cannot_be_sized(start):
    service = start(sizes={"people": 7, "companies": 0})
    assert (len(service.truth("people")), service.truth("companies")) == (7, [])
    with pytest.raises(NotOffered, match="not of deals"):
        start(sizes={"deals": 3})


@pytest.mark.parametrize("quirk", ["bare_object", "missing_past_end", "no_total", "low_total"])
def test_every_quirk_can_be_started_and_read(start, quirk):
    service = start(sizes={"people": 21, "companies": 1}, quirks=frozenset({quirk}))
    assert len(read(service, "people")) == 21


def test_a_total_that_is_too_high_is_counted_as_records_that_never_came(start):
    service = start(sizes={"people": 21, "companies": 1}, quirks=frozenset({"high_total"}))
    with pytest.raises(IncompleteRead, match="Custify counts"):
        read(service, "people")


@pytest.mark.parametrize("quirk", ["unordered", "unstable_ties"])
def test_quirks_of_order_go_together_with_drift(start, quirk):
    service = start(quirks=frozenset({quirk}), drift=Drift(creates=1))
    assert len(read(service, "people")) >= 60


def test_the_limit_is_kept_by_the_service_and_passed_to_the_connector(start):
    service = start(rate_limit=RateLimit(2, 60.0))
    assert service.source("people")["settings"] == {"rate_limit": {"requests": 2, "seconds": 60.0}}
    assert [ask(service) for _ in range(3)] == [200, 200, 429]
    assert [one.counted for one in service.journal()] == [True, True, False]


@pytest.mark.parametrize(
    ("fault", "statuses"),
    [
        (InjectedFault("status", status=503), [503, 200]),
        (InjectedFault("status", status=429, retry_after="1", after=1), [200, 429]),
        (InjectedFault("status", times=None), [500, 500]),
        (InjectedFault("reset"), [None, 200]),
        (InjectedFault("truncated"), [None, 200]),
        (InjectedFault("not_json"), [200, 200]),
        (InjectedFault("empty"), [200, 200]),
        (InjectedFault("html"), [200, 200]),
        (InjectedFault("timeout", seconds=0.01), [200, 200]),
        (InjectedFault("revoke"), [401, 401]),
        (InjectedFault("redirect"), [302, 200]),
        (InjectedFault("status", scope="writes"), [200, 200]),
    ],
    ids=str,
)
def test_a_fault_strikes_the_requests_it_was_ordered_for(start, fault, statuses):
    service = start()
    service.inject(fault)
    assert [ask(service) for _ in statuses] == statuses


def test_a_write_can_be_applied_and_its_answer_lost(start):
    service = start()
    service.inject(InjectedFault("reset", scope="writes", applied=True))
    assert (ask(service), ask(service, "POST", "/people")) == (200, None)
    written = service.journal()[-1]
    assert (written.write, written.applied, written.status) == (True, True, None)


def test_another_host_notes_who_comes_there(start):
    service = start()
    service.inject(InjectedFault("redirect"))
    address = urlsplit(service.credentials.good["base_url"]).netloc
    with contextlib.closing(http.client.HTTPConnection(address, timeout=5)) as wire:
        wire.request("GET", "/people/all", headers={"Authorization": f"Bearer {service.credentials.good['api_key']}"})
        elsewhere = wire.getresponse().headers["Location"]
    assert service.strays() == []
    with contextlib.closing(http.client.HTTPConnection(urlsplit(elsewhere).netloc, timeout=5)) as wire:
        wire.request("GET", "/people/all")
        wire.getresponse()
    assert [one.authorised for one in service.strays()] == [False]


def test_a_revoked_key_is_refused(start):
    service = start()
    service.revoke()
    assert ask(service) == 401


@pytest.mark.parametrize("stream", ["people", "companies"])
def test_content_changes_when_asked_and_its_truth_with_it(start, stream):
    service = start()
    before = {one["id"]: one for one in service.truth(stream)}
    service.change(stream, creates=2, updates=3, deletes=1, fields={"updated_at": "2099-01-01T00:00:00.000Z"})
    after = {one["id"]: one for one in service.truth(stream)}
    assert (len(after.keys() - before.keys()), len(before.keys() - after.keys())) == (2, 1)
    assert sum(one["updated_at"].startswith("2099") for one in after.values()) == 5
    assert len(read(service, stream)) == len(after)


def test_only_some_streams_change(start):
    with pytest.raises(NotOffered, match="not tags"):
        start().change("tags", creates=1)


def test_the_account_reports_its_own_fields(start):
    own = start().account_fields("people")
    assert "custom_attributes.seat_type" in own
    assert all(one.startswith("custom_attributes.") for one in own)


def test_every_write_case_names_its_records_and_is_held_as_it_was_sent(start):
    service = start()
    for case in service.write_cases:
        receipts = list(connector.write_destination(service.credentials.good, case.destination, [case.make(1)]))
        assert [one.outcome for one in receipts] == ["sent"], (case.name, receipts)
        names = [{name: one.get(name) for name in case.key} for one in service.held(case)]
        named = {name: case.make(1)[name] for name in case.key}
        assert (named in names) is (case.operation != "delete"), case.name

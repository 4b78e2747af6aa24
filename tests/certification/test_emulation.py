"""The server of a testbed does what was ordered, and notes what it saw; asked here by a client of its own."""

from __future__ import annotations

import http.client
import json

import pytest

from custify_connector.certification.emulation import EmulatedService, Reply, served
from custify_connector.contract.testbed import InjectedFault, RateLimit, Setup

NOTES = {"notes": [{"id": 1}], "total": 1}


def answer(call):
    return Reply(200, NOTES) if call.path == "/notes" else Reply(404, {"message": "no such address"})


def refuse(call):
    return None if call.headers.get("X-Key") == "good" else Reply(401, {"message": "no"})


@pytest.fixture
def service():
    with served(answer, refuse, Setup()) as (server, other):
        yield EmulatedService(server, other)


def ask(service, method="GET", path="/notes", key="good", body=None):
    """Return status, headers and body as they come, whole or not."""
    connection = http.client.HTTPConnection("127.0.0.1", service.server.server_port, timeout=10)
    try:
        connection.request(method, path, body and json.dumps(body), {"X-Key": key})
        reply = connection.getresponse()
        content = b""
        while chunk := reply.read1(1000):
            content += chunk
        return reply.status, reply.headers, content
    finally:
        connection.close()


def statuses(service, times, **words):
    return [ask(service, **words)[0] for _ in range(times)]


def test_what_it_answers_is_the_authors_and_a_key_that_may_not_is_refused(service):
    assert json.loads(ask(service)[2]) == NOTES
    assert ask(service, path="/others")[0] == 404
    assert ask(service, key="bad")[0] == 401
    seen = [(one.status, one.authorised, one.write, one.applied) for one in service.journal()]
    assert seen == [(200, True, False, False), (404, True, False, False), (401, False, False, False)]


def test_a_write_is_noted_with_its_body_and_whether_it_was_carried_out(service):
    ask(service, "PUT", body={"id": 7})
    ask(service, "PUT", "/others", body={"id": 8})
    assert [(one.body, one.write, one.applied) for one in service.journal()] == [
        ({"id": 7}, True, True),
        ({"id": 8}, True, False),
    ]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (InjectedFault("status", 503, after=1), [200, 503, 200]),
        (InjectedFault("status", 503, times=2), [503, 503, 200]),
        (InjectedFault("status", 503, times=None), [503, 503, 503]),
        (InjectedFault("status", 503, scope="writes", times=None), [200, 200, 200]),
        (InjectedFault("status", 503, about="others", times=None), [200, 200, 200]),
        (InjectedFault("status", 503, about="/notes"), [503, 200, 200]),
        (InjectedFault("revoke", after=1), [200, 401, 401]),
    ],
)
def test_a_fault_strikes_as_often_and_where_it_was_ordered(service, fault, expected):
    service.inject(fault)
    assert statuses(service, 3) == expected


def test_faults_that_are_ordered_one_behind_the_other_strike_in_turn(service):
    service.inject(InjectedFault("status", 500))
    service.inject(InjectedFault("status", 503))
    assert statuses(service, 3) == [500, 503, 200]


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("truncated", json.dumps(NOTES).encode()[: len(json.dumps(NOTES)) // 2]),
        ("empty", b""),
        ("no_records", json.dumps({"notes": [], "total": 1}).encode()),
        ("error_as_success", json.dumps({"message": "internal error"}).encode()),
    ],
)
def test_a_damaged_reply_is_a_success_with_that_content(service, kind, content):
    service.inject(InjectedFault(kind))
    status, headers, came = ask(service)
    assert (status, came) == (200, content)
    assert kind != "truncated" or int(headers["Content-Length"]) > len(came)


@pytest.mark.parametrize("kind", ["html", "not_json"])
def test_a_reply_that_is_no_json_cannot_be_read_as_such(service, kind):
    service.inject(InjectedFault(kind))
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(ask(service)[2])


def test_a_lost_answer_of_a_write_was_carried_out_where_that_was_ordered(service):
    for applied in (True, False):
        service.inject(InjectedFault("reset", scope="writes", applied=applied))
        with pytest.raises(ConnectionError):
            ask(service, "PUT", body={"id": 7})
    assert [(one.status, one.applied) for one in service.journal()] == [(None, True), (None, False)]


def test_a_redirect_leads_to_the_other_host_which_notes_who_comes(service):
    service.inject(InjectedFault("redirect"))
    status, headers, _ = ask(service)
    assert (status, headers["Location"]) == (302, f"{service.server.elsewhere}/notes")
    assert service.strays() == []


def test_the_limit_is_kept_and_a_refusal_takes_no_place():
    with served(answer, refuse, Setup(rate_limit=RateLimit(2, 60))) as (server, other):
        service = EmulatedService(server, other)
        assert statuses(service, 4) == [200, 200, 429, 429]
        assert [one.counted for one in service.journal()] == [True, True, False, False]
        assert 0 < int(ask(service)[1]["Retry-After"]) <= 61


def test_a_reply_that_drips_comes_whole_in_the_end(service):
    service.inject(InjectedFault("drip", seconds=0.05))
    assert json.loads(ask(service)[2]) == NOTES

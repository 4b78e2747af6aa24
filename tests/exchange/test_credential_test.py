"""Testing a credential: each code over a real socket, at most two requests, and never a write."""

import contextlib
import socket
import threading
from contextlib import contextmanager

import pytest

from custify_connector.exchange import credential_test as credential_testing
from custify_connector.exchange.client import Client
from custify_connector.exchange.credential_test import ask, report
from custify_connector.exchange.rate_budget import Budget, Clock
from custify_connector.exchange.wire import Failure, Request, Response
from custify_connector.manifest import CredentialTest, RateLimit, load
from custify_connector.plugin import connector
from custify_connector.sandbox import Fault, Permissions

URL = "https://api.custify.com"
TEST = CredentialTest("/company/all", "companies", {"page": "1"})


def report_on(base_url, key):
    return connector.test_credential({"name": "n", "api_key": key, "base_url": base_url})


@contextmanager
def closed_port():
    """Yield an address at which no one listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    yield f"http://127.0.0.1:{port}"


@contextmanager
def always(reply):
    """Yield an address that answers these bytes to any client, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.02)
        ended = threading.Event()

        def serve():
            while not ended.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = server.accept()
                    with connection:
                        connection.settimeout(5)
                        connection.recv(65_536)
                        connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        ended.set()
        thread.join()


def test_a_key_that_is_accepted_is_ok(sandbox, canary):
    found = report_on(sandbox.base_url, canary)
    assert (found.ok, found.code, found.status) == (True, "ok", 200)
    assert found.message == "Custify accepts this credential"
    assert found.verified_at.endswith("+00:00")
    assert found.elapsed_ms >= 0
    assert [entry.method for entry in sandbox.journal.entries] == ["GET"]


FAULTS = [
    ([Fault("revoke")], "unauthorized", 401, 1),
    ([Fault("status", value=403)], "forbidden", 403, 1),
    ([Fault("rate_limited", value=60)], "rate_limited", 429, 1),
    ([Fault("reset", times=2)], "unreachable", None, 2),
    ([Fault("cut", times=2)], "unreachable", None, 2),
    ([Fault("slow", value=30)], "timeout", None, 1),
    ([Fault("status", value=500, times=2)], "upstream_error", 500, 2),
    ([Fault("status", value=503, times=2)], "upstream_error", 503, 2),
    ([Fault("html")], "unexpected_reply", None, 1),
    ([Fault("empty")], "unexpected_reply", 200, 1),
    ([Fault("null")], "unexpected_reply", 200, 1),
    ([Fault("not_json")], "unexpected_reply", None, 1),
    ([Fault("wrong_type")], "unexpected_reply", 200, 1),
    ([Fault("redirect", value="https://example.com/")], "unexpected_reply", None, 1),
    ([Fault("status", value=404)], "unexpected_reply", 404, 1),
    ([Fault("status", value=400)], "unexpected_reply", 400, 1),
    ([Fault("status", value=500), Fault("revoke")], "unauthorized", 401, 2),
    ([Fault("reset"), Fault("status", value=500)], "upstream_error", 500, 2),
    ([Fault("reset")], "ok", 200, 2),
    ([Fault("status", value=502)], "ok", 200, 2),
]


@pytest.mark.parametrize(
    ("faults", "expected"),
    [(row[0], row[1:]) for row in FAULTS],
    ids=[f"{'-'.join(f'{fault.kind}{fault.value or str()}' for fault in row[0])}" for row in FAULTS],
)
def test_what_an_answer_means_is_reported_after_at_most_two_requests(sandbox, canary, monkeypatch, faults, expected):
    code, status, requests = expected
    monkeypatch.setattr(credential_testing, "TIMEOUT_SECONDS", 0.3 if code == "timeout" else 10.0)
    sandbox.faults.add(*faults)
    found = report_on(sandbox.base_url, canary)
    assert (found.code, found.status, found.ok) == (code, status, code == "ok")
    assert (found.verified_at is None) == (code != "ok")
    assert len(sandbox.journal) == requests
    assert {entry.method for entry in sandbox.journal.entries} == {"GET"}
    assert canary not in repr(found)


def test_a_key_without_access_is_forbidden_and_says_why(sandbox, canary):
    sandbox.keys[canary] = Permissions(paths_denied=("/company",))
    found = report_on(sandbox.base_url, canary)
    assert found.code == "forbidden"
    assert found.message.startswith("Custify knows the key but does not allow this: give the key access")


def test_a_host_where_no_one_listens_is_unreachable(canary):
    with closed_port() as base_url:
        assert report_on(base_url, canary).code == "unreachable"


def test_a_name_that_is_none_is_unreachable(canary):
    found = connector.test_credential(
        {
            "name": "n",
            "api_key": canary,
            "base_url": "https://no-such-host.invalid",
            "allow_host": "no-such-host.invalid",
        }
    )
    assert found.code == "unreachable"


def test_a_server_that_speaks_no_tls_is_not_trusted(canary):
    with always(b"HTTP/1.1 400 Bad Request\r\n\r\n") as address:
        found = report_on(f"https://{address}", canary)
    assert (found.code, found.status) == ("tls_error", None)


@pytest.mark.parametrize("status", ["401 Unauthorized", "500 Internal Server Error", "400 Bad Request"])
def test_a_service_that_repeats_the_key_does_not_make_the_report_show_it(canary, status):
    body = f'{{"message": "the key {canary} is not valid"}}'.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with always(head + body) as address:
        found = report_on(f"http://{address}", canary)
    assert found.message
    assert canary not in repr(found)


@pytest.mark.parametrize(
    ("credential", "said"),
    [
        (None, "credential: must be object, not null"),
        ({}, "credential.api_key: is required"),
        ({"name": "n", "api_key": "a b"}, "credential.api_key: must not contain blanks"),
        ({"name": "n", "api_key": "Bearer x"}, "credential.api_key: must be the key alone"),
        ({"name": "n", "api_key": "k", "base_url": "http://api.custify.com"}, "credential.base_url: must be https"),
        ({"name": "n", "api_key": "k", "base_url": "https://evil.example"}, "credential.base_url: is not a host of"),
        ({"name": "n", "api_key": "k", "key": 1}, "credential.key: unknown field"),
        ({"name": "", "api_key": 5}, "credential.name: must not be empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_malformed_credential_is_a_report_and_nothing_is_sent(credential, said):
    found = connector.test_credential(credential)
    assert (found.ok, found.code, found.status, found.verified_at) == (False, "invalid_credential", None, None)
    assert any(line.startswith(said) for line in found.message.splitlines())


def test_every_fault_of_a_credential_is_in_its_report():
    assert len(connector.test_credential({"nam": "n", "api_key": 5}).message.splitlines()) == 3


# ----------------------------------------------------------------------------------------------------- without a socket


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Response(200, {"companies": [], "total": 0}), "ok"),
        (Response(200, [{"companies": []}]), "ok"),
        (Response(200, {}), "ok"),
        (Response(200, {"people": []}), "unexpected_reply"),
        (Response(200, "text"), "unexpected_reply"),
        (Response(302), "unexpected_reply"),
        (Failure("too_large", "is too large", arrived=True), "unexpected_reply"),
        (Failure("tls", "cannot be trusted", arrived=False), "tls_error"),
    ],
    ids=repr,
)
def test_every_outcome_has_its_code(outcome, code):
    assert report(TEST, outcome, "now", 1, URL).code == code


def test_the_budget_is_asked_for_each_request_and_given_back():
    budget, asked = Budget(RateLimit(2, 60)), []

    def send(request):
        asked.append(request)
        return Response(500)

    assert ask(TEST, Client(send, budget, clock=hurried())) == Response(500)
    assert asked == [Request("GET", "/company/all", (("page", "1"),))] * 2


def test_a_pause_longer_than_a_person_waits_is_not_begun():
    busy, asked = Response(503, None, {"retry-after": "16"}), []
    client = Client(lambda request: asked.append(request) or busy, Budget(None), clock=hurried())
    assert ask(TEST, client) == busy
    assert len(asked) == 1


def hurried():
    """Return a clock on which no one waits."""
    return Clock(now=lambda: 0.0, pause=lambda _seconds, _stop: False)


def test_a_test_waits_for_its_place():
    budget, asked = Budget(None), []
    budget.hold_back(0.02)
    ask(TEST, Client(lambda request: asked.append(request) or Response(200), budget))
    assert len(asked) == 1


def test_the_manifests_own_test_is_the_cheapest_page():
    assert load().credential_test.query == {"itemsPerPage": "1", "page": "1"}


@pytest.mark.parametrize(
    ("date", "time"),
    [("Sat, 31 Jan 2026 09:30:00 GMT", "2026-01-31T09:30:00+00:00"), ("yesterday", None), ("", None), (None, None)],
)
def test_a_report_has_what_a_reply_says_of_the_clock_and_the_limit(date, time):
    headers = {"x-ratelimit-limit": "100", "x-ratelimit-remaining": "91", **({} if date is None else {"date": date})}
    found = report(TEST, Response(200, {"companies": []}, headers), "now", 0, URL)
    assert (found.service_time, found.limit, found.remaining, found.detail) == (time, "100", "91", "")


def test_a_report_has_what_the_network_said():
    found = report(TEST, Failure("unreachable", "the connection was refused", arrived=False), "now", 0, URL)
    assert (found.detail, found.service_time, found.limit) == ("the connection was refused", None, None)
    assert found.message.endswith("(the connection was refused; the API URL is https://api.custify.com)")

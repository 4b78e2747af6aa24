import http.client
import socket
import time

import pytest

from custify_connector.sandbox import Fault
from custify_connector.sandbox.faults import Faults

PERSON = {"user_id": "fresh"}


def is_stored(sandbox):
    return any(one.get("user_id") == "fresh" for one in sandbox.content.people)


@pytest.mark.parametrize(
    ("value", "header"),
    [
        ("3", "3"),
        ("Wed, 21 Oct 2026 07:28:00 GMT",) * 2,
        ("86400", "86400"),
        ("soon", "soon"),
        ("", None),
        (None, None),
        (3, "3"),
    ],
)
def test_a_rate_limited_fault_answers_429_with_the_retry_after_ordered(client, sandbox, value, header):
    sandbox.faults.add(Fault("rate_limited", value=value))
    answer = client.get("/people/all")
    assert (answer.status, answer.headers.get("Retry-After")) == (429, header)
    assert answer.headers["X-RateLimit-Remaining"] == "0"
    assert client.get("/people/all").status == 200


def test_a_rate_limited_fault_costs_nothing_of_the_budget(make):
    sandbox, client = make(rate_limit=(2, 60.0))
    sandbox.faults.add(Fault("rate_limited", times=5))
    assert [client.get("/tag").status for _ in range(8)] == [429] * 5 + [200, 200, 429]
    assert sandbox.journal.busiest_window(60.0) == 2


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500, 502, 503, 504])
def test_a_status_fault_answers_that_status_with_an_error_body(client, sandbox, status):
    sandbox.faults.add(Fault("status", value=status))
    answer = client.get("/people/all")
    assert (answer.status, answer.json["statusCode"]) == (status, status)
    assert answer.json["error"] not in {"", "Unknown"}


@pytest.mark.parametrize(
    ("ordered", "status", "body"),
    [
        (("html", None), 200, b"<!DOCTYPE html>"),
        (("empty", None), 200, b""),
        (("not_json", None), 200, b'{"people": [{"id": '),
        (("not_json", 9_000), 200, b'{"people": [{"id": ' + b" " * 8_900),
        (("wrong_type", None), 200, b'"a text'),
        (("wrong_type", 7), 200, b"7"),
        (("null", None), 200, b"null"),
        (("redirect", "http://elsewhere.example/x"), 302, b""),
        (("revoke", None), 401, b'{"error":"Unauthorized"'),
        (("status", None), 500, b'{"error"'),
    ],
)
@pytest.mark.parametrize("before", [True, False])
def test_a_spoilt_answer_to_a_write_leaves_it_applied_only_when_it_strikes_after(
    sandbox, ordered, status, body, before
):
    kind, value = ordered
    sandbox.faults.add(Fault(kind, value=value, before=before, method="POST"))
    answer = sandbox.client.post("/people", PERSON)
    assert answer.status == status
    assert answer.raw.startswith(body)
    assert is_stored(sandbox) is not before
    [entry] = sandbox.journal.entries
    assert (entry.fault, entry.applied, entry.status) == (kind, not before, status)


def test_a_redirect_names_the_address(client, sandbox):
    sandbox.faults.add(Fault("redirect", value="http://elsewhere.example/x"))
    assert client.get("/people/all").headers["Location"] == "http://elsewhere.example/x"


def test_html_says_that_it_is_html(client, sandbox):
    sandbox.faults.add(Fault("html"))
    assert client.get("/people/all").headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("kind", ["reset", "cut"])
def test_a_broken_connection_leaves_a_write_applied_only_when_it_strikes_after(client, sandbox, kind, before):
    sandbox.faults.add(Fault(kind, before=before))
    with pytest.raises((ConnectionResetError, http.client.HTTPException)):
        client.post("/people", PERSON)
    assert is_stored(sandbox) is not before
    [entry] = sandbox.journal.entries
    assert (entry.status, entry.fault, entry.applied) == (None, kind, not before)
    client.connection.close()
    assert client.get("/tag").status == 200


def test_a_reset_is_a_reset(client, sandbox):
    sandbox.faults.add(Fault("reset"))
    with pytest.raises(ConnectionResetError):
        client.get("/people/all")


def test_a_cut_answer_promises_the_whole_page_and_sends_half(client, sandbox):
    whole = client.get("/people/all").raw
    sandbox.faults.add(Fault("cut"))
    with pytest.raises(http.client.IncompleteRead) as cut:
        client.get("/people/all")
    assert cut.value.partial == whole[: len(whole) // 2]


@pytest.mark.parametrize("before", [True, False])
def test_a_slow_answer_comes_after_its_seconds(client, sandbox, before):
    sandbox.faults.add(Fault("slow", value=0.2, before=before))
    started = time.monotonic()
    assert client.post("/people", PERSON).status == 200
    assert 0.2 <= time.monotonic() - started < 1
    assert sandbox.journal.entries[0].duration >= 0.2


def test_a_trickling_answer_is_whole_but_takes_its_seconds(client, sandbox):
    whole = client.get("/people/all").raw
    sandbox.faults.add(Fault("trickle", value=0.3))
    started = time.monotonic()
    assert client.get("/people/all").raw == whole
    assert time.monotonic() - started >= 0.3


def test_a_too_large_answer_goes_on_to_the_size_ordered(sandbox):
    sandbox.faults.add(Fault("too_large", value=3_000_000))
    with socket.create_connection(("127.0.0.1", sandbox.client.port)) as raw:
        raw.sendall(f"GET /people/all HTTP/1.1\r\nAuthorization: Bearer {sandbox.api_key}\r\n\r\n".encode())
        received = 0
        while data := raw.recv(1 << 20):
            received += len(data)
    assert 2_900_000 < received < 3_200_000


def test_a_client_may_leave_an_endless_answer(sandbox):
    sandbox.faults.add(Fault("too_large", value=200_000_000))
    with socket.create_connection(("127.0.0.1", sandbox.client.port)) as raw:
        raw.sendall(f"GET /people/all HTTP/1.1\r\nAuthorization: Bearer {sandbox.api_key}\r\n\r\n".encode())
        raw.recv(1000)
    sandbox.client.connection.close()
    assert sandbox.client.get("/tag").status == 200


def test_a_revoked_key_stays_revoked(client, sandbox):
    sandbox.faults.add(Fault("revoke", after=2))
    assert [client.get("/tag").status for _ in range(5)] == [200, 200, 401, 401, 401]


def test_faults_strike_by_method_path_number_and_patience():
    faults = Faults()
    faults.add(Fault("empty", method="POST", path="/people", after=1, times=2))

    def struck(method, path):
        fault = faults.strike(method, path)
        return fault.kind if fault else None

    assert [struck("GET", "/people"), struck("POST", "/event")] == [None, None]
    assert [struck("POST", "/people/tag") for _ in range(4)] == [None, "empty", "empty", None]


def test_the_first_fault_due_strikes_and_every_matching_one_counts_the_request():
    faults = Faults()
    faults.add(Fault("empty", times=1), Fault("null", after=1, times=None))
    assert [fault.kind for _ in range(3) if (fault := faults.strike("GET", "/"))] == ["empty", "null", "null"]
    faults.clear()
    assert faults.strike("GET", "/") is None


def test_chance_is_the_same_for_the_same_seed():
    def strikes(seed):
        faults = Faults(seed)
        faults.add(Fault("empty", times=None, probability=0.3))
        return [faults.strike("GET", "/") is not None for _ in range(400)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 80 < sum(strikes(1)) < 160


def test_faults_do_not_strike_requests_that_are_refused_anyway(make):
    sandbox, client = make(rate_limit=(1, 60.0))
    sandbox.faults.add(Fault("null", after=1, times=None))
    assert client.get("/tag").status == 200
    assert client.get("/tag").status == 429
    assert client.send("GET", "/tag", key="wrong").status == 401


def test_an_unknown_kind_of_fault_is_refused():
    with pytest.raises(ValueError, match="rate_limited"):
        Fault("explode")

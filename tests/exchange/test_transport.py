import contextlib
import gzip
import html
import http.client
import json
import logging
import math
import socket
import ssl
import struct
import threading
import traceback
from base64 import b64encode, urlsafe_b64encode
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
import responses
from requests.adapters import HTTPAdapter

from custify_connector import __version__
from custify_connector.checking.json_values import dumps
from custify_connector.checking.secret import Secret
from custify_connector.exchange import transport
from custify_connector.exchange.credential import Credential
from custify_connector.exchange.transport import HttpSend
from custify_connector.exchange.wire import Failure, Request, Response, Undecoded
from custify_connector.sandbox import Fault

BASE = "http://localhost:1"
ASK = Request("GET", "/people/all", (("page", "1"),))


def opened(base_url, key, **settings):
    return HttpSend(Credential("n", base_url, Secret(key)), **settings)


def ask(base_url, key, request=ASK, **settings):
    with opened(base_url, key, **settings) as send:
        return send(request)


@pytest.fixture
def web():
    """Stand in for the network below requests; every request that is sent is kept."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        yield web


@pytest.fixture
def answered(web, canary):
    """Return what becomes of one request that is answered so."""

    def answered(body=b"{}", status=200, headers=None, request=ASK, content_type="application/json"):
        web.add(
            request.method, f"{BASE}{request.path}", body, status=status, headers=headers, content_type=content_type
        )
        return ask(BASE, canary, request)

    return answered


@contextmanager
def one_reply(reply):
    """Listen on loopback, answer the first connection with these bytes, and hang up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


# What is sent


def test_a_request_has_the_key_in_one_header_and_nowhere_else(web, answered, canary):
    answered()
    sent = web.calls[0].request
    assert sent.headers["Authorization"] == f"Bearer {canary}"
    elsewhere = [value for name, value in sent.headers.items() if name != "Authorization"]
    assert canary not in f"{sent.url}{sent.body}{elsewhere}"


def test_a_request_says_who_asks_and_what_is_understood(web, answered):
    answered()
    sent = web.calls[0].request.headers
    assert sent["Accept"] == "application/json"
    assert sent["User-Agent"] == f"custify-connector/{__version__}"
    assert "gzip" in sent["Accept-Encoding"]


@pytest.mark.parametrize(
    ("query", "url"),
    [
        ((), "/people/all"),
        ((("email", "a+b@c.example"),), "/people/all?email=a%2Bb%40c.example"),
        ((("filters", '[{"a":"b&c"}]'),), "/people/all?filters=%5B%7B%22a%22%3A%22b%26c%22%7D%5D"),
    ],
)
def test_path_and_query_travel_as_they_were_encoded(web, answered, query, url):
    answered(request=Request("GET", "/people/all", query))
    assert web.calls[0].request.url == BASE + url


@pytest.mark.parametrize(
    ("request_", "body", "length"),
    [
        (Request("POST", "/people", body={"name": "Zoë", "seats": None}), '{"name":"Zoë","seats":null}'.encode(), "28"),
        (Request("PUT", "/people", body=[]), b"[]", "2"),
        (Request("POST", "/people", body={}), b"{}", "2"),
        (Request("DELETE", "/people", body={"a": 1}), b'{"a":1}', "7"),
        (Request("POST", "/people"), None, "0"),
        (Request("PUT", "/people"), None, "0"),
        (Request("PATCH", "/people"), None, "0"),
        (Request("GET", "/people"), None, None),
        (Request("DELETE", "/people"), None, None),
    ],
    ids=lambda value: f"{value.method} {value.body}" if isinstance(value, Request) else "",
)
def test_a_body_is_json_with_its_length(web, answered, request_, body, length):
    assert answered(request=request_).ok
    sent = web.calls[0].request
    assert sent.body == body
    assert sent.headers.get("Content-Length") == length
    assert sent.headers.get("Content-Type") == ("application/json" if body else None)


def test_a_file_travels_as_a_form_with_its_fields(web, answered, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_bytes(b"\x00what was said")
    answered(request=Request("POST", "/file", body={"companyId": "c-1"}, upload=file))
    sent = web.calls[0].request
    assert sent.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert sent.headers["Content-Length"] == str(len(sent.body))
    for part in (
        b'name="companyId"\r\n\r\nc-1\r\n',
        b'name="file"; filename="notes.txt"',
        b"\r\n\r\n\x00what was said\r\n",
    ):
        assert part in sent.body


def test_a_file_without_further_fields_travels_too(web, answered, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_bytes(b"x")
    assert answered(request=Request("POST", "/file", upload=file)).ok
    assert b'filename="notes.txt"' in web.calls[0].request.body


def test_a_file_that_vanished_is_a_failure_that_never_arrived(answered, tmp_path):
    outcome = answered(request=Request("POST", "/file", body={}, upload=tmp_path / "gone.txt"))
    assert isinstance(outcome, Failure)
    assert not outcome.arrived


def test_one_request_leaves_nothing_behind_for_the_next(web, canary):
    """What was prepared once holds neither a key nor a body of an earlier request."""
    web.add("POST", f"{BASE}/people", b"{}")
    with opened(BASE, canary) as send:
        send(Request("POST", "/people", body={"a": 1}))
        send(Request("POST", "/people"))
        kept = [value for value in vars(send).values() if isinstance(value, dict)]
    prepared = [item for value in kept for item in value.values() if isinstance(item, requests.PreparedRequest)]
    assert prepared
    assert not any("Authorization" in one.headers or one.body for one in prepared)
    second = web.calls[1].request
    assert (second.body, second.headers["Content-Length"], second.headers.get("Content-Type")) == (None, "0", None)


def test_a_cookie_is_not_sent_back(web, canary):
    web.add("GET", f"{BASE}/people/all", b"{}", headers={"Set-Cookie": "a=b; Path=/"})
    with opened(BASE, canary) as send:
        send(ASK)
        send(ASK)
    assert "Cookie" not in web.calls[1].request.headers


# What is understood


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (b'{"people": [{"name": "Zo\xc3\xab"}]}', {"people": [{"name": "Zoë"}]}),
        (b"[]", []),
        (b'"text"', "text"),
        (b"3", 3),
        (b"null", None),
        (b"", None),
        (b" \r\n", None),
        (b"\xef\xbb\xbf", None),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{"a": "\\ud800"}', {"a": "\ud800"}),
        (b'{"a": Infinity}', {"a": math.inf}),
    ],
    ids=repr,
)
def test_a_reply_is_its_json_value(answered, content, body):
    reply = answered(content)
    assert isinstance(reply, Response)
    assert (reply.status, reply.body, reply.ok) == (200, body, True)


LATER = replace(ASK, decoded_later=True)
LONG = b'{"people": [' + b" " * 9_000


@pytest.mark.parametrize("content", [LONG + b"]}", LONG], ids=["json", "no json"])
def test_a_long_success_may_wait_to_be_decoded(answered, content):
    reply = answered(content, request=LATER)
    assert (reply.status, reply.body, reply.ok) == (200, Undecoded(content), True)


@pytest.mark.parametrize(("status", "content"), [(200, b'{"people": []}'), (404, LONG + b"]}")], ids=["short", "error"])
def test_a_short_answer_or_an_error_is_decoded_where_it_arrives(answered, status, content):
    assert answered(content, status, request=LATER).body == {"people": []}


def test_a_figure_that_is_none_is_still_read(answered):
    assert math.isnan(answered(b'{"a": NaN}').body["a"])


def test_header_names_are_in_lower_case(answered):
    assert answered(headers={"Retry-After": "3", "X-RateLimit-Remaining": "7"}).headers.items() >= {
        ("retry-after", "3"),
        ("x-ratelimit-remaining", "7"),
    }


@pytest.mark.parametrize(
    "content", [b"<html>", b'{"a": ', b"\xff\xfe\x00", b"{'a': 1}", b"[" * 100_000, b"9" * 5_000], ids=lambda c: c[:8]
)
def test_a_success_that_is_no_json_is_a_failure_that_arrived(answered, content):
    outcome = answered(content, content_type="text/html")
    assert (outcome.kind, outcome.arrived) == ("not_json", True)
    assert outcome.message == "answered 200 with text/html that is not JSON"


@pytest.mark.parametrize(
    ("content", "near"),
    [
        (b'{"people": [{"id": "%s", "name": "Ren\xe9"}]}' % (b"ab" * 12), f", at or after the id {'ab' * 12},"),
        (b'["caf\xe9"]', ""),
    ],
)
def test_json_with_a_byte_that_is_no_utf8_is_a_failure_of_its_own_that_shows_where(answered, content, near):
    outcome = answered(content)
    assert (outcome.kind, outcome.arrived) == ("not_utf8", True)
    place = f"byte {content.index(0xE9) + 1} of {len(content)}{near} is not UTF-8"
    said = f"with JSON in which {place}: correct that text in Custify, or report it to Custify"
    assert outcome.message == f"answered 200 {said}"


def test_a_part_that_was_not_asked_for_is_no_answer(answered):
    outcome = answered(b'{"people": []}', 206)
    assert (outcome.kind, outcome.message) == ("broken", "answered 206, a part of the response")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
@pytest.mark.parametrize(("content", "body"), [(b"not today", "not today"), (b'{"message": "no"}', {"message": "no"})])
def test_an_error_is_a_response_with_its_json_or_its_text(answered, status, content, body):
    reply = answered(content, status)
    assert (reply.status, reply.body, reply.ok) == (status, body, False)


def test_a_long_error_text_is_cut_and_what_is_no_text_is_marked(answered):
    assert answered(b"\xff" + b"x" * 9_999, 500).body == "\ufffd" + "x" * 499


@pytest.mark.parametrize("status", [400, 401, 500])
@pytest.mark.parametrize(
    "form",
    [
        pytest.param("the key {} is wrong", id="text"),
        pytest.param("{}{}", id="twice"),
        pytest.param('{{"message": "the key {} is wrong"}}', id="json"),
        pytest.param('{{"errors": [{{"{}": ["Bearer {}"]}}]}}', id="deep in json"),
        pytest.param("x" * 490 + "{}", id="where the text is cut"),
    ],
)
def test_an_error_that_echoes_the_key_does_not_show_any_of_it(answered, canary, status, form):
    reply = answered(form.format(canary, canary).encode(), status, headers={"X-Echo": f"Bearer {canary}"})
    assert canary[:10] not in repr(reply)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
@pytest.mark.parametrize("location", ["/people", "https://evil.example/", "http://[::bad", "//evil.example", ""])
def test_a_redirect_is_never_followed(web, answered, status, location):
    web.add("GET", "https://evil.example/", b"{}")
    outcome = answered(b"", status, headers={"Location": location})
    assert outcome == Failure("redirected", f"answered {status}, which is never followed", arrived=True)
    assert len(web.calls) == 1


# What goes wrong


UNEXPECTED_ENDS = [
    pytest.param(b"", id="hung up"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", id="cut body"),
    pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1", id="cut chunk"),
    pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n", id="no last chunk"),
    pytest.param(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", id="no chunk"),
    pytest.param(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n[]", id="no gzip"),
    pytest.param(b"HTTP/1.1 abc\r\n\r\n", id="no status"),
    pytest.param(b"SSH-2.0-OpenSSH\r\n", id="no HTTP"),
    pytest.param(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n{}", id="too many headers"),
]


@pytest.mark.parametrize("reply", UNEXPECTED_ENDS)
def test_a_connection_that_breaks_is_a_failure_that_may_have_arrived(reply, canary):
    with one_reply(reply) as port:
        outcome = ask(f"http://127.0.0.1:{port}", canary)
    assert (outcome.kind, outcome.arrived) == ("broken", True)


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault("reset"), "broken"),
        (Fault("cut"), "broken"),
        (Fault("html"), "not_json"),
        (Fault("not_json"), "not_json"),
        (Fault("redirect", value="https://evil.example/"), "redirected"),
        (Fault("slow", value=2.0), "timeout"),
        (Fault("trickle", value=4.0), "timeout"),
        (Fault("too_large", value=2_000_000), "too_large"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_what_a_real_server_does_wrong_has_its_kind(sandbox, monkeypatch, fault, kind):
    monkeypatch.setattr(transport, "MAXIMUM_BYTES", 1_000_000)
    sandbox.faults.add(fault)
    with opened(sandbox.base_url, sandbox.api_key, timeout_seconds=1.0) as send:
        outcome = send(ASK)
        assert isinstance(outcome, Failure)
        assert (outcome.kind, outcome.arrived) == (kind, True)
        assert send(ASK).ok, "the next request is not harmed"


@pytest.mark.parametrize(
    ("fault", "status", "body"),
    [
        (Fault("empty"), 200, None),
        (Fault("null"), 200, None),
        (Fault("status", value=503), 503, "a fault was ordered"),
        (Fault("rate_limited", value="3"), 429, "rate limit reached"),
        (Fault("revoke"), 401, "the API key was not accepted"),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else "",
)
def test_what_a_real_server_refuses_is_a_response(sandbox, fault, status, body):
    sandbox.faults.add(fault)
    outcome = ask(sandbox.base_url, sandbox.api_key)
    assert outcome.status == status
    assert (outcome.body["message"] if isinstance(outcome.body, dict) else outcome.body) == body


def test_a_page_of_a_real_server_is_read_whole(sandbox):
    reply = ask(sandbox.base_url, sandbox.api_key, Request("GET", "/people/all", (("itemsPerPage", "200"),)))
    assert len(reply.body[0]["people"]) == 30
    assert sandbox.journal.count(status=200) == 1


def test_one_send_serves_threads_at_once(sandbox):
    with opened(sandbox.base_url, sandbox.api_key) as send:
        found = []
        threads = [threading.Thread(target=lambda: found.append(send(ASK).status)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [200] * 8


@pytest.mark.parametrize("size", [999, 1_000])
def test_a_packed_reply_is_measured_unpacked(monkeypatch, canary, size):
    monkeypatch.setattr(transport, "MAXIMUM_BYTES", 1_000)
    packed = gzip.compress(b'"' + b"x" * (size - 1) + b'"')
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    with one_reply(head + packed) as port:
        outcome = ask(f"http://127.0.0.1:{port}", canary)
    if size < 1_000:
        assert outcome.body == "x" * 998
    else:
        assert outcome == Failure("too_large", "the reply is larger than 1,000 bytes", arrived=True)


@pytest.mark.parametrize("status", [302, 500])
def test_no_reply_is_read_beyond_the_bound(monkeypatch, canary, status):
    """Neither an error nor a redirect may fill the memory."""
    monkeypatch.setattr(transport, "MAXIMUM_BYTES", 1_000)
    with one_reply(b"HTTP/1.1 %d X\r\nLocation: /\r\nContent-Length: 5000\r\n\r\n" % status + b"x" * 5_000) as port:
        outcome = ask(f"http://127.0.0.1:{port}", canary)
    assert isinstance(outcome, Failure)
    assert outcome.kind in {"too_large", "redirected"}


NEVER_ARRIVED = [
    pytest.param("http://127.0.0.1:9", {}, "unreachable: the connection was refused", id="refused"),
    pytest.param("http://[::1]:9", {}, "unreachable: ", id="refused over IPv6"),
    pytest.param("http://no-such-host.invalid", {}, "unreachable: the host name cannot be resolved", id="unknown host"),
    pytest.param(f"http://{'a' * 64}.localhost", {}, "unreachable: ", id="host name too long"),
    pytest.param("http://.localhost", {}, "unreachable: ", id="empty part of a host name"),
    pytest.param("ftp://localhost", {}, "unreachable: ", id="no HTTP"),
    pytest.param(
        "http://custify.invalid",
        {"http_proxy": "http://127.0.0.1:9"},
        "unreachable: the proxy cannot be reached",
        id="proxy",
    ),
    pytest.param(
        "https://api.custify.test",
        {"HTTPS_PROXY": "http://127.0.0.1:9"},
        "unreachable: the proxy cannot be reached",
        id="tunnel",
    ),
    pytest.param(
        "https://127.0.0.1:9",
        {"REQUESTS_CA_BUNDLE": "no/such.pem"},
        "tls: REQUESTS_CA_BUNDLE names a file that is not there: no/such.pem",
        id="certificates not found",
    ),
]


@pytest.mark.parametrize(("base_url", "environment", "expected"), NEVER_ARRIVED)
def test_what_never_arrived_is_said_so(monkeypatch, canary, base_url, environment, expected):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    outcome = ask(base_url, canary, Request("POST", "/people", body={}))
    assert isinstance(outcome, Failure)
    assert not outcome.arrived
    assert expected in f"{outcome.kind}: {outcome.message}"


def test_a_server_that_speaks_no_tls_never_gets_the_request(canary):
    with one_reply(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        outcome = ask(f"https://127.0.0.1:{port}", canary)
    assert outcome == Failure("tls", "the TLS connection cannot be trusted", arrived=False)


LOOPBACK = Path(__file__).with_name("loopback.pem")
"""A certificate and its key, for a server of these tests alone."""


@contextmanager
def tls_server(after, host="127.0.0.1"):
    """Listen on loopback by TLS, read one request, and let `after` do with the bare socket what it likes."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(LOOPBACK)
    seen = []
    with socket.create_server((host, 0)) as server:

        def serve():
            connection, _ = server.accept()
            with contextlib.suppress(ssl.SSLError), context.wrap_socket(connection, server_side=True) as secure:
                seen.append(secure.recv(65_536))
                bare = socket.socket(fileno=secure.detach())
                after(bare)
                bare.close()

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], seen
        thread.join()


def _reset(bare):
    bare.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize(
    "after",
    [
        lambda bare: bare.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}"),
        lambda bare: bare.sendall(b"\x17\x03\x03\x00\x20" + b"x" * 32),
        lambda bare: bare.sendall(b"\x15\x03\x03\x00\x02\x02\x28"),
        lambda _bare: None,
        _reset,
    ],
    ids=["plain text", "a bad record", "an alert", "the end", "a reset"],
)
def test_whatever_breaks_tls_after_the_request_may_have_let_it_arrive(after, canary, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(LOOPBACK))
    with tls_server(after) as (port, seen):
        outcome = ask(f"https://127.0.0.1:{port}", canary)
    assert seen[0].startswith(b"GET /people/all")
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.arrived) == ("broken", True)


def test_a_certificate_that_is_not_trusted_never_gets_the_request(canary, monkeypatch):
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    with tls_server(lambda _bare: None) as (port, seen):
        outcome = ask(f"https://127.0.0.1:{port}", canary)
    assert outcome == Failure("tls", "the TLS connection cannot be trusted", arrived=False)
    assert seen == []


def test_a_certificate_of_another_host_never_gets_the_request(canary, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(LOOPBACK))
    with tls_server(lambda _bare: None, "127.0.0.2") as (port, seen):
        outcome = ask(f"https://127.0.0.2:{port}", canary)
    assert (outcome.kind, outcome.arrived) == ("tls", False)
    assert seen == []


def test_a_connection_that_does_not_come_about_in_time_never_arrived(monkeypatch, canary):
    def never(*_, **__):
        raise TimeoutError

    monkeypatch.setattr(socket.socket, "connect", never)
    outcome = ask("http://127.0.0.1:9", canary)
    assert outcome == Failure("timeout", "no connection within the time limit", arrived=False)


@pytest.mark.parametrize(
    ("make_key", "request_"),
    [
        pytest.param(lambda key: f"{key}\n", ASK, id="line end in the key"),
        pytest.param(lambda key: f"{key}\u2028", ASK, id="another script in the key"),
        pytest.param(str, Request("GE T", "/people"), id="no method"),
        pytest.param(str, Request("GET", "/people", (("a", "\ud800"),)), id="query that is no text"),
        pytest.param(str, Request("POST", "/people", body={"a": {1}}), id="body that is not JSON"),
    ],
)
def test_a_request_that_cannot_be_made_is_a_failure_too(sandbox, canary, make_key, request_):
    """Nothing is raised: an exception of a library would quote the header, and the locals in its traceback the key."""
    outcome = ask(sandbox.base_url, make_key(canary), request_)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.arrived) == ("unreachable", False)
    assert canary not in repr(outcome)


ERRORS = [
    requests.exceptions.ReadTimeout("{}"),
    requests.exceptions.ConnectionError("{}"),
    requests.exceptions.ChunkedEncodingError("{}"),
    requests.exceptions.SSLError("{}"),
    requests.exceptions.InvalidURL("{}"),
    requests.exceptions.InvalidHeader("{}"),
    requests.exceptions.RetryError("{}"),
    OSError("{}"),
    TimeoutError(),
]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_no_failure_quotes_the_exception_it_was(web, canary, error):
    filled = type(error)(*[text.format(f"Authorization: Bearer {canary}") for text in error.args])
    web.add("GET", f"{BASE}/people/all", body=filled)
    outcome = ask(BASE, canary)
    assert isinstance(outcome, Failure)
    assert outcome.message
    assert canary not in repr(outcome)


# What is read from the environment, and what is not


def test_proxies_are_read_once(monkeypatch, canary):
    base_url = "http://custify.invalid"
    with opened(base_url, canary) as send:
        monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
        assert send(ASK).message == "the host name cannot be resolved"
    assert ask(base_url, canary).message == "the proxy cannot be reached"


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9"])
def test_a_key_for_this_machine_never_goes_to_a_proxy(monkeypatch, canary, name, host):
    with proxy(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}") as (port, heard):
        monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        assert ask(f"http://{host}:9", canary, timeout_seconds=2).kind == "unreachable"
    assert heard == []


@contextmanager
def proxy(reply):
    """Listen on loopback and answer every connection with these bytes; what came is kept."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        heard.append(connection.recv(65_536))
                        connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("base_url", ["http://custify.invalid", "https://custify.invalid"])
@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n", "(407): write them into"),
        (b"HTTP/1.1 407 Nope\r\nContent-Length: 0\r\n\r\n", "asks for a name and a password"),
    ],
)
def test_a_proxy_that_asks_for_a_password_is_said_so(monkeypatch, canary, base_url, reply, said):
    with proxy(reply) as (port, _):
        monkeypatch.setenv("all_proxy", f"http://127.0.0.1:{port}")
        outcome = ask(base_url, canary)
    assert (outcome.kind, outcome.arrived) == ("proxy", False)
    assert said in outcome.message


@pytest.mark.parametrize("url", ["http://", "user:pw@host:port", "socks5://127.0.0.1:9"])
def test_a_proxys_url_that_cannot_be_used_is_said_so(monkeypatch, canary, url):
    monkeypatch.setenv("https_proxy", url)
    outcome = ask("https://custify.invalid", canary)
    assert "proxy" in outcome.message
    assert not outcome.arrived


DRIPS = {
    "the status line": b"HTTP/1.1 200 " + b"O" * 500,
    "a header": b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 500,
    "interim answers": b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
    "the size of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 500,
    "a trailer": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Long: " + b"x" * 500,
    "a body": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b" " * 500,
    "a body of any length": b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}" + b" " * 500,
}


@contextmanager
def dripping(reply):
    """Listen on loopback, and answer with a byte now and then, a head at once where it is whole."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection, suppress(OSError):
                connection.recv(65_536)
                for place in range(len(reply)):
                    connection.sendall(reply[place : place + 1])
                    if over.wait(0.02):
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        over.set()
        thread.join()


@pytest.mark.parametrize("name", DRIPS)
def test_the_time_limit_is_kept_whatever_trickles_in(canary, name):
    with dripping(DRIPS[name]) as port:
        outcome = ask(f"http://127.0.0.1:{port}", canary, timeout_seconds=0.4)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.arrived) == ("timeout", True)


def test_the_time_limit_is_kept_in_a_handshake(canary):
    with dripping(b"\x16\x03\x03\x40\x00" + b"\x02" * 500) as port:
        outcome = ask(f"https://127.0.0.1:{port}", canary, timeout_seconds=0.4)
    assert isinstance(outcome, Failure)
    assert outcome.kind in {"timeout", "tls"}


def test_a_connection_that_is_used_again_has_a_deadline_too(canary, sandbox):
    with opened(sandbox.base_url, canary, timeout_seconds=1.0) as send:
        assert send(ASK).ok
        sandbox.faults.add(Fault("slow", value=3.0, path="/people/all"))
        assert send(ASK).kind == "timeout"
        assert send(ASK).ok
    assert not [thread for thread in threading.enumerate() if thread.name == "custify-watchdog" and thread.is_alive()]


ODD_KEYS = ['a/b"c\\d+e&f<g>', "plain-key-1234567890"]


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("key", ODD_KEYS)
@pytest.mark.parametrize(
    "write",
    [
        json.dumps,
        lambda text: json.dumps(text).replace("/", "\\/"),
        lambda text: '"' + "".join(f"\\u{ord(letter):04x}" for letter in text) + '"',
        lambda text: json.dumps(quote(text, safe="")),
        lambda text: json.dumps(html.escape(text)),
    ],
    ids=["JSON", "PHP", "escapes", "URL", "HTML"],
)
def test_a_key_that_is_echoed_is_hidden_in_whatever_way_it_is_written(web, status, key, write):
    body = '{"message": %s, "headers": {"authorization": [%s]}}' % (write(f"no {key} here"), write(key))  # noqa: UP031 - braces
    web.add("GET", f"{BASE}/people/all", body, status=status)
    outcome = ask(BASE, key)
    shown = json.dumps(outcome.body)
    assert key not in outcome.body["message"]
    assert quote(key, safe="") not in shown
    assert html.escape(key) not in shown
    assert "•••" in outcome.body["message"]


@pytest.mark.parametrize("key", ODD_KEYS)
@pytest.mark.parametrize("before", ["", "Bearer ", "user:", "x"])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode], ids=["base64", "of URLs"])
def test_a_key_that_is_echoed_in_base64_is_hidden_wherever_it_stands(web, key, before, encode):
    echoed, in_hex = encode(f"{before}{key}, as it came".encode()).decode(), key.encode().hex()
    web.add(
        "GET", f"{BASE}/people/all", json.dumps({"message": f"refused {echoed} {in_hex} {in_hex.upper()}"}), status=400
    )
    shown = ask(BASE, key).body["message"]
    letters = range(-(-len(before) * 8 // 6), (len(before) + len(key)) * 8 // 6)
    assert not any(echoed[place : place + 8] in shown for place in letters[:-7])
    assert in_hex not in shown.lower()
    assert shown.startswith("refused ")


@pytest.mark.parametrize("depth", [300, 980])
@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_that_is_nested_deeply_is_read_and_shows_no_key(answered, canary, depth, status):
    nested = "[" * depth + "1" + "]" * depth
    body = answered(f'{{"n": {nested}}}'.encode(), status=status).body
    assert dumps(body["n"]).decode() == nested
    shown = answered(f'{{"n": {nested}, "message": "no {canary}"}}'.encode(), status=status).body
    assert canary not in dumps(shown).decode()


class Reporter:
    """A crash reporter: it keeps the local variables of every frame of a traceback, as text."""

    def __init__(self, error):
        frames = traceback.walk_tb(error.__traceback__)
        self.kept = [
            f"{name}={value!r}" for frame, _ in frames for name, value in frame.f_locals.items() if name != "canary"
        ]


@pytest.mark.parametrize("where", ["getresponse", "endheaders"])
def test_an_interrupt_inside_the_library_shows_no_key_to_a_crash_reporter(monkeypatch, sandbox, where):
    key = sandbox.api_key

    def interrupted(*_arguments, **_words):
        raise KeyboardInterrupt

    with opened(sandbox.base_url, key) as send:
        monkeypatch.setattr(http.client.HTTPConnection, where, interrupted)
        with pytest.raises(KeyboardInterrupt) as caught:
            send(Request("GET", "/people/all"))
    kept = [text for text in Reporter(caught.value).kept if not text.startswith(("key=", "sandbox=", "self=<tests"))]
    assert not [text for text in kept if key in text]
    assert any("Bearer ***" in text for text in kept)


def test_what_the_library_prints_of_a_request_holds_no_key(monkeypatch, canary, sandbox, capsys):
    monkeypatch.setattr(http.client.HTTPConnection, "debuglevel", 1)
    assert ask(sandbox.base_url, canary).ok
    assert canary not in "".join(capsys.readouterr())


def test_an_answer_that_is_packed_twice_is_not_unpacked(answered):
    packed = gzip.compress(gzip.compress(b"[" + b"0," * 1_000_000 + b"0]"))
    outcome = answered(packed, headers={"Content-Encoding": "gzip, gzip"})
    assert (outcome.kind, outcome.arrived) == ("too_large", True)


def test_an_answer_of_too_many_values_is_too_large(monkeypatch, answered):
    monkeypatch.setattr(transport, "MOST_VALUES", 1_000)
    assert answered(b"[" + b"{}," * 1_000 + b"{}]").kind == "too_large"
    assert answered(b"[" + b"{}," * 300 + b"{}]").ok


def test_a_host_without_a_proxy_is_asked_directly(monkeypatch, canary):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "custify.invalid")
    assert ask("http://custify.invalid", canary).message == "the host name cannot be resolved"


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_certificates_are_read_from_the_file_that_the_environment_names(monkeypatch, canary, name):
    used = []

    def noted(_adapter, _request, **settings):
        used.append(settings["verify"])
        raise requests.exceptions.ConnectTimeout

    for each in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(each, raising=False)
    monkeypatch.setattr(HTTPAdapter, "send", noted)
    ask("https://api.custify.com", canary)
    monkeypatch.setenv(name, "company.pem")
    ask("https://api.custify.com", canary)
    assert used == [True, "company.pem"]


def test_a_netrc_entry_does_not_replace_the_key(monkeypatch, tmp_path, canary, web, answered):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine localhost login someone password else\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    answered()
    assert web.calls[0].request.headers["Authorization"] == f"Bearer {canary}"


# What is shown


def test_nothing_that_is_logged_shows_the_key(sandbox, caplog):
    """What is logged is the library's line on each request, without headers; the fixture looks for the key in it."""
    caplog.set_level(logging.DEBUG, "urllib3")
    for fault in (None, Fault("reset"), Fault("status", value=500)):
        if fault:
            sandbox.faults.add(fault)
        ask(sandbox.base_url, sandbox.api_key)
    assert "GET /people/all?page=1" in caplog.text


def test_a_send_shows_no_key(canary):
    with opened(BASE, canary) as send:
        assert canary not in repr(send) + repr(vars(send)) + json.dumps(vars(send), default=str)


def test_an_interruption_shows_no_key_in_its_traceback(web, canary):
    """Ctrl-C is the one exception that must pass; with the locals of our own frames, it shows no key."""

    def interrupted(_):
        raise KeyboardInterrupt

    web.add_callback("GET", f"{BASE}/people/all", callback=interrupted)
    with opened(BASE, canary) as send, pytest.raises(KeyboardInterrupt) as caught:
        send(ASK)
    own = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [frame for frame in own.stack if "custify_connector" in frame.filename]
    assert frames
    assert canary not in "".join(str(frame.locals) for frame in frames)


LATE = b'HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n{"whose": "a"}'


@pytest.mark.parametrize("status", [b"100 Continue", b"102 Processing", b"103 Early Hints", b"199 Soon"])
@pytest.mark.parametrize("times", [1, 3])
def test_an_interim_answer_is_passed_over(canary, status, times):
    interim = b"HTTP/1.1 " + status + b"\r\nLink: </x>\r\n\r\n"
    with proxy(interim * times + LATE) as (port, heard), opened(f"http://127.0.0.1:{port}", canary) as send:
        found = send(ASK)
    assert found.body == {"whose": "a"}
    assert len(heard) == 1


def test_another_protocol_is_no_answer_and_what_follows_it_is_read_by_no_other_request(canary):
    """A write that is answered so may have been carried out, and its real answer may come at any time."""
    reply = b"HTTP/1.1 101 Switching Protocols\r\nLink: </x>\r\n\r\n" + LATE
    with proxy(reply) as (port, heard), opened(f"http://127.0.0.1:{port}", canary) as send:
        found = [send(ASK), send(ASK)]
    assert [(one.kind, one.arrived) for one in found] == [("broken", True)] * 2
    assert len(heard) == 2

import socket
import time

import pytest

from custify_connector.sandbox import Sandbox
from custify_connector.sandbox.wire import http_date, parse_head


@pytest.fixture
def wire(sandbox):
    """Return a function that sends bytes and returns what comes back until the sandbox closes or falls silent."""

    def exchange(*pieces, pause=0.0):
        with socket.create_connection(("127.0.0.1", sandbox.client.port), timeout=0.5) as raw:
            for piece in pieces:
                raw.sendall(piece.replace(b"KEY", sandbox.api_key.encode()))
                time.sleep(pause)
            received = b""
            try:
                while data := raw.recv(65_536):
                    received += data
            except TimeoutError:
                pass
        return received

    return exchange


def test_requests_in_one_packet_are_answered_one_after_another(wire):
    one = b"GET /tag?itemsPerPage=1 HTTP/1.1\r\nAuthorization: Bearer KEY\r\n\r\n"
    last = one.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    received = wire(one + one + last)
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert received.count(b"Connection: close") == 1


def test_a_request_may_arrive_in_pieces(wire, sandbox):
    body = b'{"user_id": "pieces"}'
    head = f"POST /people HTTP/1.1\r\nAuthorization: Bearer KEY\r\nContent-Length: {len(body)}\r\n\r\n"
    wire(head[:20].encode(), head[20:].encode() + body[:5], body[5:], pause=0.02)
    assert sandbox.content.people[-1]["user_id"] == "pieces"


def test_a_chunked_body_and_an_expectation_are_understood(wire, sandbox):
    received = wire(
        b"POST /people HTTP/1.1\r\nAuthorization: Bearer KEY\r\nConnection: close\r\nExpect: 100-continue\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n",
        b'8\r\n{"user_i\r\n',
        b'c\r\nd": "chunk"}\r\n0\r\n',
        b"Trailer: x\r\n\r\n",
        pause=0.02,
    )
    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert sandbox.content.people[-1]["user_id"] == "chunk"


@pytest.mark.parametrize("nonsense", [b"hello\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n"])
def test_what_is_no_request_is_refused_and_the_connection_closed(wire, nonsense):
    assert wire(nonsense).startswith(b"HTTP/1.1 400 Bad Request")


def test_a_client_may_go_away_in_the_middle(wire, client):
    assert wire(b"GET /tag HT") == b""
    assert wire(b"x" * 100_000) == b""
    with socket.create_connection(("127.0.0.1", client.port)) as raw:
        raw.sendall(b"POST /people HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc")
    assert client.get("/tag").status == 200


def test_a_large_answer_arrives_whole_at_a_slow_reader(make):
    sandbox, client = make(people=3000)
    whole = client.get("/people/all", itemsPerPage=200).raw
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", client.port))
        asked = "GET /people/all?itemsPerPage=200 HTTP/1.1\r\nConnection: close"
        raw.sendall(f"{asked}\r\nAuthorization: Bearer {sandbox.api_key}\r\n\r\n".encode())
        time.sleep(0.1)
        received = b""
        while data := raw.recv(65_536):
            received += data
    assert received.endswith(whole)


def test_paths_and_queries_are_decoded():
    request = parse_head(b"GET /ticket/a%2Fb%20c?x=%C3%BC&x=2&empty= HTTP/1.1\r\nX-Y:  z ")
    assert request.path == "/ticket/a/b c"
    assert request.query == {"x": ["ü", "2"], "empty": [""]}
    assert request.headers == {"x-y": "z"}


def test_dates_are_written_as_http_writes_them():
    assert http_date(784_111_777) == "Sun, 06 Nov 1994 08:49:37 GMT"


def test_a_sandbox_starts_and_stops_at_once_even_with_connections_open():
    sandbox = Sandbox(people=10, companies=2)
    durations = []
    for _ in range(3):
        started = time.perf_counter()
        sandbox.start()
        sandbox.start()
        port = int(sandbox.base_url.rsplit(":", 1)[1])
        raw = socket.create_connection(("127.0.0.1", port))
        raw.sendall(b"GET /tag HTTP/1.1\r\n\r\n")
        raw.recv(1000)
        sandbox.stop()
        sandbox.stop()
        durations.append(time.perf_counter() - started)
        raw.settimeout(2)
        assert raw.recv(1000) == b""
        raw.close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
    assert min(durations) < 0.05
    with pytest.raises(RuntimeError, match="not started"):
        _ = sandbox.base_url


def test_a_port_can_be_chosen_and_one_that_is_taken_is_refused(sandbox):
    with pytest.raises(OSError, match="in use"):
        Sandbox(people=1, companies=1, port=sandbox.client.port).start()


def test_it_listens_on_loopback_alone(sandbox):
    assert sandbox.base_url.startswith("http://127.0.0.1:")


def test_latency_is_added_to_each_reply_without_holding_up_others(make):
    sandbox, client = make(latency=0.2)
    clients = [type(client)(sandbox) for _ in range(4)]
    started = time.monotonic()
    for one in clients:
        one.connection.putrequest("GET", "/tag")
        one.connection.putheader("Authorization", f"Bearer {one.key}")
        one.connection.endheaders()
    for one in clients:
        assert one.connection.getresponse().status == 200
        one.connection.close()
    assert 0.2 <= time.monotonic() - started < 0.6
    sandbox.latency = 0.0
    started = time.monotonic()
    client.get("/tag")
    assert time.monotonic() - started < 0.2

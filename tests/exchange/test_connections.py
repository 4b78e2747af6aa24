"""Calls that another thread ends, against servers that hang at each stage of an exchange."""

import socket
import threading
from contextlib import contextmanager, suppress

import pytest

from custify_connector.checking.secret import Secret
from custify_connector.exchange.connections import Call
from custify_connector.exchange.credential import Credential
from custify_connector.exchange.transport import HttpSend
from custify_connector.exchange.wire import Failure, Request, Response

ASK = Request("GET", "/people/all")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def serving(converse):
    """Listen on loopback; each connection is handed to `converse`, on a thread of its own."""
    open_connections = []

    def serve(connection):
        with connection, suppress(OSError):
            converse(connection)

    def accept(server):
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                open_connections.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=accept, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        for connection in open_connections:
            connection.close()


def opened(port, scheme="http", **settings):
    return HttpSend(Credential("n", f"{scheme}://localhost:{port}", Secret("key")), **settings)


class Aside:
    """One call on a thread of its own."""

    def __init__(self, send, request=ASK):
        self.outcome = None
        self._thread = threading.Thread(target=self._run, args=(send, request), daemon=True)
        self._thread.start()

    def _run(self, send, request):
        self.outcome = send(request)

    def result(self):
        """Return what came of it; None when it hangs."""
        self._thread.join(10)
        return self.outcome


@pytest.mark.parametrize(
    ("piece", "scheme", "arrived"),
    [
        (b"", "http", True),
        (b"HTTP/1.1 200 OK\r\nContent-", "http", True),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[", "http", True),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[]", "http", True),
        (b"", "https", False),
    ],
    ids=["no answer", "in the headers", "in the body", "a body that only the end ends", "in the handshake"],
)
def test_a_call_that_hangs_ends_when_it_is_aborted_and_its_answer_counts_for_nothing(piece, scheme, arrived):
    reached = threading.Event()

    def converse(connection):
        connection.recv(65_536)
        connection.sendall(piece)
        reached.set()
        connection.recv(65_536)

    with serving(converse) as port, opened(port, scheme, timeout_seconds=60) as send:
        call = Aside(send)
        assert reached.wait(10)
        send.abort()
        ended = call.result()
    assert ended == Failure("broken", "the run was stopped before the response arrived", arrived=arrived)


def test_after_an_abort_nothing_is_sent():
    received = []

    def converse(connection):
        received.append(connection.recv(65_536))
        connection.sendall(ANSWER)

    with serving(converse) as port, opened(port) as send:
        send.abort()
        ended = send(ASK)
    assert isinstance(ended, Failure)
    assert not ended.arrived
    assert not any(received)


def test_a_call_reports_that_it_is_about_to_be_written_and_whether_its_connection_is_new():
    def converse(connection):
        for _ in range(2):
            connection.recv(65_536)
            connection.sendall(ANSWER)

    new = []
    with serving(converse) as port, opened(port) as send:
        answers = [send.watched(ASK, new.append) for _ in range(3)]
    assert all(isinstance(answer, Response) for answer in answers)
    assert new == [True, False, True]


@pytest.fixture
def sockets():
    pairs = [socket.socketpair() for _ in range(2)]
    yield [left for left, _ in pairs]
    for each in (one for pair in pairs for one in pair):
        each.close()


def test_a_socket_that_its_connection_forgot_is_closed_when_the_call_takes_another(sockets):
    first, second = sockets
    call = Call()
    call.uses(first)
    assert call.inherits(first)
    call.uses(second)
    assert first.fileno() == -1
    call.over()
    assert second.fileno() != -1, "its connection still has it"


def test_a_socket_that_was_taken_over_is_closed_though_another_connection_was_closed_meanwhile(sockets):
    first, second = sockets
    call = Call()
    call.uses(first)
    assert call.inherits(first)
    assert not call.inherits(second)
    call.over()
    assert first.fileno() == -1

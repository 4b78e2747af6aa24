"""Connections that another thread can shut: each call under way, and the socket that it uses.

A library that waits for an answer hears of nothing else: not of a deadline for the whole call, nor of the end of the
run. Its socket is shut instead, and it returns. This file does not know when to do that, nor what is sent.
"""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPResponse, parse_headers
from typing import TYPE_CHECKING, Any

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.poolmanager import ProxyManager

from custify_connector.exchange.wire import FailureKind, Writing


class CutOff(HTTPError):
    """The call was cut before anything of it was written."""


class Call:
    """One call under way; `cut` is why another thread ended it, `written` whether any byte may have been sent.

    `cut_as` is the kind of failure that this makes of the call.
    """

    def __init__(self, writing: Writing | None = None) -> None:
        self.cut: str | None = None
        self.cut_as: FailureKind = "broken"
        self.written = False
        self._writing = writing
        self._lock = threading.RLock()
        self._socket: socket.socket | None = None
        self._orphaned = False

    def end(self, why: str, kind: FailureKind = "broken") -> None:
        """Shut the call's socket, now or as soon as it has one; whatever it still receives is of no use."""
        with self._lock:
            if self.cut is None:
                self.cut, self.cut_as = why, kind
            if self._socket is not None:
                _shut(self._socket)

    def uses(self, connected: socket.socket) -> None:
        """Take note of the socket; raises CutOff for a call that was ended meanwhile."""
        with self._lock:
            if self.cut:
                raise CutOff(self.cut)
            if connected is not self._socket:
                self.over()
            self._socket = connected

    def inherits(self, connected: socket.socket) -> bool:
        """Take over a socket whose connection forgets it while the answer is still read; False when it is another."""
        if connected is not self._socket:
            return False
        self._orphaned = True
        return True

    def over(self) -> None:
        """Let go of the socket."""
        with self._lock:
            if self._socket and self._orphaned:
                self._socket.close()
            self._socket, self._orphaned = None, False

    def writes(self, *, new: bool) -> None:
        """Take note that the request goes out now."""
        self.written = True
        if self._writing:
            self._writing(new)


class Calls:
    """The calls under way on the connections of one `Send`."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._under_way: set[Call] = set()
        self._ended: str | None = None

    @contextmanager
    def call(self, writing: Writing | None = None) -> Iterator[Call]:
        """Make the calling thread's next request a call that can be ended."""
        call = Call(writing)
        with self._lock:
            call.cut = self._ended
            self._under_way.add(call)
        _current.call = call
        try:
            yield call
        finally:
            _current.call = None
            call.over()
            with self._lock:
                self._under_way.discard(call)

    def end(self, why: str) -> None:
        """End every call under way, and every later one before it is written."""
        with self._lock:
            self._ended = why
            under_way = list(self._under_way)
        for call in under_way:
            call.end(why)


class _Current(threading.local):
    call: Call | None = None


_current = _Current()


def _is_worth_logging(_record: logging.LogRecord) -> bool:
    """Say whether a library's warning is of a call that was not cut: half a header is not a fault then."""
    return not (_current.call and _current.call.cut)


logging.getLogger("urllib3.connection").addFilter(_is_worth_logging)


def _shut(connected: socket.socket) -> None:
    with suppress(OSError):  # the other side may have hung up
        connected.shutdown(socket.SHUT_RDWR)


class _Final(HTTPResponse):
    """The final answer to a request: interim ones, such as Early Hints, are passed over; the library passes 100 alone.

    101 is none of them: what follows it is another protocol (RFC 9110, section 15.2).
    """

    def _read_status(self) -> tuple[str, int, str]:
        while True:
            version, status, reason = super()._read_status()  # type: ignore[misc] # typeshed leaves it out
            if not _SWITCHES < status < _FINAL:
                return version, status, reason
            parse_headers(self.fp)


_SWITCHES, _FINAL = 101, 200


if TYPE_CHECKING:
    _Base = HTTPConnection
else:
    _Base = object


class _Endable(_Base):
    """A connection that hands its socket to the call that uses it.

    It prints nothing of what it sends, whatever `http.client` is asked to print: that would show the key.
    """

    debuglevel = 0
    response_class = _Final

    _twin: socket.socket | None = None
    """The same socket by another handle: TLS takes the first one over before the handshake, which may hang, too."""
    _is_new = True

    def _new_conn(self) -> socket.socket:
        connected = super()._new_conn()
        self._drop_twin()
        self._twin, self._is_new = connected.dup(), True
        try:
            self._hand_over()
        except CutOff:
            connected.close()
            raise
        return connected

    def request(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - whatever the library passes
        if self.sock is None:
            self.connect()
        self._hand_over()
        if _current.call:
            _current.call.writes(new=self._is_new)
        super().request(*arguments, **options)

    def getresponse(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as above
        response = super().getresponse(*arguments, **options)
        self._is_new = False
        return response

    def close(self) -> None:
        super().close()
        self._drop_twin()

    def _hand_over(self) -> None:
        if _current.call and self._twin:
            _current.call.uses(self._twin)

    def _drop_twin(self) -> None:
        twin, self._twin = self._twin, None
        if twin and not (_current.call and _current.call.inherits(twin)):
            twin.close()


class _Connection(_Endable, HTTPConnection):
    pass


class _SecureConnection(_Endable, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Adapter(HTTPAdapter):
    """The library's adapter for one address, with connections that can be shut; also through a proxy.

    What it would find out again for each request costs a fifth of that: the pool, and cookies, which nothing reads.
    """

    _pool: ConnectionPool | None = None

    def get_connection_with_tls_context(self, *arguments: Any, **options: Any) -> ConnectionPool:  # noqa: ANN401 - whatever the library passes
        """Return the pool of connections."""
        pool = self._pool or super().get_connection_with_tls_context(*arguments, **options)
        self._pool = pool
        return pool

    def close(self) -> None:
        """Close the connections; the next request opens others."""
        self._pool = None
        super().close()

    def build_response(self, req: PreparedRequest, resp: BaseHTTPResponse) -> Response:
        """Return an answer as far as it is looked at."""
        reply = Response()
        reply.status_code, reply.raw, reply.request = resp.status, resp, req
        return reply

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - whatever the library passes
        """Make the pools of connections."""
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, *arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - as above
        """Return the pools of connections through a proxy."""
        manager = super().proxy_manager_for(*arguments, **options)
        if not isinstance(manager, ProxyManager):
            return manager  # a SOCKS proxy has pools of its own
        manager.pool_classes_by_scheme = _POOLS
        return manager


_POOLS = {"http": _Pool, "https": _SecurePool}

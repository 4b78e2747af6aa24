"""A server on loopback for a testbed: it keeps the rate limit, journals, and carries out the faults that are ordered.

What the service holds and answers is two functions of the testbed's author; nothing here knows a service.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from custify_connector.contract.testbed import Exchange, InjectedFault, RateLimit, Service, Setup

_OK, _REDIRECT, _UNAUTHORISED, _TOO_MANY = 200, 302, 401, 429
_ERROR = {"message": "internal error"}


@dataclass(frozen=True)
class Call:
    """One request: its body is JSON, None where there is none."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: Any = None

    @property
    def is_write(self) -> bool:
        """Whether it asks for a change."""
        return self.method not in {"GET", "HEAD"}


@dataclass(frozen=True)
class Reply:
    """One answer: its body becomes JSON; None is no body at all."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Call], Reply]
Refuse = Callable[[Call], Reply | None]
"""What is answered to a call without a key that may do this; None where the key may."""


@dataclass
class _Ordered:
    """A fault with what it has let pass and struck so far."""

    fault: InjectedFault
    passed: int = 0
    struck: int = 0

    def strikes(self, call: Call, text: str) -> bool:
        one = self.fault
        if one.scope != "any" and (one.scope == "writes") != call.is_write:
            return False
        if (one.about is not None and one.about not in text) or (one.times is not None and self.struck >= one.times):
            return False
        if self.passed < one.after:
            self.passed += 1
            return False
        self.struck += 1
        return True


class EmulatedServer(ThreadingHTTPServer):
    """The running server; `elsewhere` is the other host, to which `redirect` sends."""

    daemon_threads = True

    def __init__(self, answer: Answer, refuse: Refuse, limit: RateLimit | None = None, latency: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer, self.refuse, self.latency = answer, refuse, latency
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.elsewhere = ""
        self.ending = threading.Event()
        self.revoked = False
        self._limit = limit
        self._lock = threading.Lock()
        self._journal: list[Exchange] = []
        self._faults: list[_Ordered] = []

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - the signature of the base
        """Say nothing of a client that has left: some faults are made for that."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def journal(self) -> list[Exchange]:
        """Return every request seen so far."""
        with self._lock:
            return list(self._journal)

    def inject(self, fault: InjectedFault) -> None:
        """Order a fault, behind those already ordered."""
        with self._lock:
            self._faults.append(_Ordered(fault))

    def note(self, call: Call) -> tuple[int, bool, float]:
        """Journal a call; return its number, whether its key may do this, and how long the limit holds it back."""
        with self._lock:
            now = time.monotonic()
            wait = self._wait(now)
            allowed = not self.revoked and self.refuse(call) is None
            about = {"authorised": allowed, "write": call.is_write, "counted": not wait}
            seen = Exchange(now, call.method, call.path, None, query=call.query, body=call.body, **about)
            self._journal.append(seen)
            return len(self._journal) - 1, allowed, wait

    def settle(self, number: int, status: int | None, *, applied: bool) -> None:
        """Journal what a call came to."""
        with self._lock:
            self._journal[number] = replace(self._journal[number], status=status, applied=applied)

    def struck_by(self, call: Call) -> InjectedFault | None:
        """Return the fault that strikes this call, if one does."""
        text = f"{call.path} {json.dumps(dict(call.query))} {json.dumps(call.body, ensure_ascii=False)}"
        with self._lock:
            return next((one.fault for one in self._faults if one.strikes(call, text)), None)

    def _wait(self, now: float) -> float:
        if self._limit is None:
            return 0.0
        recent = [one.at for one in self._journal if one.counted and now - one.at < self._limit.seconds]
        return recent[0] + self._limit.seconds - now if len(recent) >= self._limit.requests else 0.0


class _Handler(BaseHTTPRequestHandler):
    server: EmulatedServer

    def do_GET(self) -> None:
        call = self._call()
        number, allowed, wait = self.server.note(call)
        time.sleep(self.server.latency)
        fault = None if wait else self.server.struck_by(call)
        reply, applied = self._reply(call, fault, wait, allowed=allowed)
        self.server.settle(number, reply.status if reply else None, applied=applied)
        if reply is not None:
            self._send(reply, fault)

    do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that the server looks for

    def _call(self) -> Call:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return Call(self.command, parts.path, parse_qs(parts.query), dict(self.headers.items()),
                    json.loads(content) if content else None)  # fmt: skip

    def _reply(
        self, call: Call, fault: InjectedFault | None, wait: float, *, allowed: bool
    ) -> tuple[Reply | None, bool]:
        """Return the reply, None where the connection just ends, and whether the call was carried out."""
        if wait:
            return Reply(_TOO_MANY, {"message": "too many requests"}, {"Retry-After": str(int(wait) + 1)}), False
        if fault is not None and fault.kind == "revoke":
            self.server.revoked = True
        if self.server.revoked or not allowed:
            return self.server.refuse(call) or Reply(_UNAUTHORISED, {"message": "unauthorised"}), False
        if fault is None or fault.kind in {"timeout", "drip", "truncated", "no_records"}:
            if fault is not None and fault.kind == "timeout":
                self.server.ending.wait(fault.seconds)
            return self._answered(call)
        return _instead(fault, self.server.elsewhere + self.path), fault.applied and self._answered(call)[1]

    def _answered(self, call: Call) -> tuple[Reply, bool]:
        reply = self.server.answer(call)
        return reply, call.is_write and reply.status < 400  # noqa: PLR2004 - what is refused changes nothing

    def _send(self, reply: Reply, fault: InjectedFault | None) -> None:
        kind = fault.kind if fault else None
        body = _without_records(reply.body) if kind == "no_records" else reply.body
        raw = {"html": b"<html><body>Service</body></html>", "not_json": b'{"records": [', "empty": b""}
        content = raw.get(str(kind), b"" if body is None else json.dumps(body).encode())
        self.send_response(reply.status)
        for name, value in {
            "Content-Type": "text/html" if kind == "html" else "application/json",
            **reply.headers,
        }.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if fault is not None and kind == "drip":
            for byte in content:
                self.wfile.write(bytes([byte]))
                self.server.ending.wait(fault.seconds / len(content))
        else:
            self.wfile.write(content[: len(content) // 2] if kind == "truncated" else content)

    def log_message(self, *_: object) -> None:
        """Write nothing: there is a journal."""


def _instead(fault: InjectedFault, elsewhere: str) -> Reply | None:
    """Return what is answered in place of the service; None where nothing is."""
    if fault.kind == "reset":
        return None
    if fault.kind == "redirect":
        return Reply(_REDIRECT, None, {"Location": elsewhere})
    if fault.kind == "status":
        named = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
        return Reply(fault.status, _ERROR, named)
    return Reply(_OK, _ERROR)


def _without_records(body: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return a page with every list in it empty: its count stays."""
    if isinstance(body, dict):
        return {name: [] if isinstance(value, list) else value for name, value in body.items()}
    return [] if isinstance(body, list) else body


@contextmanager
def served(answer: Answer, refuse: Refuse, setup: Setup) -> Iterator[tuple[EmulatedServer, EmulatedServer]]:
    """Serve for the length of a `with`: the service, and the other host, which would accept the same keys."""
    server = EmulatedServer(answer, refuse, setup.rate_limit, setup.latency_seconds)
    other = EmulatedServer(answer, refuse)
    server.elsewhere = other.url
    started = [threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.01}, name="emulated server")
               for one in (server, other)]  # fmt: skip
    for thread in started:
        thread.start()
    try:
        yield server, other
    finally:
        for one, thread in zip((server, other), started, strict=True):
            one.ending.set()
            one.shutdown()
            thread.join()
            one.server_close()


class EmulatedService(Service):
    """A service of the testbed behind such a server; what it holds is the author's subclass's to say."""

    def __init__(self, server: EmulatedServer, other: EmulatedServer) -> None:
        self.server, self._other = server, other

    def journal(self) -> list[Exchange]:
        """See `Service.journal`."""
        return self.server.journal()

    def strays(self) -> list[Exchange]:
        """See `Service.strays`."""
        return self._other.journal()

    def inject(self, fault: InjectedFault) -> None:
        """See `Service.inject`."""
        self.server.inject(fault)

    def revoke(self) -> None:
        """See `Service.revoke`."""
        self.server.revoked = True

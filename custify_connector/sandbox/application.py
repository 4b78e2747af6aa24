"""The way of a request through the sandbox: key, limit, fault, permission, work, answer, journal.

Decided here: the order of these steps, and that the journal reports the whole of it before the answer goes out.
This file does not know sockets, nor what any operation does.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import orjson

from .admission import bearer, permitted
from .call import Call
from .control import CONTROL_PREFIX, control
from .faults import answers_itself, deliver
from .journal import Entry, Outcome
from .refusals import RefusalError, error_body
from .wire import Delivery, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .admission import Admission
    from .faults import Fault
    from .state import State
    from .wire import Request

_TEXT = "text/plain; charset=utf-8"
_ID = re.compile(r"[0-9a-fA-F]{24}")
UNANSWERED = frozenset({"reset", "cut"})


@dataclass(frozen=True)
class _Arrival:
    """A request that was received: its place in the journal, its key (None: refused), and the limit's verdict."""

    index: int
    at: float
    key: str | None
    admission: Admission | None


@dataclass(frozen=True)
class _Result:
    """The answer as it would be without a fault's damage, and whether the content changed."""

    reply: Reply
    applied: bool = False


class Application:
    """Answers requests, from any thread."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._gate = threading.Lock()

    def answer(self, request: Request) -> Delivery:
        """Return the answer to a request, and how to deliver it; sleeps for the latency that is set."""
        if request.path.startswith(CONTROL_PREFIX):
            return Delivery(control(self._state, request))
        arrival = self._receive(request)
        fault = self._fault(arrival, request)
        if fault is not None and fault.kind == "slow" and fault.before:
            time.sleep(deliver(fault, Reply()).delay)
        result = self._work(arrival, fault, request)
        delivery = deliver(fault, result.reply)
        if self._state.latency > 0:
            time.sleep(self._state.latency)
        if delivery.delay and fault is not None and not fault.before:
            time.sleep(delivery.delay)
        self._note(arrival, fault, delivery, applied=result.applied)
        return replace(delivery, delay=0.0, reply=self._with_limit(delivery.reply, arrival.admission))

    def _receive(self, request: Request) -> _Arrival:
        state = self._state
        key = bearer(request.headers)
        body = _decoded(request)
        with self._gate:
            at = time.monotonic()
            known = key if key in state.keys else None
            admission = None if known is None else state.window.admit(known, state.rate_limit, at)
            accepted = admission is not None and admission.allowed
            entry = Entry(
                0, at, request.method, request.path, request.query, body, key_ok=known is not None, accepted=accepted
            )
            return _Arrival(state.journal.open(entry), at, known, admission)

    def _fault(self, arrival: _Arrival, request: Request) -> Fault | None:
        if arrival.key is None or arrival.admission is None or not arrival.admission.allowed:
            return None
        held = f"{request.query}\n{request.body.decode(errors='replace')}"
        fault = self._state.faults.strike(request.method, request.path, held)
        if fault is not None and fault.kind == "revoke":
            self._state.keys.pop(arrival.key, None)
        if fault is not None and fault.kind == "rate_limited":
            with self._gate:
                self._state.window.give_back(arrival.key, arrival.at)
        return fault

    def _work(self, arrival: _Arrival, fault: Fault | None, request: Request) -> _Result:
        if arrival.key is None or arrival.admission is None:
            return self._refused(401, "the API key was not accepted")
        if not arrival.admission.allowed:
            return self._refused(429, "rate limit reached")
        if answers_itself(fault, request.method):
            return _Result(Reply())
        permissions = self._state.keys.get(arrival.key)
        if permissions is not None and not permitted(permissions, request.method, request.path):
            return self._refused(403, "this key may not do this")
        return self._serve(request)

    def _serve(self, request: Request) -> _Result:
        state = self._state
        match = state.router.match(request.method, request.path)
        if match is None:
            return self._refused(404, f"no operation {request.method} {request.path}")
        if state.quirks.malformed_id == "503" and not _well_formed(match.arguments):
            return self._refused(503, "the service is unavailable")
        with state.content.lock:
            if request.method == "GET":
                state.tide.before(request.path, state.quirks.drift, state.content)
            before = state.content.revision.number
            try:
                reply = match.handler(Call(request, state.content, state.quirks, match.arguments))
            except RefusalError as refusal:
                return self._refused(refusal.status, refusal.message)
            return _Result(reply, applied=state.content.revision.number != before)

    def _refused(self, status: int, message: str) -> _Result:
        if self._state.quirks.bare_error_text:
            return _Result(Reply(status, message.encode(), _TEXT))
        return _Result(Reply(status, error_body(status, message)))

    def _note(self, arrival: _Arrival, fault: Fault | None, delivery: Delivery, *, applied: bool) -> None:
        limited = fault is not None and fault.kind == "rate_limited"
        outcome = Outcome(
            status=None if delivery.manner in UNANSWERED else delivery.reply.status,
            fault=fault.kind if fault else None,
            applied=applied,
            accepted=not limited,
        )
        self._state.journal.close(arrival.index, outcome, time.monotonic())

    def _with_limit(self, reply: Reply, admission: Admission | None) -> Reply:
        if (
            admission is None
            or admission.limit is None
            or any(name == "X-RateLimit-Limit" for name, _ in reply.headers)
        ):
            return reply
        if admission.allowed and not self._state.quirks.limit_headers:
            return reply
        headers = [("X-RateLimit-Limit", str(admission.limit)), ("X-RateLimit-Remaining", str(admission.remaining))]
        if admission.retry_after is not None:
            headers.append(("Retry-After", str(admission.retry_after)))
        return replace(reply, headers=(*reply.headers, *headers))


def _well_formed(arguments: Mapping[str, str]) -> bool:
    """Say whether what a path has for ids of Custify are 24 hexadecimal digits."""
    return all(_ID.fullmatch(value) for name, value in arguments.items() if name in {"id", "entity", "entityId"})


def _decoded(request: Request) -> object:
    if not request.body or "json" not in request.headers.get("content-type", "json"):
        return None
    try:
        body: object = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        return None
    return body

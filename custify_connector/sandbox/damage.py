"""What a fault makes of an answer: other status, other body, or another manner of delivery.

Decided here: what the client sees of each kind of fault. Whether a fault strikes is decided in `faults`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .refusals import error_body
from .wire import Delivery, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

    from .faults import Fault

PASSING = frozenset({"slow", "trickle"})
_HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be right back.</body></html>"
_HTML_TYPE = "text/html; charset=utf-8"
_DEFAULT_SIZE = 1_000_000


def deliver(fault: Fault | None, reply: Reply) -> Delivery:
    """Return how `reply` is delivered when `fault` strikes it."""
    return Delivery(reply) if fault is None else _DAMAGE[fault.kind](fault, reply)


def answers_itself(fault: Fault | None, method: str) -> bool:
    """Say whether the fault takes the place of the request's own work: then a write is not applied."""
    if fault is None or fault.kind in PASSING:
        return False
    return fault.before and (method != "GET" or fault.kind != "cut")


def _error(status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> Delivery:
    return Delivery(Reply(status, error_body(status, message), headers=headers))


def _rate_limited(fault: Fault, _: Reply) -> Delivery:
    text = "" if fault.value is None else str(fault.value)
    headers = (("X-RateLimit-Limit", "100"), ("X-RateLimit-Remaining", "0"))
    return _error(429, "rate limit reached", (*headers, ("Retry-After", text)) if text else headers)


def _status(fault: Fault, _: Reply) -> Delivery:
    return _error(int(_figure(fault, 500)), "a fault was ordered")


def _plain(body: bytes, content_type: str | None = None) -> Callable[[Fault, Reply], Delivery]:
    def damage(_: Fault, reply: Reply) -> Delivery:
        return Delivery(Reply(200, body, content_type or reply.content_type))

    return damage


def _slow(fault: Fault, reply: Reply) -> Delivery:
    return Delivery(reply, delay=_figure(fault, 1.0))


def _not_json(fault: Fault, reply: Reply) -> Delivery:
    """Answer the beginning of a page, as long as the fault says, and nothing after it."""
    return Delivery(Reply(200, b'{"people": [{"id": '.ljust(int(_figure(fault, 0.0))), reply.content_type))


def _trickle(fault: Fault, reply: Reply) -> Delivery:
    return Delivery(reply, "trickle", spread=_figure(fault, 1.0))


def _redirect(fault: Fault, _: Reply) -> Delivery:
    return Delivery(Reply(302, b"", headers=(("Location", str(fault.value or "/")),)))


def _too_large(fault: Fault, _: Reply) -> Delivery:
    return Delivery(Reply(200, b""), "endless", size=int(_figure(fault, _DEFAULT_SIZE)))


def _wrong_type(fault: Fault, reply: Reply) -> Delivery:
    value = fault.value
    body = str(value).encode() if isinstance(value, int | float) else b'"a text where a page was expected"'
    return Delivery(Reply(200, body, reply.content_type))


def _figure(fault: Fault, default: float) -> float:
    return float(fault.value) if isinstance(fault.value, int | float | str) else default


_DAMAGE: dict[str, Callable[[Fault, Reply], Delivery]] = {
    "rate_limited": _rate_limited,
    "status": _status,
    "reset": lambda _, reply: Delivery(reply, "reset"),
    "cut": lambda _, reply: Delivery(reply, "cut"),
    "html": _plain(_HTML, _HTML_TYPE),
    "empty": _plain(b""),
    "not_json": _not_json,
    "slow": _slow,
    "trickle": _trickle,
    "redirect": _redirect,
    "revoke": lambda _fault, _reply: _error(401, "the API key was not accepted"),
    "too_large": _too_large,
    "wrong_type": _wrong_type,
    "null": _plain(b"null"),
}

"""Faults to order: which request is to go wrong, in what way and how often.

Decided here: whether a fault strikes a request, and what the client then sees: another status or body, or another
manner of delivery.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import orjson

from .refusals import error_body
from .wire import Delivery, Reply

if TYPE_CHECKING:
    from collections.abc import Callable

PASSING = frozenset({"slow", "trickle"})
_SPOILT = frozenset({"cut", "no_records"})
"""Their answer to a read is made from the true one."""

_HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be right back.</body></html>"
_HTML_TYPE = "text/html; charset=utf-8"
_DEFAULT_SIZE = 1_000_000
Kind = Literal[
    "rate_limited",
    "status",
    "reset",
    "cut",
    "html",
    "empty",
    "not_json",
    "slow",
    "trickle",
    "redirect",
    "revoke",
    "too_large",
    "wrong_type",
    "null",
    "no_records",
    "error_as_success",
]


@dataclass(frozen=True)
class Fault:
    """One fault: strikes requests of `method` whose path begins with `path`, and that hold the text `about`.

    The first `after` matching requests pass; then it strikes `times` times (None: for ever), each time with
    `probability`. `before` says that it strikes before a write is applied; otherwise the write is applied and only the
    answer is spoilt. `value` is the status, the Retry-After text, seconds, bytes or address that the kind needs.
    Raises ValueError on a kind that does not exist.
    """

    kind: Kind
    method: str | None = None
    path: str | None = None
    times: int | None = 1
    after: int = 0
    probability: float = 1.0
    before: bool = True
    value: object = None
    about: str | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"fault kind must be one of {get_args(Kind)}, not {self.kind!r}")


@dataclass
class _Standing:
    fault: Fault
    seen: int = 0
    struck: int = 0

    @property
    def spent(self) -> bool:
        return self.fault.times is not None and self.struck >= self.fault.times


class Faults:
    """The faults on order, oldest first; the first that is due strikes. Safe to use from any thread."""

    def __init__(self, seed: int = 1) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(f"{seed}/faults")  # noqa: S311 - repeatable, not secret
        self._standing: list[_Standing] = []

    def add(self, *faults: Fault) -> None:
        """Order faults, behind those already ordered."""
        with self._lock:
            self._standing.extend(_Standing(fault) for fault in faults)

    def clear(self) -> None:
        """Cancel every fault."""
        with self._lock:
            self._standing.clear()

    def strike(self, method: str, path: str, held: str = "") -> Fault | None:
        """Return the fault that strikes this request, if any; every matching fault counts the request.

        `held` is what the request holds besides its path.
        """
        with self._lock:
            if not self._standing:
                return None
            matching = [one for one in self._standing if _matches(one.fault, method, path, held)]
            due = [one for one in matching if self._due(one)]
            if not due:
                return None
            due[0].struck += 1
            self._standing = [one for one in self._standing if not one.spent]
            return due[0].fault

    def _due(self, standing: _Standing) -> bool:
        standing.seen += 1
        fault = standing.fault
        return standing.seen > fault.after and (fault.probability >= 1.0 or self._random.random() < fault.probability)


def _matches(fault: Fault, method: str, path: str, held: str) -> bool:
    is_about = fault.about is None or fault.about in f"{path}\n{held}"
    return is_about and (fault.method is None or fault.method == method) and path.startswith(fault.path or "")


def deliver(fault: Fault | None, reply: Reply) -> Delivery:
    """Return how `reply` is delivered when `fault` strikes it."""
    return Delivery(reply) if fault is None else _DAMAGE[fault.kind](fault, reply)


def answers_itself(fault: Fault | None, method: str) -> bool:
    """Say whether the fault takes the place of the request's own work: then a write is not applied."""
    if fault is None or fault.kind in PASSING:
        return False
    return fault.before and (method != "GET" or fault.kind not in _SPOILT)


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


def _no_records(_: Fault, reply: Reply) -> Delivery:
    """Answer a page with its count, and without its records."""
    return Delivery(replace(reply, body=orjson.dumps(_without_records(orjson.loads(reply.body)))))


def _without_records(page: object) -> object:
    if isinstance(page, dict):
        return {name: [] if isinstance(value, list) else value for name, value in page.items()}
    # People come in an array of one page.
    pages = page if isinstance(page, list) else []
    return [_without_records(one) for one in pages if isinstance(one, dict) and "total" in one]


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
    "no_records": _no_records,
    "error_as_success": _plain(error_body(500, "a fault was ordered")),
}

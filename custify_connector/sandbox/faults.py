"""Faults to order: which request is to go wrong, in what way and how often.

Decided here: whether a fault strikes a request. What the client then sees is decided in `damage`.
"""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass
from typing import Literal, get_args

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
]


@dataclass(frozen=True)
class Fault:
    """One fault: strikes requests of `method` whose path begins with `path`.

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

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes this request, if any; every matching fault counts the request."""
        with self._lock:
            if not self._standing:
                return None
            matching = [one for one in self._standing if _matches(one.fault, method, path)]
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


def _matches(fault: Fault, method: str, path: str) -> bool:
    return (fault.method is None or fault.method == method) and path.startswith(fault.path or "")

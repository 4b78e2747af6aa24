"""Which endpoint answers which method and path.

Decided here: how a pattern such as `/people/{id}` is matched; fixed parts win over parameters.
This file does not know the endpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .call import Call
    from .wire import Reply

    Answer = Callable[[Call], Reply]


@dataclass(frozen=True)
class Match:
    """The operation that answers a path, and the values of its pattern's parameters."""

    handler: Answer
    arguments: dict[str, str]


class Router:
    """The operations, each given by `METHOD /path`: parts of a path in braces are parameters."""

    def __init__(self, operations: Mapping[str, Answer]) -> None:
        self._fixed: dict[tuple[str, str], Answer] = {}
        self._open: dict[tuple[str, int], list[tuple[list[str], Answer]]] = {}
        for place, answer in operations.items():
            method, pattern = place.split()
            if "{" not in pattern:
                self._fixed[method, pattern] = answer
                continue
            parts = pattern.split("/")
            self._open.setdefault((method, len(parts)), []).append((parts, answer))

    def match(self, method: str, path: str) -> Match | None:
        """Return what answers this method and path, or None."""
        path = path.rstrip("/")
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return Match(fixed, {})
        parts = path.split("/")
        for pattern, answer in self._open.get((method, len(parts)), ()):
            arguments = _arguments(pattern, parts)
            if arguments is not None:
                return Match(answer, arguments)
        return None


def _arguments(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    arguments: dict[str, str] = {}
    for wanted, part in zip(pattern, parts, strict=True):
        if wanted.startswith("{") and part:
            arguments[wanted[1:-1]] = part
        elif wanted != part:
            return None
    return arguments

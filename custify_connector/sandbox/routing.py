"""Which endpoint answers which method and path.

Decided here: how a pattern such as `/people/{id}` is matched; fixed parts win over parameters.
This file does not know the endpoints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .call import Call
    from .wire import Reply


@dataclass(frozen=True)
class Route:
    """One operation of the API: parts of `pattern` in braces are parameters."""

    method: str
    pattern: str
    handler: Callable[[Call], Reply]


@dataclass(frozen=True)
class Match:
    """The operation that answers a path, and the values of its pattern's parameters."""

    handler: Callable[[Call], Reply]
    arguments: dict[str, str]


class Router:
    """The operations, by method and number of path parts."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[tuple[str, str], Route] = {}
        self._open: dict[tuple[str, int], list[tuple[list[str], Route]]] = {}
        for route in routes:
            if "{" not in route.pattern:
                self._fixed[route.method, route.pattern] = route
                continue
            parts = route.pattern.split("/")
            self._open.setdefault((route.method, len(parts)), []).append((parts, route))

    def match(self, method: str, path: str) -> Match | None:
        """Return what answers this method and path, or None."""
        path = path.rstrip("/")
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return Match(fixed.handler, {})
        parts = path.split("/")
        for pattern, route in self._open.get((method, len(parts)), ()):
            arguments = _arguments(pattern, parts)
            if arguments is not None:
                return Match(route.handler, arguments)
        return None


def _arguments(pattern: list[str], parts: list[str]) -> dict[str, str] | None:
    arguments: dict[str, str] = {}
    for wanted, part in zip(pattern, parts, strict=True):
        if wanted.startswith("{") and part:
            arguments[wanted[1:-1]] = part
        elif wanted != part:
            return None
    return arguments

"""The operations of the API: the table in `resources`, and what is special beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from custify_connector.sandbox.routing import Router

from .resources import OTHERS, RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .operations import Resource

__all__ = ["RESOURCES", "router"]


def router(resources: Iterable[Resource] = RESOURCES) -> Router:
    """Return what finds the operation for a method and a path."""
    answers = dict(OTHERS)
    for resource in resources:
        answers |= resource.answers()
    return Router(answers)

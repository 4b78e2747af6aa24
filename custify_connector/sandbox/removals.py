"""The `$unset` of a body.

Decided here: what may be removed, and that no field is set and unset at once.
Source: Custify's docs, Removing fields. This file does not know whether a body is a person or a company.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .fields import ATTRIBUTE
from .refusals import malformed

if TYPE_CHECKING:
    from collections.abc import Collection

    from .table import Record


def removals(body: Record, allowed: Collection[str]) -> frozenset[str]:
    """Return the names that `$unset` lists; refuse what may not be removed or is set as well (400)."""
    names = body.get("$unset", [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise malformed("$unset must be a list of names")
    for name in names:
        if name not in allowed and not name.startswith(ATTRIBUTE):
            raise malformed(f"$unset: {name} cannot be removed")
        if name in body or _attribute(name) in (body.get("custom_attributes") or {}):
            raise malformed(f"$unset: {name} is set in the same request")
    return frozenset(names)


def without(attributes: Record, removed: frozenset[str]) -> Record:
    """Return custom attributes without those that `removed` names."""
    return {name: value for name, value in attributes.items() if f"{ATTRIBUTE}{name}" not in removed}


def _attribute(name: str) -> str | None:
    return name[len(ATTRIBUTE) :] if name.startswith(ATTRIBUTE) else None

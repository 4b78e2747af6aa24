"""Who may do what: API keys and their permissions.

Decided here: which key a request carries, and whether that key may do what is asked.
Source: Custify's docs, Authentication. This file does not know what is stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Permissions:
    """What a key may do: write at all, and which paths (by their beginning) are closed to it."""

    write: bool = True
    paths_denied: tuple[str, ...] = ()


def bearer(headers: Mapping[str, str]) -> str | None:
    """Return the key of an `Authorization: Bearer` header, or None."""
    scheme, _, key = headers.get("authorization", "").partition(" ")
    return key.strip() or None if scheme.lower() == "bearer" else None


def permitted(permissions: Permissions, method: str, path: str) -> bool:
    """Say whether a key with these permissions may send this request."""
    if not permissions.write and method != "GET":
        return False
    return not path.startswith(permissions.paths_denied) if permissions.paths_denied else True

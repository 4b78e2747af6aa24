"""JSON values, and how they travel as text: in a path, and in a query."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias
from urllib.parse import quote

import orjson

Json: TypeAlias = Any
"""Any JSON value: an object, an array, text, a number, a boolean or null."""


@cache  # asked of every record
def placeholders(template: str) -> tuple[str, ...]:
    """Return the names that a path template leaves to fill in.

    >>> placeholders("/comment/{entityModel}/{entity}")
    ('entityModel', 'entity')
    """
    return tuple(name for _, name, _, _ in string.Formatter().parse(template) if name)


def fill(template: str, values: Mapping[str, str]) -> str:
    """Fill `{name}` in a path template with percent-encoded values.

    >>> fill("/people/{id}", {"id": "a/b"})
    '/people/a%2Fb'
    """
    for name, value in values.items():
        template = template.replace("{" + name + "}", quote(value, safe=""))
    return template


def query_text(value: Json) -> str:
    """Return a value as it travels in a query: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def object_id_fault(text: str) -> str | None:
    """Return what is wrong with a text that should be an id of Custify's making; None when nothing is.

    >>> object_id_fault("c-1")
    "'c-1' is not a Custify id, which has 24 hexadecimal digits"
    """
    if _OBJECT_ID.fullmatch(text):
        return None
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return f"{shown!r} is not a Custify id, which has 24 hexadecimal digits"


_OBJECT_ID = re.compile("[0-9a-fA-F]{24}")
_SHOWN = 40

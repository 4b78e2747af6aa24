"""The addresses that Nexla calls: path and query, with values or its macros filled in.

Decides what is quoted (a value is, a macro is not), which fields of a record are part of its address, and which values
no template can hold. This file does not know a body.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from custify_connector.checking.texts import placeholders, query_text
from custify_connector.contract.errors import Fault, refuse


def target(path: str, query: Mapping[str, str], filled: Mapping[str, str]) -> str:
    """Return a path with its query; `filled` are values, ready for a URL, for each `{name}` in either."""
    for name, value in filled.items():
        path = path.replace("{" + name + "}", value)
    pairs = [
        f"{quote(name, safe='$')}={filled.get(text[1:-1]) or quote(text, safe='')}" for name, text in query.items()
    ]
    return f"{path}?{'&'.join(pairs)}" if pairs else path


@dataclass(frozen=True)
class Address:
    """Where a record goes: path and query with Nexla's macros, and the fields that are part of them."""

    target: str
    names: tuple[str, ...]


def address(manual: Mapping[str, Any]) -> Address:
    """Return the one address that Nexla's template can hold; raises ConfigurationError for a value that it cannot."""
    request, fixed = manual["request"], manual["params"]
    naming = {*fixed, *_alternative(manual)}
    path = next((route["path"] for route in request["routes"] if route["with"] in naming), request["path"])
    in_query = [name for name in request["query"] if name in naming]
    names = (*placeholders(path), *in_query)
    refuse(tuple(body_fault(name) for name in fixed if name not in names))
    filled = {name: _macro_or_text(fixed.get(name, f"{{record.{name}}}")) for name in names}
    return Address(target(path, {name: "{" + name + "}" for name in in_query}, filled), names)


def _alternative(manual: Mapping[str, Any]) -> list[str]:
    """Return the fields that name a record in its address: those that the parameters speak of; none for the body."""
    request, fixed = manual["request"], manual["params"]
    if request["method"] != "DELETE" and not request["query"]:
        return []
    said = fixed.keys() - placeholders(request["path"])
    alternatives: list[list[str]] = manual["identity"]
    return max(alternatives, key=lambda fields: len(said & set(fields)))


def _macro_or_text(value: object) -> str:
    text = query_text(value)
    return text if re.fullmatch(r"\{record\.\w+\}", text) else quote(text, safe="")


def body_fault(name: str) -> Fault:
    """Return the fault of a value that would belong in the body."""
    reason = "belongs in the body, and Nexla sends each record as it is: set it in the Nexset"
    return Fault(f"destination.params.{name}", reason)

"""The path and query of a call, with values or Nexla's macros filled in.

Decides what is quoted: a value is, a macro is not. This file does not know whether a source or a destination calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote


def target(path: str, query: Mapping[str, str], filled: Mapping[str, str]) -> str:
    """Return a path with its query; `filled` are values, ready for a URL, for each `{name}` in either."""
    for name, value in filled.items():
        path = path.replace("{" + name + "}", value)
    pairs = [
        f"{quote(name, safe='$')}={filled.get(text[1:-1]) or quote(text, safe='')}" for name, text in query.items()
    ]
    return f"{path}?{'&'.join(pairs)}" if pairs else path

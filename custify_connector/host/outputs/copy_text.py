r"""Rows as the text that PostgreSQL's COPY takes: a line each, tabs between the cells, `\N` for null.

Pure. Decides how a value of a kind is written. The rows have no NUL and no half of a character, which PostgreSQL's
texts cannot hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from custify_connector.checking.json_values import dumps
from custify_connector.host.outputs.kinds import Kind

_AT_ONCE = 256 * 1024
_MARKS = re.compile(r"[\\\t\n\r]")
_ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}
_BEYOND = re.compile(r"[eE][+-]?[0-9]{5}")
"""An exponent of five digits: a numeric of PostgreSQL has at most 131,072 digits before its point."""


def copy_lines(rows: Iterable[Mapping[str, Any]], kinds: Mapping[str, Kind]) -> Iterator[bytes]:
    """Yield the lines of rows, many at once."""
    cells = [(name, _WRITERS[kind]) for name, kind in kinds.items()]
    lines, size = [], 0
    for row in rows:
        line = "\t".join(["\\N" if (value := row.get(name)) is None else write(value) for name, write in cells])
        lines.append(line)
        size += len(line)
        if size > _AT_ONCE:
            yield ("\n".join(lines) + "\n").encode()
            lines, size = [], 0
    if lines:
        yield ("\n".join(lines) + "\n").encode()


def _text(value: str) -> str:
    return _MARKS.sub(lambda mark: _ESCAPES[mark[0]], value) if _MARKS.search(value) else value


def _json(value: Any) -> str:  # noqa: ANN401 - any JSON value
    text = dumps(value).decode()
    return _text(dumps(text).decode() if _BEYOND.search(text) and _is_beyond(value) else text)


def _is_beyond(value: Any) -> bool:  # noqa: ANN401 - the same
    """Say whether a number in the value has more digits than PostgreSQL's numbers: then the value is kept as text."""
    if isinstance(value, (dict, list)):
        return any(map(_is_beyond, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, (str, bool, int, float, type(None))) and abs(value.adjusted()) > _MOST_DIGITS


_MOST_DIGITS = 16_000

_WRITERS: dict[Kind, Callable[[Any], str]] = {
    "boolean": lambda value: "t" if value else "f",
    "integer": str,
    "long": str,
    "number": repr,
    "moment": str,
    "text": _text,
    "json": _json,
}

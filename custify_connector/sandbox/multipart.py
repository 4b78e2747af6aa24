"""Bodies of `multipart/form-data`.

Decided here: how such a body falls into parts. This file does not know what is uploaded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_BOUNDARY = re.compile(r'boundary="?([^";]+)"?')
_PARAMETER = re.compile(r'(name|filename)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True)
class Part:
    """One field: `filename` and `content_type` are None unless it is a file."""

    name: str
    content: bytes
    filename: str | None = None
    content_type: str | None = None


def parts_of(content_type: str, body: bytes) -> dict[str, Part]:
    """Return the fields of a body by name; none when it is not multipart."""
    found = _BOUNDARY.search(content_type)
    if found is None:
        return {}
    pieces = (b"\r\n" + body).split(b"\r\n--" + found[1].encode())[1:-1]
    parts = [_part(piece) for piece in pieces]
    return {part.name: part for part in parts}


def _part(piece: bytes) -> Part:
    head, _, content = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = dict(line.partition(":")[::2] for line in head.decode().split("\r\n"))
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    parameters = dict(_PARAMETER.findall(lowered.get("content-disposition", "")))
    return Part(parameters.get("name", ""), content, parameters.get("filename"), lowered.get("content-type"))

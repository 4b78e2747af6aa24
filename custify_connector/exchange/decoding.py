"""What the bytes of an answer mean: JSON, read by the quick way, or by the patient one.

This file does not know where the bytes come from, or what they are an answer to.
"""

from __future__ import annotations

import json

import orjson

from custify_connector.checking.texts import Json


def decode(content: bytes) -> tuple[bool, Json]:
    """Return whether the content is JSON, and its value; no content is null."""
    text = content.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        return True, None
    try:
        return True, orjson.loads(text)
    except orjson.JSONDecodeError:
        pass
    # What orjson is too strict for (lone surrogates, NaN), the standard library may still read.
    try:
        return True, json.loads(text)
    except (ValueError, RecursionError):
        return False, None

"""What the bytes of an answer mean: no content is null, and what is no JSON is reported."""

from __future__ import annotations

from custify_connector.checking import json_values
from custify_connector.checking.texts import Json


def decode(content: bytes) -> tuple[bool, Json]:
    """Return whether the content is JSON, and its value; no content is null."""
    text = content.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        return True, None
    try:
        return True, json_values.loads(text)
    except ValueError:
        return False, None

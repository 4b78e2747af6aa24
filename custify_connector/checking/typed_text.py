"""A text as the value that a JSON Schema asks for: what may be text is text, the rest is JSON.

Pure. Forms, options and parameters come as text; they know their schemas and the names of their fields, this file does
not.
"""

from __future__ import annotations

import json
import re

from custify_connector.checking.json_schema import Schema
from custify_connector.checking.texts import Json

_NAMES = {
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list as JSON, such as [1, 2]",
    "object": 'an object as JSON, such as {"name": "value"}',
}
_RATE = re.compile(r"([1-9][0-9]{0,8})/([0-9]{1,6}(?:[.][0-9]{1,6})?)")


def types_of(schema: Schema) -> set[str]:
    """Return the JSON types that a schema allows; empty where it does not say."""
    kinds = schema.get("type", [])
    return {kinds} if isinstance(kinds, str) else set(kinds)


def value_of(schema: Schema, text: str) -> Json:
    """Return a text with the schema's type. Raises ValueError that says what it must be."""
    kinds = types_of(schema)
    if "string" in kinds or not kinds:
        return text
    return json_of(text, f"must be {_NAMES.get(min(kinds), 'JSON')}")


def json_of(text: str, otherwise: str) -> Json:
    """Return the value that a text is as JSON. Raises ValueError with the sentence `otherwise` where it is none."""
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        raise ValueError(otherwise) from None


def rate_of(text: str) -> tuple[int, float] | None:
    """Return the requests and the seconds of a limit such as 100/10; None for `none`. Raises ValueError."""
    if text == "none":
        return None
    written = _RATE.fullmatch(text)
    if written is None or float(written[2]) == 0:
        raise ValueError("must be REQUESTS/SECONDS, such as 100/10, or none")
    return int(written[1]), float(written[2])

"""A column that names each record of a stream whose records have no key of one form: targets merge by it.

Pure. Decides what a record is named by: the first of its alternatives that it has whole, else all that it holds.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from custify_connector.checking.identity import key_of
from custify_connector.checking.json_values import dumps
from custify_connector.manifest import Alternatives

COLUMN = "custify_key"

SCHEMA: dict[str, Any] = {
    "type": "string",
    "description": "Made by the tap: names a record of this stream, whose records are named in more than one way.",
}


class Keys:
    """Names the records of one read; the second of two that hold the same, and have no key, is another record."""

    def __init__(self, alternatives: Alternatives) -> None:
        self._alternatives = alternatives
        self._met: Counter[bytes] = Counter()

    def named(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record with its name."""
        return {**record, COLUMN: self._name(record)}

    def _name(self, record: Mapping[str, Any]) -> str:
        key = key_of(record, self._alternatives)
        if key is not None:
            return dumps(key, sort=True).decode()
        digest = hashlib.sha256(dumps(record, sort=True)).digest()[:16]
        self._met[digest] += 1
        return f"{digest.hex()}.{self._met[digest]}"

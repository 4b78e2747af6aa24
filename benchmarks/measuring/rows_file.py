"""The rows that are written: people as a warehouse would hand them over, as JSON lines and as Singer messages."""

from __future__ import annotations

import json
from pathlib import Path

_PROPERTIES = {name: {"type": "string"} for name in ("user_id", "email", "name", "phone")}
_SCHEMA = {
    "type": "object",
    "properties": {**_PROPERTIES, "custom_attributes": {"type": "object", "additionalProperties": True}},
}


def write_rows(path: Path, count: int) -> Path:
    """Write so many rows to `path`, and the same rows as Singer messages beside it; returns `path`."""
    rows = [_row(number) for number in range(count)]
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    schema = {"type": "SCHEMA", "stream": "people", "schema": _SCHEMA, "key_properties": ["user_id"]}
    messages = [schema, *({"type": "RECORD", "stream": "people", "record": row} for row in rows)]
    path.with_suffix(".singer").write_text("".join(f"{json.dumps(message)}\n" for message in messages))
    return path


def _row(number: int) -> dict[str, object]:
    return {
        "user_id": f"w-{number:06}",
        "email": f"person.{number}@example.com",
        "name": f"Person {number} of Zürich",
        "phone": f"+41 44 {number:07}",
        "custom_attributes": {"plan": "Gold" if number % 3 else "Free", "seats": number % 40, "score": number / 7},
    }

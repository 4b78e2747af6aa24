"""What a host's settings say of rows that are passed again; `once` keeps to it.

It is imported where a specification is printed, so it imports little.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIELDS: Mapping[str, Mapping[str, Any]] = {
    "journal": {
        "title": "Journal folder",
        "type": "string",
        "minLength": 1,
        "description": "A folder that stays from one sync to the next. It remembers which rows were sent, so that a "
        "sync that starts again does not send them twice. Destinations that only create, such as create_task, need it.",
    },
    "allow_duplicates": {
        "title": "Allow duplicates",
        "type": "boolean",
        "default": False,
        "description": "Send every row, even one that an earlier sync sent: events and tasks are "
        "then created twice when a sync starts again.",
    },
}
"""The settings of a host, as JSON Schemas."""


@dataclass(frozen=True)
class Protection:
    """What keeps a row from having its effect twice: a folder, or nothing where duplicates are allowed."""

    journal: Path | None = None
    allow_duplicates: bool = False


def read(config: Mapping[str, Any]) -> Protection:
    """Return what the settings `journal` and `allow_duplicates` of a host say."""
    folder = config.get("journal")
    return Protection(Path(folder) if folder else None, bool(config.get("allow_duplicates")))

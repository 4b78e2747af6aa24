"""What an output knows of a stream before it is read. This file does not know where the stream goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Names = Literal["dotted", "snake"]
"""`custom_attributes.plan`, as the fields are called; or `custom_attributes__plan`, which every warehouse takes."""

Cursor = Literal["replaced", "kept", "forgotten"]
"""An incremental read replaces the cursor; a read of everything keeps it; one of a part of it forgets it."""


@dataclass(frozen=True)
class Stream:
    """What is known of a stream before it is read: its name, the fields that name a record, and its records' schema.

    `cursor` says what becomes of the state that a database keeps with the stream's table; `whole` says that all of its
    records are read, with all of their fields.
    """

    name: str
    key: tuple[str, ...] = ()
    schema: Mapping[str, Any] = field(default_factory=dict)
    cursor: Cursor = "replaced"
    whole: bool = True
    names: Names = "dotted"
    name_bytes: int | None = None
    """How long the name of a column may be: a database that cuts longer ones would take two of them for one."""

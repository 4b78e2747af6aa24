"""The file in which a local run keeps a stream's state, and how much of its output was written with it.

Decides how a state survives a crash: it is replaced whole, after the records it speaks of. It does not know what a
state means.
"""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custify_connector.checking.json_values import dumps, loads
from custify_connector.contract.errors import Fault, StateError
from custify_connector.storage import atomic


@dataclass(frozen=True)
class Stored:
    """What a state file holds: the connector's state, and the size of an output that is not finished (else None).

    `complete` says that everything is written, and that the output only has to be put in its place; `merges` that the
    unfinished output holds the changes since an earlier run, not the whole.
    """

    state: dict[str, Any] | None = None
    output_size: int | None = None
    complete: bool = False
    merges: bool = False


def load(path: Path) -> Stored:
    """Return what is stored, nothing when there is no file; raises StateError for a file that cannot be read."""
    try:
        content: Any = loads(path.read_bytes().removeprefix(codecs.BOM_UTF8))
    except FileNotFoundError:
        return Stored()
    except OSError as error:
        raise StateError((Fault(str(path), f"cannot be read: {error.strerror or error}"),)) from None
    except ValueError:
        content = None
    if not isinstance(content, dict) or not isinstance(content.get("state", 0), (dict, type(None))):
        raise StateError(
            (Fault(str(path), "is not a state file: restore it, or remove it to start from the beginning"),)
        )
    size = content.get("output_size")
    written = size if type(size) is int and size >= 0 else None
    unfinished = written is not None
    complete, merges = (unfinished and content.get(word) is True for word in ("complete", "merges"))
    return Stored(content["state"], written, complete, merges)


def check(path: Path) -> None:
    """Raise StateError when the file could not be kept, before anything is read for it."""
    if path.is_dir() or not os.access(path.parent, os.W_OK):
        raise StateError((Fault(str(path), "cannot be written: name a file in a folder that exists"),))


def save(path: Path, stored: Stored) -> None:
    """Replace the file's content in one step; raises StateError when it cannot be written, as on a full disk."""
    content: dict[str, Any] = {"state": stored.state}
    if stored.output_size is not None:
        content["output_size"] = stored.output_size
    content.update({word: True for word in ("complete", "merges") if getattr(stored, word)})
    try:
        atomic.replace(path, dumps(content))
    except OSError as error:
        raise StateError((Fault(str(path), f"cannot be written: {error.strerror or error}"),)) from None

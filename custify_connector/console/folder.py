"""The files that the console may touch: those below the folder that it was started for, and no others.

Decides what a path from a form means. It does not know what is in a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import words

_MOST_FILES = 500
_DEEPEST = 4
_LONGEST_PART = 200
"""In bytes: file systems take 255, and what is written beside a file has a longer name."""
_LONGEST_PATH = 2_000
_ROWS = frozenset({".csv", ".jsonl", ".ndjson", ".parquet", ".duckdb", ".ddb", ".db"})


@dataclass(frozen=True)
class Folder:
    """A folder, resolved; a path from outside is always relative to it."""

    root: Path

    def inside(self, text: str, place: str) -> Path:
        """Return where a path of a form leads; raises ConfigurationError, with `place`, when that is not below here.

        Links are followed before that is decided, so that none leads out. What begins with a dot or a dash is refused:
        the first is someone's own, the second an option.
        """
        reason = _fault(text)
        path = self.root if reason else (self.root / text).resolve()
        if not reason and (path == self.root or not path.is_relative_to(self.root)):
            reason = "must lead to a file below the console's folder"
        if reason:
            raise ConfigurationError((Fault(place, reason),))
        return path

    def existing(self, text: str, place: str) -> Path:
        """Return a file that is there."""
        path = self.inside(text, place)
        if not path.is_file():
            raise ConfigurationError((Fault(place, "is not there: choose one of the files in the folder"),))
        return path

    def named(self, path: Path) -> str:
        """Return a path as the command gets it: relative to the folder."""
        return path.relative_to(self.root).as_posix()

    def holds(self, path: str | None) -> bool:
        """Say whether a path, such as one that an older run wrote down, leads below here."""
        return bool(path) and Path(str(path)).resolve().is_relative_to(self.root)

    def rows(self, *endings: str) -> list[str]:
        """Return the files of rows below here by name, at most 500, without what begins with a dot."""
        wanted = endings or _ROWS
        found = sorted(self.named(path) for path in _below(self.root, _DEEPEST) if path.suffix.lower() in wanted)
        return found[:_MOST_FILES]


def _fault(text: str) -> str | None:
    if not text.strip():
        return "name a file"
    if not words.is_one_line(text) or "\\" in text:
        return "must be a plain path, with / between its parts"
    if Path(text).is_absolute() or any(part == ".." for part in text.split("/")):
        return "must lead to a file below the console's folder"
    if (
        any(len(part.encode("utf-8", "replace")) > _LONGEST_PART for part in text.split("/"))
        or len(text) > _LONGEST_PATH
    ):
        return "is too long for a file name: choose a shorter one"
    if any(part.startswith((".", "-", "~")) for part in text.split("/")):
        return "must not have a part that begins with a dot, a dash or a tilde"
    return None


def _below(folder: Path, depth: int) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_file(follow_symlinks=False):
            yield Path(entry.path)
        elif depth > 1 and entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path), depth - 1)

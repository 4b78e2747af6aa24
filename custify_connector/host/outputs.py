"""Where records go: JSON lines in a file or on standard output.

A file is written beside its final name and takes its place only when the run has finished: a failed run leaves the
old data whole. This file does not know what the records are.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import orjson

from custify_connector.errors import ConfigurationError, Fault


class Output(Protocol):
    """Takes batches of records; `size` is how many bytes are safely written."""

    size: int

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write records, and hand them to the operating system."""

    def finish(self) -> None:
        """Put the data in its final place."""

    def close(self) -> None:
        """Release the output; what was not finished stays beside its final name."""


def open_output(path: str, resume_at: int | None = None) -> Output:
    """Open an output; `-` is standard output. `resume_at` continues an unfinished file after so many bytes.

    Raises ConfigurationError when the file cannot be written, or the unfinished one is not there.
    """
    if path == "-":
        return _StandardOutput()
    try:
        return _FileOutput(Path(path), resume_at)
    except OSError as error:
        raise ConfigurationError((Fault(path, f"cannot be written: {error.strerror or error}"),)) from None


def complete(path: str, size: int) -> None:
    """Give an output that holds everything its final name, unless an earlier run has done so already."""
    part = Path(path).with_name(Path(path).name + ".part")
    if part.is_file():
        output = open_output(path, size)
        output.finish()
        output.close()


def encode(records: Sequence[Mapping[str, Any]]) -> bytes:
    """Return records as JSON lines."""
    try:
        return b"".join([orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE) for record in records])
    except TypeError:
        return b"".join([_line(record) for record in records])


def _line(record: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:  # half a character, which only escapes can write
        return json.dumps(record).encode() + b"\n"


class _StandardOutput:
    def __init__(self) -> None:
        self.size = 0

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        sys.stdout.buffer.write(encode(records))
        sys.stdout.buffer.flush()

    def finish(self) -> None:
        pass

    def close(self) -> None:
        pass


class _FileOutput:
    def __init__(self, path: Path, resume_at: int | None) -> None:
        if path.is_dir():
            raise ConfigurationError((Fault(str(path), "is a directory: name a file in it"),))
        self._path = path
        self._part = path.with_name(path.name + ".part")
        if resume_at is not None and not self._part.exists() and path.exists() and path.stat().st_size == resume_at:
            # The run had finished; only its state was not told so any more.
            resume_at = None
        self._stream: BinaryIO = self._part.open("wb") if resume_at is None else self._resumed(resume_at)
        self.size = resume_at or 0

    def _resumed(self, resume_at: int) -> BinaryIO:
        if not self._part.is_file() or self._part.stat().st_size < resume_at:
            reason = "has less than the state says was written: start again without the state"
            raise ConfigurationError((Fault(str(self._part), reason),))
        stream = self._part.open("r+b")
        stream.truncate(resume_at)
        stream.seek(resume_at)
        return stream

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        lines = encode(records)
        self._stream.write(lines)
        self._stream.flush()
        self.size += len(lines)

    def finish(self) -> None:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._part.replace(self._path)

    def close(self) -> None:
        self._stream.close()

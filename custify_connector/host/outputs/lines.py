"""JSON lines, in a file or into a stream; and staged, for forms that cannot grow batch by batch.

A file is written beside its final name and takes its place only when the run has finished: a failed run leaves the
old data whole. Publishing what is staged may be repeated: the staged file goes last. This file does not know what the
records are, or what publishing is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from custify_connector.checking.json_values import lines
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.outputs.place import Place, written
from custify_connector.storage import atomic


class Output(Protocol):
    """Takes batches of records."""

    @property
    def size(self) -> int:
        """How many bytes are safely written."""

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write records, and hand them to the operating system."""

    def finish(self, state: dict[str, Any] | None = None, *, merges: bool = False) -> None:
        """Put the data in its final place.

        `state` is kept with it where the place can keep one; `merges` says that these are the changes since the
        last run, not the whole.
        """

    def close(self) -> None:
        """Release the output; what was not finished stays beside its final name."""


class StreamOutput:
    """Standard output, a pipe or a device: what is written is gone for good."""

    def __init__(self, place: Place) -> None:
        self._opened = ExitStack()
        self._stream = self._opened.enter_context(place.opened())
        self._path = place.path
        self.size = 0

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """See `Output`."""
        text = lines(records)
        with written(self._path):
            self._stream.write(text)
            self._stream.flush()
        self.size += len(text)

    def finish(self, state: dict[str, Any] | None = None, *, merges: bool = False) -> None:
        """See `Output`."""

    def close(self) -> None:
        """See `Output`."""
        with suppress(OSError, ConfigurationError):  # it is reported already, by `write`
            self._opened.close()


class FileOutput:
    """A file of JSON lines, written as `NAME.part` until it is finished."""

    def __init__(self, path: Path, resume_at: int | None = None, part: Path | None = None) -> None:
        if path.is_dir():
            raise ConfigurationError((Fault(str(path), "is a directory: name a file in it"),))
        self._path = path
        self._part = part or path.with_name(path.name + ".part")
        if resume_at is not None and self._had_finished(resume_at):
            resume_at = None
        with written(self._path):
            self._stream: BinaryIO = self._part.open("wb") if resume_at is None else self._resumed(resume_at)
        self.size = resume_at or 0

    def _had_finished(self, size: int) -> bool:
        """Return whether the run had finished, and only its state was not updated."""
        return not self._part.exists() and self._path.exists() and self._path.stat().st_size == size

    def _resumed(self, resume_at: int) -> BinaryIO:
        if not self._part.is_file() or self._part.stat().st_size < resume_at:
            reason = "has less than the state says was written: start again without the state"
            raise ConfigurationError((Fault(str(self._part), reason),))
        stream = self._part.open("r+b")
        stream.truncate(resume_at)
        stream.seek(resume_at)
        return stream

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """See `Output`."""
        text = lines(records)
        with written(self._path):
            self._stream.write(text)
            self._stream.flush()
        self.size += len(text)

    def sync(self) -> Path:
        """Wait until everything is on the disk, and return where it is."""
        with written(self._path):
            atomic.sync(self._stream)
            self._stream.close()
        return self._part

    def finish(self, state: dict[str, Any] | None = None, *, merges: bool = False) -> None:  # noqa: ARG002 - see `Output`
        """See `Output`."""
        with written(self._path):
            atomic.publish(self.sync(), self._path)

    def close(self) -> None:
        """See `Output`."""
        # What could not be written is reported already; closing would try and report it once more.
        with suppress(OSError):
            self._stream.close()
        if self.size == 0:
            self._part.unlink(missing_ok=True)


Publish = Callable[[Path, dict[str, Any] | None, bool], None]
"""Takes the staged file, the state to keep with it (None: none), and whether it holds changes only."""


class StagedOutput:
    """Takes batches of records into a staged file, and has it published at the end; publishing twice does no harm."""

    def __init__(self, path: Path, part: Path, publish: Publish, resume_at: int | None = None) -> None:
        self._lines = FileOutput(path, resume_at, part)
        self._publish = publish

    @property
    def size(self) -> int:
        """How many bytes are staged."""
        return self._lines.size

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """See `Output`."""
        self._lines.write(records)

    def finish(self, state: dict[str, Any] | None = None, *, merges: bool = False) -> None:
        """See `Output`."""
        part = self._lines.sync()
        self._publish(part, state, merges)
        part.unlink(missing_ok=True)

    def close(self) -> None:
        """See `Output`."""
        self._lines.close()

"""Forms that cannot grow batch by batch: staged as JSON lines, and published in one step when the run has finished.

Decides that publishing may be repeated: the staged file goes last. It does not know what publishing is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from custify_connector.host.outputs.lines import FileOutput

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

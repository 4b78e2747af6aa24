"""Where the state of a read is kept while it runs, and after: nowhere, in a file, or in the database it fills.

Decides from where a run continues: an unfinished one for an hour, because what it had read grows old; else from the
state of the last finished one. It does not know what a state means.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from custify_connector.contract.errors import StateError
from custify_connector.host import state_file
from custify_connector.host.outputs import Target
from custify_connector.host.state_file import Stored

FRESH_SECONDS = 3600.0


class Keeping(Protocol):
    """Keeps what a run needs to continue."""

    def load(self) -> Stored:
        """Return from where to resume; raises StateError for what cannot be read."""

    def fallback(self) -> Stored | None:
        """Return where to start when the connector refuses what `load` returned; None where the user must decide."""

    def check(self) -> None:
        """Raise StateError when nothing could be kept, before anything is read for it."""

    def save(self, stored: Stored) -> None:
        """Keep where an unfinished run is."""

    def finish(self, state: dict[str, Any] | None) -> None:
        """Keep the state of a finished run."""

    def start_over(self, state: dict[str, Any] | None) -> None:
        """Keep the state from which the next run starts over; what this run had read is left."""


class Nowhere:
    """Keeps nothing: each run starts from the beginning."""

    def load(self) -> Stored:
        """See `Keeping`."""
        return Stored()

    def fallback(self) -> Stored | None:
        """See `Keeping`."""
        return None

    def check(self) -> None:
        """See `Keeping`."""

    def save(self, stored: Stored) -> None:
        """See `Keeping`."""

    def finish(self, state: dict[str, Any] | None) -> None:
        """See `Keeping`."""

    def start_over(self, state: dict[str, Any] | None) -> None:
        """See `Keeping`."""


class InFile:
    """Keeps the state in a file that the user named: it must fit, and what is unfinished never grows too old."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Stored:
        """See `Keeping`."""
        return state_file.load(self._path)

    def fallback(self) -> Stored | None:
        """See `Keeping`."""
        return None

    def check(self) -> None:
        """See `Keeping`."""
        state_file.check(self._path)

    def save(self, stored: Stored) -> None:
        """See `Keeping`."""
        state_file.save(self._path, stored)

    def finish(self, state: dict[str, Any] | None) -> None:
        """See `Keeping`."""
        if state is not None:
            state_file.save(self._path, Stored(state))

    def start_over(self, state: dict[str, Any] | None) -> None:
        """See `Keeping`."""
        state_file.save(self._path, Stored(state))


class Beside(InFile):
    """Keeps the state of an unfinished run in a file of our own beside what it staged.

    `committed` reports the state of the last finished run; `commit` keeps it, None where the output does so itself.
    """

    def __init__(
        self,
        path: Path,
        target: Target,
        committed: Callable[[], dict[str, Any] | None] = lambda: None,
        commit: Callable[[dict[str, Any]], None] | None = None,
    ) -> None:
        super().__init__(path)
        self._target = target
        self._committed = committed
        self._commit = commit

    def load(self) -> Stored:
        """See `Keeping`."""
        unfinished = self._unfinished()
        return Stored(self._committed()) if unfinished is None else unfinished

    def _unfinished(self) -> Stored | None:
        try:
            stored, age = state_file.load(self._path), time.time() - self._path.stat().st_mtime
        except (StateError, OSError):
            return None
        staging = self._target.staging
        size = staging.stat().st_size if staging is not None and staging.is_file() else -1
        whole = stored.output_size is not None and size >= stored.output_size
        return stored if whole and (stored.complete or 0 <= age < FRESH_SECONDS) else None

    def fallback(self) -> Stored | None:
        """See `Keeping`."""
        return Stored(self._committed()) if self._unfinished() is not None else None

    def finish(self, state: dict[str, Any] | None) -> None:
        """See `Keeping`."""
        if self._commit is not None and state is not None:
            self._commit(state)
        self._path.unlink(missing_ok=True)

    def start_over(self, state: dict[str, Any] | None) -> None:  # noqa: ARG002 - that of the last finished run stays
        """See `Keeping`."""
        self._path.unlink(missing_ok=True)

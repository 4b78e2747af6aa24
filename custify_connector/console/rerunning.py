"""Whether a write that is decided can be run again from its page, and what its reader should know before that.

Decides from the run and its input alone. It does not know how a command is started.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from custify_connector.checking.values import moment_of
from custify_connector.console import replaying
from custify_connector.host.recorded_run import Run

_DECIDED = frozenset({"finished", "rejects"})
_CONTINUING = "--resume"
_OF_ONE_RUN = frozenset({"write", "replay"})
"""Commands that are one run each. A plan may have other writes besides, some of which delete."""


@dataclass(frozen=True)
class Again:
    """The words that do a write once more, from its first row; or the reason why they cannot be started here.

    `file` is what it sends, as the folder names it. `warnings` say what is different from the first time. `confirm` is
    what to type first, where rows are deleted.
    """

    words: tuple[str, ...] = ()
    file: str = ""
    reason: str = ""
    warnings: tuple[str, ...] = ()
    confirm: str = ""


def again_of(run: Run, root: Path, endpoint: Mapping[str, Any], missing: str) -> Again | None:
    """Return how a write is run again in the folder `root`; None for a read, and for what its next step continues.

    `endpoint` is its description; `missing` says what a run of it needs and is not here, where something is not.
    """
    if run.kind == "read" or run.status not in _DECIDED:
        return None
    reason = _reason(run, root) or missing
    if reason:
        return Again(reason=reason)
    words = tuple(word for word in run.command if word != _CONTINUING)
    deletes = endpoint.get("destructive") or (run.settings.get("request") or {}).get("method") == "DELETE"
    confirm = run.endpoint or "delete" if deletes else ""
    return Again(words, _named(run, root), warnings=_warnings(run, endpoint), confirm=confirm)


def _named(run: Run, root: Path) -> str:
    is_below = not _is_address(run) and Path(str(run.input)).is_relative_to(root)
    return Path(str(run.input)).relative_to(root).as_posix() if is_below else str(run.input)


def _reason(run: Run, root: Path) -> str:
    quarantine = replaying.quarantine_of(root, run.input)
    if quarantine is not None:
        return f"A replay sends what is in {quarantine}: start it there."
    if run.input in (None, "-"):
        return "Its rows came from standard input, which is not kept."
    if not _is_address(run) and not Path(str(run.input)).exists():
        return f"{_named(run, root)} is gone: put it back, or map another file."
    return _reason_of_command(run, root)


def _reason_of_command(run: Run, root: Path) -> str:
    if not run.command:
        return "It was not started by a command."
    if run.command[0] not in _OF_ONE_RUN:
        return f"It was one part of custify {shlex.join(run.command)}, which runs as a whole."
    return "" if run.folder == str(root) else f"It was started in another folder, {run.folder}: copy the command."


def _warnings(run: Run, endpoint: Mapping[str, Any]) -> tuple[str, ...]:
    is_changed = not _is_address(run) and _changed_since(run)
    changed = (f"{Path(str(run.input)).name} was changed after that run.",) if is_changed else ()
    repeat = endpoint.get("repeat", "never")
    if repeat == "always":
        return changed
    unless = "" if repeat == "never" else f", unless it has a {repeat}"
    return (*changed, f"A row that arrived may create another record{unless}.")


def _is_address(run: Run) -> bool:
    return "://" in str(run.input)


def _changed_since(run: Run) -> bool:
    changed = datetime.fromtimestamp(Path(str(run.input)).stat().st_mtime, timezone.utc)
    return changed > moment_of(run.started)

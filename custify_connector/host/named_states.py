"""States that are kept by name below the data directory, so that no path has to be remembered.

Decides what is a name and what is a path. It does not know what a state holds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import Fault, StateError
from custify_connector.host import home, state_file

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
_SUFFIX = ".state"


@dataclass(frozen=True)
class NamedState:
    """A state that is kept by name; `unfinished` when a run stopped on its way, `changed` an ISO 8601 time in UTC."""

    name: str
    path: Path
    changed: str
    unfinished: bool


def is_name(text: str) -> bool:
    """Distinguish a name (`nightly`) from a path (`nightly.state`, `./nightly`)."""
    return _NAME.fullmatch(text) is not None


def path_of(text: str) -> Path:
    """Return where a state is kept: a name's place below the data directory, which is made; a path stays a path."""
    return home.made("states") / f"{text}{_SUFFIX}" if is_name(text) else Path(text)


def name_of(path: Path) -> str | None:
    """Return the name under which a state is kept, None for one that is kept by its path."""
    is_ours = path.parent == _folder() and path.suffix == _SUFFIX and is_name(path.stem)
    return path.stem if is_ours else None


def names() -> list[str]:
    """Return every name."""
    return sorted(path.stem for path in _folder().glob(f"*{_SUFFIX}") if is_name(path.stem))


def every() -> list[NamedState]:
    """Return every state that is kept by name; raises StateError for one that is damaged."""
    return [_state(name) for name in names()]


def _state(name: str) -> NamedState:
    path = _folder() / f"{name}{_SUFFIX}"
    stored = state_file.load(path)
    changed = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc).isoformat(timespec="seconds")
    return NamedState(name, path, changed, stored.output_size is not None)


def remove(name: str) -> None:
    """Forget a state: the next run with its name starts from the beginning. Raises StateError when there is none."""
    known = names()
    if name not in known:
        raise StateError((Fault("state", f"there is no {name!r}{suggestion(name, known)}"),))
    (_folder() / f"{name}{_SUFFIX}").unlink(missing_ok=True)


def _folder() -> Path:
    return home.directory() / "states"

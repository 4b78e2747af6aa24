"""Syncs: plans that are run again and again under a name, and how the last run of each ended.

Decides when a failure or a recovery is reported: once for each change. It knows files, codes and the names of kinds of
failures; no connector.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import orjson

from custify_connector.checking.wording import suggestion
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import home, plans
from custify_connector.storage import atomic, locks

FOLDER = "syncs"
"""Where syncs are, below the folder that they are run in."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}")
_SUFFIX = ".yaml"
_INTERRUPTED = 130

Alert = Literal["on_failure", "on_recovery"]


@dataclass(frozen=True)
class Last:
    """How the last run of a sync ended: its exit code, when (ISO 8601, UTC), and the numbers of its runs.

    `reported` is the kind of the failure that was reported last, empty where there was none, or a recovery since; a run
    that was interrupted leaves it as it was.
    """

    code: int
    ended: str
    runs: tuple[int, ...] = ()
    reported: str = ""

    @property
    def words(self) -> str:
        """How it ended, in words."""
        known = {0: "well", 1: "some records were rejected, or did not come", 130: "interrupted", 143: "interrupted"}
        return known.get(self.code, f"exit code {self.code}")


@dataclass(frozen=True)
class Sync:
    """A plan with a name; `last` is None before its first run, `fault` what is wrong with its file."""

    name: str
    path: Path
    document: Mapping[str, Any] = field(default_factory=dict)
    last: Last | None = None
    fault: str = ""

    @property
    def flow(self) -> str:
        """What goes where, in one line."""
        reads = [
            f"{', '.join(each.get('endpoints', ['all']))} → {each['output']}" for each in self.document.get("reads", ())
        ]
        writes = [f"{each['file']} → {each['endpoint']}" for each in self.document.get("writes", ())]
        return "; ".join([*reads, *writes])


def alert(last: Last | None, code: int, kind: str) -> Alert | None:
    """Return what a run is to report: a failure of another `kind` than the one before, or an end of failures."""
    before = last.reported if last else ""
    if before == after(last, code, kind):
        return None
    return "on_failure" if code else "on_recovery"


def after(last: Last | None, code: int, kind: str) -> str:
    """Return the kind of failure that is reported once a run that ended with a code has reported."""
    if code >= _INTERRUPTED - 2:
        return last.reported if last else ""
    return kind if code else ""


def find(folder: Path, name: str, schema: Mapping[str, Any]) -> Sync:
    """Return a sync by its name; raises ConfigurationError for one that is not there, or whose file is wrong."""
    path = path_of(folder, name)
    if not path.exists():
        hint = suggestion(name, names(folder)) or "; custify sync list shows those that are there"
        raise ConfigurationError((Fault(str(path), f"there is no sync {name!r}{hint}"),))
    return Sync(name, path, plans.read(path, schema), last_of(path))


def unusable(folder: Path, name: str) -> Sync:
    """Return a sync whose plan is wrong, with as much of it as says how a failure is reported."""
    path = path_of(folder, name)
    with suppress(ConfigurationError):
        found = plans.unchecked(path)
        words = {alert: found[alert] for alert in get_args(Alert) if alert in found}
        if all(isinstance(word, list) and word and set(map(type, word)) == {str} for word in words.values()):
            return Sync(name, path, words, last_of(path))
    return Sync(name, path)


def every(folder: Path, schema: Mapping[str, Any]) -> list[Sync]:
    """Return every sync of a folder; one whose file cannot be used says why."""
    return [_listed(folder, name, schema) for name in names(folder)]


def _listed(folder: Path, name: str, schema: Mapping[str, Any]) -> Sync:
    try:
        return find(folder, name, schema)
    except ConfigurationError as error:
        return Sync(name, path_of(folder, name), last=last_of(path_of(folder, name)), fault=str(error))


def names(folder: Path) -> list[str]:
    """Return the names of all syncs of a folder."""
    return sorted(path.stem for path in folder.glob(f"*{_SUFFIX}") if _NAME.fullmatch(path.stem))


def path_of(folder: Path, name: str) -> Path:
    """Return the file of a sync; raises ConfigurationError for a text that cannot be its name."""
    if not _NAME.fullmatch(name):
        reason = f"{name!r} cannot be the name of a sync: use up to 100 letters, digits, - and _"
        raise ConfigurationError((Fault("NAME", reason),))
    return folder / f"{name}{_SUFFIX}"


def save(folder: Path, name: str, document: Mapping[str, Any], *, replace: bool = False) -> Path:
    """Write a sync's file; raises ConfigurationError where there is one already, unless it may be replaced."""
    path = path_of(folder, name)
    if path.exists() and not replace:
        raise ConfigurationError((Fault(str(path), "is there already: choose another name, or remove that file"),))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with atomic.replacing(path) as stream:
            stream.write(plans.text_of(document).encode())
    except OSError as error:
        raise ConfigurationError((Fault(str(path), f"cannot be written: {error.strerror or error}"),)) from None
    return path


def last_of(path: Path) -> Last | None:
    """Return how the last run of a sync ended; None before it has ended once, or where that is damaged."""
    with suppress(OSError, ValueError, TypeError, KeyError):
        kept = orjson.loads(_kept(path).read_bytes())
        runs, reported = tuple(map(int, kept["runs"])), str(kept.get("reported", ""))
        return Last(int(kept["code"]), str(kept["ended"]), runs, reported)
    return None


def keep(path: Path, last: Last) -> None:
    """Record how a run of a sync ended; raises ConfigurationError where that cannot be kept."""
    home.made(FOLDER)
    try:
        with atomic.replacing(_kept(path), private=True) as stream:
            stream.write(orjson.dumps({"sync": str(path.resolve()), **asdict(last)}))
    except OSError as error:
        raise ConfigurationError((Fault(str(_kept(path)), f"cannot be written: {error.strerror or error}"),)) from None


@contextmanager
def running(path: Path) -> Iterator[None]:
    """Keep a second run of a sync from beginning while one is under way; raises ConfigurationError."""
    home.made(FOLDER)
    with locks.held(_kept(path).with_suffix(".run"), f"the sync {path.stem}"):
        yield


def _kept(path: Path) -> Path:
    """Return where the last run of a sync is kept: its file is one that may be committed."""
    short = hashlib.sha256(str(path.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return home.directory() / FOLDER / f"{path.stem}-{short}.json"

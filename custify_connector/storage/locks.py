"""Locks between processes, which end with the process that holds them, whatever ends it; a lock names its holder.

It knows files; it does not know what is being kept from others.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

import orjson

from custify_connector.contract.errors import ConfigurationError, Fault

_ATTEMPTS = 5


@dataclass(frozen=True)
class Holder:
    """The process that holds a lock; `since` is an ISO 8601 time in UTC, `command` a program without its words."""

    pid: int
    machine: str
    since: str
    command: str

    def __str__(self) -> str:
        return f"{self.command}, process {self.pid} on {self.machine}, since {self.since}"


class Held(Exception):
    """Another process holds the lock; `holder` is None where it does not say which."""

    def __init__(self, holder: Holder | None) -> None:
        super().__init__(str(holder or "another process"))
        self.holder = holder


def take(path: Path) -> AbstractContextManager[object]:
    """Take a lock, which ends with the context that is returned; its file is made when it is missing.

    Raises Held, or OSError where the file cannot be made or its file system has no locks.
    """
    import filelock  # noqa: PLC0415 - it takes as long to import as the rest of this package

    lock = filelock.FileLock(path, timeout=0, thread_local=False, on_acquired=_sign)
    try:
        return lock.acquire()
    except filelock.Timeout:
        raise Held(_holder(path)) from None


@contextmanager
def held(folder: Path, what: str) -> Iterator[None]:
    """Hold a folder of our own, which is made when it is missing, and removed again when it is empty in the end.

    Raises ConfigurationError when another run holds it, or it cannot be made.
    """
    try:
        lock = _taken(folder)
    except OSError as error:
        raise ConfigurationError((Fault(what, f"cannot be written: {error.strerror or error}"),)) from None
    except Held as error:
        by = f" ({error.holder})" if error.holder else ""
        reason = f"another run of custify is writing it{by}: wait until that has ended"
        raise ConfigurationError((Fault(what, reason),)) from None
    with lock:
        try:
            yield
        finally:
            _remove(folder)


def _taken(folder: Path) -> AbstractContextManager[object]:
    for _ in range(_ATTEMPTS):  # another run that ends may remove the folder in between
        with suppress(FileNotFoundError, FileExistsError):
            folder.mkdir(exist_ok=True)
            return take(folder / "lock")
    folder.mkdir(exist_ok=True)
    return take(folder / "lock")


def _sign(handle: int) -> None:
    """Record who holds the lock. On Windows no other process can read its first byte, so that says nothing."""
    holder = Holder(os.getpid(), platform.node(), datetime.now(timezone.utc).isoformat(timespec="seconds"), _command())
    with suppress(OSError):  # a full disk does not weaken the lock
        os.ftruncate(handle, 0)
        os.write(handle, b"\n" + orjson.dumps(asdict(holder)))


def _command() -> str:
    """Return the program, and a subcommand of our own: any other word may be a key."""
    program, *words = sys.argv or [""]
    name = Path(program).name or "python"
    return " ".join([name, *[word for word in words[:1] if name == "custify" and word.isalpha()]])


def _holder(path: Path) -> Holder | None:
    with suppress(OSError, ValueError, TypeError), path.open("rb", buffering=0) as stream:
        stream.seek(1)
        return Holder(**orjson.loads(stream.read()))
    return None


def _remove(folder: Path) -> None:
    """Remove the folder where nothing but the lock is left in it, while the lock still keeps others out."""
    with suppress(OSError):  # some systems do not remove what is open: then it stays, and does no harm
        if {each.name for each in folder.iterdir()} <= {"lock", "lock-journal"}:  # 0.1.0 left the second when killed
            for each in folder.iterdir():
                each.unlink()
            folder.rmdir()

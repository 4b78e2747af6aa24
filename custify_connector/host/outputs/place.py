"""What a path of an output names: a file that is replaced in one step, or a stream that is written into.

Devices, pipes and open descriptors are streams: nothing takes their place. Links are followed. What this host cannot
write to, such as an address, is refused by name.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.storage import atomic, locks

STANDARD = "-"

_STANDARD_ERROR = 2
_NAMED = {"/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": _STANDARD_ERROR}
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/([0-9]{1,9})")
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.:-]+)://")
_CLOUD = "cannot be written to: write a file, and copy it there with the tools of that service"
_THROUGH_DLT = "cannot be written to: use --output dlt:{}, which dlt's own configuration leads there (docs/outputs.md)"
_IN_DLT = {
    **dict.fromkeys(("s3", "s3a", "gs", "gcs", "az", "abfss", "abfs", "hdfs"), "filesystem"),
    "sqlserver": "mssql",
    "delta": "filesystem",
    "md": "motherduck",
}
"""Schemes that dlt's destinations are not called by."""
_WAYS = {
    "file": "is an address: name the path alone, without file://",
    **dict.fromkeys(("http", "https", "ftp", "sftp"), _CLOUD),
}


@dataclass(frozen=True)
class Place:
    """Where an output goes: `file` is replaced; without one, what `path` names is a stream."""

    path: str
    file: Path | None = None

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Take the whole content, which a file shows only when it is complete.

        Raises ConfigurationError when it cannot be written, and BrokenPipeError when the reader of a stream has closed.
        """
        with written(self.path), self._stream() if self.file is None else atomic.replacing(self.file) as stream:
            yield stream
            stream.flush()

    def _stream(self) -> AbstractContextManager[BinaryIO]:
        descriptor = _descriptor(self.path)
        if self.path == STANDARD or descriptor == 1:
            if sys.stdout is None:
                refused(self.path, "standard output is closed: name a file with --output")
            return nullcontext(sys.stdout.buffer)
        return Path(self.path).open("wb") if descriptor is None else os.fdopen(os.dup(descriptor), "wb")

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs from the file; raises ConfigurationError when one is writing it."""
        if self.file is None:
            yield
            return
        with locks.held(self.file.with_name(f".{self.file.name}.lock"), self.path):
            yield


def place_of(path: str) -> Place:
    """Return the place that a path names; raises ConfigurationError for one that nothing can be written to."""
    if path == STANDARD or _descriptor(path) is not None:
        return Place(path)
    _refuse_address(path)
    where = Path(path)
    try:
        kind = where.stat().st_mode
    except FileNotFoundError:
        return Place(path, Path(os.path.realpath(where)))
    except (OSError, ValueError) as error:
        refused(path, f"cannot be written: {getattr(error, 'strerror', None) or error}")
    if stat.S_ISDIR(kind):
        refused(path, "is a directory: name a file in it")
    if stat.S_ISBLK(kind) or stat.S_ISSOCK(kind):
        refused(path, "is a disk or a socket: name a file, a pipe or a terminal")
    return Place(path, Path(os.path.realpath(where)) if stat.S_ISREG(kind) else None)


def local(path: str) -> str:
    """Return a path as this machine has it: `-` where it names standard output, and with the home folder for `~`.

    Raises ConfigurationError for an address, of which nothing but the scheme is shown: it may hold a password.
    """
    if _descriptor(path) == 1:
        return STANDARD
    _refuse_address(path)
    if not path.startswith("~"):
        return path
    expanded = os.path.expanduser(path)  # noqa: PTH111 - Path.expanduser raises where there is no such user
    if expanded == path:
        refused(path, f"names the home folder of a user that does not exist: write ./{path} for a file of that name")
    return expanded


def _refuse_address(path: str) -> None:
    address = _ADDRESS.match(path)
    if address:
        scheme = address[1].lower()
        named = scheme.removeprefix("jdbc:").partition("+")[0]
        refused(f"{scheme}://", _WAYS.get(scheme, _THROUGH_DLT.format(_IN_DLT.get(named, named))))
    if not path:
        refused("--output", "is empty: name a file, or - for standard output")


@contextmanager
def written(path: str | Path) -> Iterator[None]:
    """Turn what the operating system refuses while a file is written (a full disk) into ConfigurationError."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        refused(str(path), f"cannot be written: {error.strerror or error}")


def refused(place: str, reason: str) -> NoReturn:
    """Raise ConfigurationError."""
    raise ConfigurationError((Fault(place, reason),)) from None


def _descriptor(path: str) -> int | None:
    found = _DESCRIPTOR.fullmatch(path)
    return _NAMED.get(path) if found is None else int(found[1])

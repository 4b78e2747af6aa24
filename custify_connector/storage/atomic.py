"""Whole files, replaced in one step: a crash leaves the old content or the new one, never half of it.

Links are followed, unless to a private file, and permissions stay. It does not know what a file holds.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_PRIVATE = 0o600
_BEFORE_UMASK = 0o666


@contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """Take a file's new content, which is on the disk before it takes the place of the old one.

    A private file gets mode 0600, others keep theirs. Raises OSError; the old content is whole then, as it is after
    any error from within.
    """
    target, mode = _target(path, private=private)
    part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.new")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _BEFORE_UMASK if mode is None else mode)
        with os.fdopen(handle, "wb") as stream:
            yield stream
            sync(stream)
        _put(part, target, mode)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


def replace(path: Path, content: bytes, *, private: bool = False) -> None:
    """Give a file this content in one step; see `replacing`."""
    with replacing(path, private=private) as stream:
        stream.write(content)


def publish(part: Path, path: Path) -> None:
    """Put a finished file in its final place, also through a link to another file system; raises OSError."""
    target, mode = _target(path)
    try:
        _put(part, target, mode)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with part.open("rb") as source, replacing(target) as stream:
            shutil.copyfileobj(source, stream)
        part.unlink()


def sync(stream: BinaryIO) -> None:
    """Wait until what was written is on the disk."""
    stream.flush()
    os.fsync(stream.fileno())


def _target(path: Path, *, private: bool = False) -> tuple[Path, int | None]:
    """Return the file that is to be replaced, and the mode that it is to have, None for what the umask leaves."""
    target = path if private else Path(os.path.realpath(path))
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        return target, _PRIVATE if private else None
    if not (stat.S_ISREG(mode) or (private and stat.S_ISLNK(mode))):
        raise OSError(errno.EINVAL, "is a directory" if stat.S_ISDIR(mode) else "is not a regular file")
    return target, _PRIVATE if private else stat.S_IMODE(mode)


def _put(part: Path, target: Path, mode: int | None) -> None:
    if mode is not None:
        part.chmod(mode)
    part.replace(target)

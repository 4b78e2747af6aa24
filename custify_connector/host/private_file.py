"""Files that hold keys: read only when no other user could have, written whole or not at all.

Decides which owner and permissions are safe. It does not know what is in the file, and never shows it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from custify_connector.contract.errors import ConfigurationError, Fault, refuse
from custify_connector.storage import atomic

_OTHERS_MAY_NOTHING = 0o077
_ONLY_THE_GROUP_MAY_READ = 0o027
_LARGEST = 1_000_000
_HAS_MODES = os.name == "posix"


def read(path: Path) -> bytes | None:
    """Return the content of a file of our own, None when there is none.

    Raises ConfigurationError when it is a link, another user's, readable by others, or cannot be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror or error}") from None
    with os.fdopen(handle, "rb") as stream:
        status = os.fstat(handle)
        refuse(owner_faults(path, status) + mode_faults(path, status, _OTHERS_MAY_NOTHING, "chmod 600"))
        return _content(stream.read(_LARGEST + 1), path)


def read_mounted(path: Path) -> bytes:
    """Return the content of a file that an administrator put there, which the group may read, and others may not.

    A link is followed: that is how orchestrators mount secrets. Raises ConfigurationError as `read` does.
    """
    try:
        with path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            refuse(mode_faults(path, status, _ONLY_THE_GROUP_MAY_READ, "chmod u=rw,g=r,o="))
            return _content(stream.read(_LARGEST + 1), path)
    except OSError as error:
        raise _refusal(path, f"cannot be read: {error.strerror or error}") from None


def _content(content: bytes, path: Path) -> bytes:
    if len(content) > _LARGEST:
        raise _refusal(path, "is too large to be a file of keys")
    return content


def owner_faults(path: Path, status: os.stat_result) -> tuple[Fault, ...]:
    """Return what is wrong with the owner of a file."""
    if not _HAS_MODES or status.st_uid == os.geteuid():
        return ()
    return (Fault(str(path), "belongs to another user, who could change it: it is not used"),)


def mode_faults(path: Path, status: os.stat_result, forbidden: int, remedy: str) -> tuple[Fault, ...]:
    """Return what is wrong with the permissions of a file; `forbidden` are the bits that may not be set."""
    mode = stat.S_IMODE(status.st_mode)
    if not _HAS_MODES or not mode & forbidden:
        return ()
    reason = f"has mode {mode:04o}, so that others could read the keys or change them: {remedy} {path}"
    return (Fault(str(path), f"{reason}, and rotate the keys if anybody may have"),)


def replace(path: Path, content: bytes) -> None:
    """Give the file this content in one step, mode 0600; raises ConfigurationError, and the old content is whole."""
    try:
        atomic.replace(path, content, private=True)
    except OSError as error:
        reason = f"cannot be written: {error.strerror or error}; what it held before is unchanged"
        raise _refusal(path, reason) from None


def _refusal(path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError((Fault(str(path), reason),))

"""Where this machine keeps what outlives a command: credentials, the history of runs, states by name.

Decides the one directory, and that only its owner may look into it. This file does not know what is kept there.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from custify_connector.contract.errors import ConfigurationError, Fault

VARIABLE = "CUSTIFY_HOME"


def directory() -> Path:
    """Return the data directory: what CUSTIFY_HOME names, else the platform's own; it may not exist yet."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs  # noqa: PLC0415 - most commands on a server name the directory

    return platformdirs.user_data_path("custify", appauthor=False)


def private(path: Path) -> Path:
    """Return a file of the data directory that its owner alone may read, also where the directory lets others in.

    What cannot be changed stays, and opening it says why.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600))
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(0o600)
    return path


def made(below: str = "") -> Path:
    """Return the data directory, or a folder below it, made for its owner alone when it is not there yet.

    Raises ConfigurationError when it cannot be made.
    """
    path = directory() / below if below else directory()
    try:
        directory().mkdir(mode=0o700, parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        reason = f"the data directory cannot be made: {error.strerror or error}; set {VARIABLE} to one that can"
        raise ConfigurationError((Fault(str(path), reason),)) from None
    return path

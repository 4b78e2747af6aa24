"""The rate budget that a user's runs share without being asked: one file for each account, below the host's home.

A host names the folder once; a file that cannot be used stops no run then. This file does not know how a budget counts.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from custify_connector.contract.errors import ConnectorError
from custify_connector.exchange.credential import Credential

_KEPT_SECONDS = 7 * 24 * 3600.0

_folder: Callable[[], Path] | None = None


def share_below(folder: Callable[[], Path] | None) -> None:
    """Keep a budget file for each account in a folder, made when it is needed; None keeps none."""
    global _folder  # noqa: PLW0603 - it is this process's own, as its budgets are
    _folder = folder


def file_of(credential: Credential) -> Path | None:
    """Return the file of an account; None where the host keeps none, or the folder cannot be made."""
    if _folder is None:
        return None
    with suppress(ConnectorError, OSError):
        folder = _folder()
        _remove_old(folder)
        return folder / f"{credential.key.name(credential.base_url)}.budget"
    return None


def _remove_old(folder: Path) -> None:
    """Remove the files of accounts that were not used for a week, as those of emulated services."""
    for old in folder.glob("*.budget*"):
        with suppress(OSError):
            if time.time() - old.stat().st_mtime > _KEPT_SECONDS:
                old.unlink()

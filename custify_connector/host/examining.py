"""What a run needs of this machine, looked at one by one; `examining_service` asks the service.

Decides what is fine, what is worth a word, and what has to be corrected, and how. It prints nothing.
"""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from custify_connector.contract import load_installed
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import home, key_stores, private_file
from custify_connector.host.installation import DISTRIBUTION, command_for
from custify_connector.host.run_history import RunHistory
from custify_connector.host.vault import Vault

Verdict = Literal["ok", "note", "fault", "skipped"]

OLDEST_PYTHON = (3, 10)
_LITTLE_SPACE = 200_000_000


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, and what to do about it; `note` is worth a word, and hinders nothing."""

    name: str
    verdict: Verdict
    found: str
    fix: str = ""


def this_machine() -> list[Finding]:
    """Look at what needs no network."""
    looks: tuple[Callable[[], Finding], ...] = (
        _python,
        _extras,
        _connectors,
        _directory,
        _space,
        _keys,
        _stored,
        _runs,
    )
    return [_looked(look) for look in looks]


def _looked(look: Callable[[], Finding]) -> Finding:
    try:
        return look()
    except ConfigurationError as error:
        return Finding(look.__name__.strip("_"), "fault", str(error))


def _python() -> Finding:
    found = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info[:2] >= OLDEST_PYTHON:
        return Finding("python", "ok", found)
    return Finding("python", "fault", found, "use Python 3.10 or newer")


def _extras() -> Finding:
    needs: dict[str, list[str]] = {}
    for text in metadata.requires(DISTRIBUTION) or ():
        requirement, _, marker = text.partition(";")
        if "extra ==" in marker:
            name = marker.rpartition("extra ==")[2].strip(" \"')")
            needs.setdefault(name, []).append(_bare(requirement))
    missing = [name for name, wanted in needs.items() if not all(map(_is_installed, wanted))]
    found = f"installed: {', '.join(sorted(set(needs) - set(missing))) or 'none'}"
    if not missing:
        return Finding("extras", "ok", found)
    fix = f"only if you want them: {command_for(*missing)}"
    return Finding("extras", "note", f"{found}; not installed: {', '.join(sorted(missing))}", fix)


def _connectors() -> Finding:
    manager, left_out = load_installed()
    found = f"installed: {', '.join(sorted(name for name, _ in manager.list_name_plugin())) or 'none'}"
    if not left_out:
        return Finding("connectors", "ok", found)
    failed = "; ".join(f"{one.name} cannot be loaded ({one.error})" for one in left_out)
    return Finding("connectors", "note", f"{found}; {failed}", "upgrade or uninstall the packages that bring them")


def _bare(requirement: str) -> str:
    return next(
        (requirement[:place] for place, sign in enumerate(requirement) if sign in "<>=!~[ ("), requirement
    ).strip()


def _is_installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def _directory() -> Finding:
    path = home.made()
    mode = path.stat().st_mode & 0o777
    if not os.access(path, os.W_OK | os.X_OK):
        return Finding(
            "directory", "fault", f"{path} cannot be written to", f"chmod u+rwx {path}, or set {home.VARIABLE}"
        )
    if os.name == "posix" and mode & 0o022:
        return Finding("directory", "fault", f"{path} has mode {mode:04o}: others may change it", f"chmod 700 {path}")
    if os.name == "posix" and mode & 0o055:
        found = f"{path} has mode {mode:04o}: others may see which files are in it"
        return Finding("directory", "note", found, f"chmod 700 {path}")
    return Finding("directory", "ok", f"{path}, mode {mode:04o}")


def _space() -> Finding:
    free = shutil.disk_usage(home.made()).free
    found = f"{free / 1e9:,.1f} GB free"
    return Finding("space", "ok", found) if free > _LITTLE_SPACE else Finding("space", "fault", found, "make room")


def _keys() -> Finding:
    private_file.read(home.directory() / "keys.json")
    place = key_stores.preferred(home.directory())
    if place.kind == "keyring":
        return Finding("keys", "ok", f"new keys go into {place.place}")
    install = "" if _is_installed("keyring") else f"{command_for('keyring')}, and "
    fix = f"only if you want a keyring: {install}start and unlock the one of your desktop"
    return Finding("keys", "note", f"no keyring works here: keys go into {place.place}", fix)


def _stored() -> Finding:
    vault = Vault()
    names = [entry.name for entry in vault.entries()]
    for name in names:
        vault.credential(name)
    return Finding("stored", "ok", f"credentials: {', '.join(names)}" if names else "no credential is stored here")


def _runs() -> Finding:
    history = RunHistory()
    died = len(history.page(1000, None, {"status": "died"}))
    found = f"{history.count():,} runs in {history.path}"
    if died:
        return Finding("runs", "note", f"{found}, {died} of which died", "custify runs --status died")
    return Finding("runs", "ok", found)

"""Whether a process that was seen before is still the same one: its number alone may belong to another by now.

Decides how a process is recognised on each system. This file does not know what the process does.
"""

from __future__ import annotations

import os
import platform
from contextlib import suppress
from pathlib import Path


def machine() -> str:
    """Return the name under which this machine, or container, is known."""
    return platform.node()


def own() -> int:
    """Return the number of this process."""
    return os.getpid()


def started(pid: int) -> str | None:
    """Return a text that no other process with this number has: when it was started; None when there is none."""
    with suppress(OSError, IndexError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
        ticks = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
        return f"{boot} {ticks}"
    if Path("/proc/self/stat").exists() or os.name != "posix":
        return None
    return _reported_by_ps(pid)


def _reported_by_ps(pid: int) -> str | None:
    import subprocess  # noqa: PLC0415 - needed by systems without /proc alone

    with suppress(OSError, subprocess.SubprocessError):
        words = ["ps", "-o", "lstart=", "-p", str(pid)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=5, check=False)  # noqa: S603 - fixed words
        return done.stdout.strip() or None
    return None


def is_running(pid: int, since: str | None, where: str) -> bool:
    """Return whether that process still runs; yes where it cannot be known: another machine, or nothing was noted."""
    return where != machine() or since is None or started(pid) == since

"""One process, measured from its start to its end: seconds, processor seconds, peak memory.

Runs it on the client's core, in a bare environment, and ends it when its time is up. This file does not know what
the process does.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .machine import CLIENT_CORE

_SAMPLED_SECONDS = 0.02
_PEAK = re.compile(rb"VmHWM:\s+(\d+) kB")
QUIET = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "AIRBYTE_OFFLINE_MODE": "1",
    "DO_NOT_TRACK": "1",
}
"""All that a process gets of the environment: no proxies, no settings of the developer's, no telemetry."""


class RunFailed(Exception):
    """A contender that failed, or took too long."""


@dataclass(frozen=True)
class Command:
    """What to run, where, and from and to which files."""

    arguments: Sequence[str]
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    input: Path | None = None
    output: Path | None = None


@dataclass(frozen=True)
class Measured:
    """Wall seconds, processor seconds and peak resident megabytes of a whole process."""

    seconds: float
    cpu: float
    megabytes: float


def measure(command: Command, limit_seconds: float) -> Measured:
    """Run a command to its end; raises RunFailed."""
    errors = command.folder / "stderr.txt"
    environment = {**QUIET, "HOME": str(command.folder), **command.environment}
    arguments = ["taskset", "-c", str(CLIENT_CORE), *command.arguments]
    with _opened(command.input, "rb") as given, _opened(command.output, "wb") as taken, errors.open("wb") as reported:
        began = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603 - the benchmark's own commands
            arguments,
            cwd=command.folder,
            env=environment,
            stdin=given,
            stdout=taken,
            stderr=reported,
            start_new_session=True,
        )
        peak = _Peak(process.pid)
        timer = threading.Timer(limit_seconds, _end, (process,))
        timer.start()
        try:
            _, status, used = os.wait4(process.pid, 0)
        except BaseException:
            _end(process)
            raise
        finally:
            timer.cancel()
            peak.end()
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = errors.read_text(encoding="utf-8", errors="replace").strip()[-500:]
        raise RunFailed(f"{Path(command.arguments[0]).name} ended with {process.returncode}: {said}")
    return Measured(seconds, used.ru_utime + used.ru_stime, peak.megabytes)


@contextlib.contextmanager
def _opened(path: Path | None, mode: str) -> Iterator[int]:
    with (path or Path(os.devnull)).open(mode) as stream:
        yield stream.fileno()


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)


class _Peak:
    """Looks at the kernel's high-water mark of a process until it ends.

    `ru_maxrss` would be simpler, and wrong: it counts what the parent held when it forked.
    """

    def __init__(self, pid: int) -> None:
        self.megabytes = 0.0
        self._path = Path(f"/proc/{pid}/status")
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._ended.wait(_SAMPLED_SECONDS):
            with contextlib.suppress(OSError):
                found = _PEAK.search(self._path.read_bytes())
                if found:
                    self.megabytes = max(self.megabytes, int(found[1]) * 1024 / 1e6)

    def end(self) -> None:
        self._ended.set()
        self._thread.join()

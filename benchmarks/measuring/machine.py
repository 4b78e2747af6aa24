"""What the machine is that measured, which of its cores server and client get, and whether others use them."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

_CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = _CORES[0], _CORES[-1]


_SPIN = """import time
began, used = time.perf_counter(), time.process_time()
while time.process_time() - used < 0.4:
    pass
print(0.4 / (time.perf_counter() - began))"""


def share_of(core: int) -> float:
    """Return which share of a core a busy process gets just now: less than 1 where others want it too."""
    command = ["taskset", "-c", str(core), sys.executable, "-c", _SPIN]
    spun = subprocess.run(command, check=True, capture_output=True, timeout=60)  # noqa: S603 - our own interpreter
    return min(1.0, float(spun.stdout))


@contextmanager
def busy() -> Iterator[None]:
    """Keep both cores busy for as long as the `with` lasts."""
    with ExitStack() as ended:
        for core in {SERVER_CORE, CLIENT_CORE}:
            command = ["taskset", "-c", str(core), sys.executable, "-c", "while True: pass"]
            process = ended.enter_context(subprocess.Popen(command))  # noqa: S603 - our own interpreter
            ended.callback(process.kill)
        yield


def described() -> str:
    """Return processor, cores and Python."""
    known = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in known if line.startswith("model name")), "unknown")
    cores = f"{len(_CORES)} core{'s' * (len(_CORES) > 1)}"
    return f"{model}, {cores}, {platform.system()}, {platform.python_implementation()} {platform.python_version()}"

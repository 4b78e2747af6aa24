"""Run the connector inside real hosts: `python tests/hosts/run.py [NAME ...]`, or `make test-hosts HOSTS="airbyte"`.

A host is a folder beside this file with a `requirements.txt` and tests. Decided here: how its environment is made (from
PyPI, on first use, inside the checkout), what its tests may see of this machine, and what is reported. This file
does not know any host.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HOSTS = Path(__file__).resolve().parent
CHECKOUT = HOSTS.parent.parent
ENVIRONMENTS = HOSTS / ".environments"

_INSTALL_SECONDS = 900
_TEST_SECONDS = 900
_KEPT_LINES = 60
_NOWHERE = "http://127.0.0.1:9"

QUIET = {
    "LANG": "C.UTF-8",
    "PYTHONUTF8": "1",
    "PYTHONUNBUFFERED": "1",
    # No host has a reason to leave this machine: what tries finds a proxy that does not exist.
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), _NOWHERE),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost,::1"),
    "DO_NOT_TRACK": "1",
    "AIRBYTE_OFFLINE_MODE": "1",
    "MELTANO_SEND_ANONYMOUS_USAGE_STATS": "false",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "PIP_NO_INDEX": "1",
}
"""All that a host's tests get of the environment, beside PATH, HOME and TMPDIR: no settings of the developer's."""

_COLUMNS = ("tests", "streams", "records", "second run", "rejected", "rejected rows went to", "seconds")


class HostFailed(Exception):
    """A host that has no environment, or whose tests failed; the text says why."""


@dataclass(frozen=True)
class Reported:
    """What a host's tests reported: how many passed, and figures by name."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Host:
    """One host: a folder with requirements and tests."""

    name: str

    @property
    def folder(self) -> Path:
        """Return where its tests are."""
        return HOSTS / self.name

    @property
    def requirements(self) -> Path:
        """Return what its environment holds; the line `.` in it, or `.[extra]`, is this project."""
        return self.folder / "requirements.txt"

    @property
    def preparation(self) -> Path:
        """Return the script, where it has one, that brings what its tests need beside packages of Python."""
        return self.folder / "prepare.py"

    @property
    def environment(self) -> Path:
        """Return where its environment is."""
        return ENVIRONMENTS / self.name


def main() -> None:
    """Run the hosts that were asked for, or all; exits with 1 when one failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    known = [path.parent.name for path in sorted(HOSTS.glob("*/requirements.txt"))]
    parser.add_argument("hosts", nargs="*", metavar="NAME", help=f"some of: {', '.join(known)}; none: all of them")
    asked = parser.parse_args().hosts
    if unknown := [name for name in asked if name not in known]:
        parser.error(f"there is no host {', '.join(unknown)}; there are {', '.join(known)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    failed = {name: why for name in asked or known if (why := _run(Host(name)))}
    for name, why in failed.items():
        _tell(f"\n{name} failed: {why}")
    _tell(f"\n{len(asked or known) - len(failed)} of {len(asked or known)} hosts passed")
    sys.exit(1 if failed else 0)


def _run(host: Host) -> str:
    """Run one host and print its line; return why it failed, or nothing."""
    began = time.monotonic()
    reported, why = Reported(), ""
    try:
        prepare(host)
        _tell(f"{host.name}: environment ready after {time.monotonic() - began:.0f} s")
        began = time.monotonic()
        reported, why = test(host)
    except HostFailed as error:
        why = str(error)
    _tell(line(host.name, reported, time.monotonic() - began))
    return why


def line(name: str, reported: Reported, took: float) -> str:
    """Return the line of figures of one host."""
    counts = f"{reported.passed} passed" + "".join(
        f", {count} {word}" for count, word in ((reported.failed, "failed"), (reported.skipped, "skipped")) if count
    )
    shown = {"tests": counts, **reported.figures, "seconds": round(took, 1)}
    first = [f"{column} {_text(shown.pop(column))}" for column in _COLUMNS if column in shown]
    return f"{name}: " + "; ".join([*first, *(f"{column} {_text(value)}" for column, value in shown.items())])


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def prepare(host: Host) -> None:
    """Make the environment of a host, unless it is there whole, and install this checkout in it; raises HostFailed."""
    stamp = host.environment / "installed"
    made_of = _made_of(host)
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != made_of:
        shutil.rmtree(host.environment, ignore_errors=True)
        _command(host, [_interpreter(host), "-m", "venv", str(host.environment)])
        _pip(host, "--requirement", str(host.requirements))
        stamp.write_text(made_of, encoding="utf-8")
    else:
        _pip(host, "--no-deps", "--force-reinstall", ".")
    if host.preparation.exists():
        _command(host, [str(host.environment / "bin" / "python"), str(host.preparation), str(host.environment)])


def _made_of(host: Host) -> str:
    """Return what an environment depends on, shortened: its requirements, and those of this project."""
    texts = host.requirements.read_bytes() + (CHECKOUT / "pyproject.toml").read_bytes()
    return hashlib.sha256(texts).hexdigest()


def _interpreter(host: Host) -> str:
    """Return the first interpreter that the requirements allow by a line such as `# python: 3.12 3.11 3.10`."""
    found = re.search(r"^# python: *(.+)$", host.requirements.read_text(encoding="utf-8"), re.MULTILINE)
    allowed = found[1].split() if found else []
    if not allowed or f"{sys.version_info.major}.{sys.version_info.minor}" in allowed:
        return sys.executable
    for version in allowed:
        path = shutil.which(f"python{version}")
        if path and _makes_environments(path):
            return path
    raise HostFailed(f"needs Python {' or '.join(allowed)}, and none of them is on the PATH")


def _makes_environments(python: str) -> bool:
    """Say whether an interpreter is whole: Debian splits it."""
    command = [python, "-c", "import ensurepip, venv"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603 - of this machine


def _pip(host: Host, *arguments: str) -> None:
    # What is installed stays in the checkout, the downloads too.
    quiet = ["--quiet", "--disable-pip-version-check", "--no-cache-dir", "--no-input"]
    _command(host, [str(host.environment / "bin" / "python"), "-m", "pip", "install", *quiet, *arguments])


def _command(host: Host, command: list[str]) -> None:
    # The runner may stand in an environment of its own, whose variables must not reach another.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    try:
        ended = subprocess.run(  # noqa: S603 - our own commands
            command, cwd=CHECKOUT, env=inherited, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise HostFailed(f"its environment was not made within {_INSTALL_SECONDS} s: {' '.join(command)}") from None
    if ended.returncode:
        said = "\n".join((ended.stderr or ended.stdout).strip().splitlines()[-20:])
        raise HostFailed(f"its environment {host.environment} could not be made:\n{said}")


def test(host: Host) -> tuple[Reported, str]:
    """Run the tests of a host in its environment; return what they reported, and why they failed, or nothing."""
    with tempfile.TemporaryDirectory(prefix="custify-host-") as home:
        reported, log = Path(home) / "reported.json", Path(home) / "log.txt"
        search = os.pathsep.join([str(host.environment / "bin"), "/usr/local/bin", "/usr/bin", "/bin"])
        java = {name: os.environ[name] for name in ("JAVA_HOME",) if name in os.environ}
        environment = {**QUIET, **java, "PATH": search, "HOME": home, "TMPDIR": home, "HOST_FIGURES": str(reported)}
        # PyAirbyte would write to /tmp, whatever TMPDIR says.
        environment["AIRBYTE_LOGGING_ROOT"] = str(Path(home) / "airbyte-logs")
        code = _tested(host, environment, log)
        found = Reported(**json.loads(reported.read_text(encoding="utf-8"))) if reported.exists() else Reported()
        if code == 0 and found.passed:
            return found, ""
        said = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_KEPT_LINES:]
        return found, f"pytest ended with {code}\n" + "\n".join(said)


def _tested(host: Host, environment: dict[str, str], log: Path) -> int | str:
    """Run pytest in a session of its own, so that whatever it started can be ended with it."""
    python = str(host.environment / "bin" / "python")
    # Named from the checkout on, a test module of the folder `dlt` does not stand in the way of the package `dlt`.
    where = ["-c", str(HOSTS / "pytest.ini"), "--rootdir", str(CHECKOUT)]
    command = [python, "-m", "pytest", *where, str(host.folder)]
    with log.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=host.folder, env=environment, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            return process.wait(_TEST_SECONDS)
        except subprocess.TimeoutExpired:
            return f"nothing within {_TEST_SECONDS} s"
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End what the tests left behind: the sandbox they started, and executables of the host."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

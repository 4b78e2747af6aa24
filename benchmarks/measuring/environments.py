"""One environment for each contender, from PyPI: made on first use, used offline.

Decides what is installed where, and how large it is. This file does not know what is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

from .paths import CHECKOUT, ENVIRONMENTS

_INSTALL_SECONDS = 600
_NOT_COUNTED = ("pip", "pip-", "setuptools", "setuptools-", "_distutils_hack", "distutils-precedence.pth")
_LIST = (
    "import importlib.metadata as m, json;"
    "print(json.dumps({d.name.lower(): d.version for d in m.distributions() if d.name not in ('pip', 'setuptools')}))"
)


@dataclass(frozen=True)
class Environment:
    """An environment, and the distribution that it was made for."""

    name: str
    requirement: str

    @property
    def folder(self) -> Path:
        """Return where it is."""
        return ENVIRONMENTS / self.name

    @property
    def python(self) -> str:
        """Return its interpreter."""
        return str(self.folder / "bin" / "python")

    def command(self, name: str) -> str:
        """Return a command that was installed into it."""
        return str(self.folder / "bin" / name)

    def make(self) -> None:
        """Make it, unless it is there whole."""
        done = self.folder / "installed"
        if not done.exists():
            venv.create(self.folder, clear=True, with_pip=True)
            self._pip(self.requirement)
            done.touch()

    def renew(self) -> None:
        """Install the connector of this checkout into it, without its dependencies, which are there."""
        self._pip("--no-deps", "--force-reinstall", self.requirement)

    def versions(self) -> dict[str, str]:
        """Return every distribution in it but pip, with its version."""
        listed = subprocess.run([self.python, "-c", _LIST], check=True, capture_output=True, timeout=60)  # noqa: S603 - our own environment
        found: dict[str, str] = json.loads(listed.stdout)
        return found

    def megabytes(self) -> float:
        """Return what the installation added to an empty environment."""
        packages = next(self.folder.glob("lib/python*/site-packages"))
        added = (entry for entry in packages.iterdir() if not entry.name.startswith(_NOT_COUNTED))
        return sum(_size(entry) for entry in added) / 1e6

    def _pip(self, *arguments: str) -> None:
        command = [self.python, "-m", "pip", "install", "--quiet", "--compile", *arguments]
        # A setting of the developer's against compiled files would slow every start.
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        ended = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False)  # noqa: S603 - as above
        if ended.returncode:
            sys.exit(f"{self.name}: pip could not install {arguments[-1]}:\n{ended.stderr.strip()[-2000:]}")


def _size(entry: Path) -> int:
    if entry.is_dir():
        return sum(each.lstat().st_size for each in entry.rglob("*") if each.is_file())
    return entry.lstat().st_size


OURS = Environment("custify", str(CHECKOUT))
SINGER = Environment("singer", "singer-sdk==0.54.9")
AIRBYTE = Environment("airbyte", "airbyte-cdk==7.39.1")
DLT = Environment("dlt", "dlt==1.31.0")
ALL = (OURS, SINGER, AIRBYTE, DLT)

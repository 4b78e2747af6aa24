"""Bring what the images are built of: `prepare.py FOLDER` leaves `base.tar` and `wheels` there.

A registry of images is not needed: the base is a file system of Debian's packages, made once, and the wheels are those
that the constraints of the images name.
"""

import platform
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import tomllib

CHECKOUT = Path(__file__).resolve().parents[3]
TOOLS = ("mmdebstrap", "buildah")
PACKAGES = "usr-is-merged,ca-certificates,libstdc++6,python3,python3-pip,python3-venv"
HOOKS = "/usr/share/mmdebstrap/hooks/merged-usr"
LEFT_OUT = ("man", "locale", "doc")


def main(folder):
    """Make the base unless it is there, and download the wheels for its Python."""
    if not all(map(shutil.which, TOOLS)):
        return  # The tests say so.
    base = folder / "base.tar"
    if not base.exists():
        make_base(folder / "base.part.tar")
        (folder / "base.part.tar").rename(base)
    shutil.rmtree(folder / "wheels", ignore_errors=True)
    download(folder / "wheels", python_of(base))


def make_base(path):
    """Write a file system that stands for the public base image: Debian's Python, of the suite of this machine."""
    without = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in LEFT_OUT]
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    # apt alone installs the essential packages; the variant without it is as slim as the public image.
    options = ["--quiet", "--variant=essential", f"--hook-dir={HOOKS}", f"--include={PACKAGES}", *without]
    subprocess.run(["mmdebstrap", *options, suite, str(path)], check=True)  # noqa: S603, S607 - of Debian


def python_of(base):
    """Return the version of Python in a file system, such as 3.11."""
    with tarfile.open(base) as archive:
        found = (re.search(r"/bin/python(3\.\d+)$", name) for name in archive.getnames())
        return next(match[1] for match in found if match)


def download(folder, version):
    """Download what the Containerfile installs: the constraints hold for it as they do there."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"]
    wanted = [*project["project"]["dependencies"], *extras["duckdb"], *extras["postgres"]]
    options = ["--quiet", "--dest", str(folder), "--only-binary", ":all:", "--python-version", version]
    constraints = ["--constraint", str(CHECKOUT / "containers" / "constraints.txt")]
    command = [sys.executable, "-m", "pip", "download", *options, *constraints]
    subprocess.run([*command, *wanted, *project["build-system"]["requires"]], check=True)  # noqa: S603 - ours


if __name__ == "__main__":
    main(Path(sys.argv[1]))

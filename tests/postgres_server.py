"""A PostgreSQL of the tests' own: Debian's programs, a socket in a folder of its own, and no port."""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

SUPERUSER = "host"


def program(name):
    """Return a program of PostgreSQL: where Debian has it, or on the PATH; None where there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(debian[-1]) if debian else shutil.which(name)


@contextmanager
def postgres():
    """Run a server, and give the folder of its socket; it refuses to run as root."""
    if program("initdb") is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    user = "postgres" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="pg-"))  # the path of a socket must be short
    if user:
        shutil.chown(folder, user)
    try:
        data = folder / "data"
        local = ["--no-sync", "--locale=C", "--encoding=UTF8"]
        _run(user, "initdb", "-A", "trust", "-U", SUPERUSER, *local, str(data))
        options = f"-k {folder} -c listen_addresses= -c fsync=off -c full_page_writes=off"
        _run(user, "pg_ctl", "-D", str(data), "-w", "-o", options, "start")
        try:
            yield folder
        finally:
            _run(user, "pg_ctl", "-D", str(data), "-w", "-m", "fast", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(user, name, *words):
    command = [program(name), *words]
    subprocess.run(command, user=user, cwd="/", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - of Debian

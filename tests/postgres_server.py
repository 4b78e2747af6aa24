"""A PostgreSQL of the tests' own: Debian's programs, and a socket in a folder of its own.

Runs with the standard library alone, as the tests inside hosts do, whose environments hold little else.
"""

import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

SUPERUSER = "host"
MISSING = "PostgreSQL is not installed: apt-get install postgresql"


def program(name):
    """Return a program of PostgreSQL: where Debian has it, or on the PATH; None where there is none."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(debian[-1]) if debian else shutil.which(name)


@contextmanager
def postgres(port=None):
    """Run a server, on loopback as well if `port` is given, and give the folder of its socket; root may not run it."""
    if program("initdb") is None:
        raise FileNotFoundError(MISSING)
    user = "postgres" if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(dir="/tmp", prefix="pg-"))  # the path of a socket must be short
    if user:
        shutil.chown(folder, user)
    try:
        data = folder / "data"
        local = ["--no-sync", "--locale=C", "--encoding=UTF8"]
        _run(user, "initdb", "-A", "trust", "-U", SUPERUSER, *local, str(data))
        loopback = f"-p {port} -c listen_addresses=127.0.0.1" if port else "-c listen_addresses="
        options = f"-k {folder} {loopback} -c fsync=off -c full_page_writes=off"
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

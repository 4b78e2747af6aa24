# ruff: noqa: INP001 - a script, not a package
"""How long `custify read people` takes into PostgreSQL, beside DuckDB and beside dlt into the same PostgreSQL.

    .venv/bin/python benchmarks/warehouse.py [PEOPLE] [PYTHON_WITH_DLT]

Each run is a process of its own, against one emulated Custify without a rate limit: seconds, seconds of processor, and
the most memory that it held. PostgreSQL is started for it, as the tests do. The last run needs a Python that has
`custify-connector[dlt]` and `dlt[postgres]`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1]))

from custify_connector.sandbox import Sandbox
from tests.postgres_server import SUPERUSER, postgres

_COMMAND = "from custify_connector.cli import main; main()"
_KEY = "sandbox-key"
_HEADING = "| output | run | seconds | of processor | MB |\n| --- | --- | --- | --- | --- |\n"


def main(people: int, python: str | None) -> None:
    """Print a row for each output."""
    with (
        Sandbox(people=people, companies=people // 100, api_key=_KEY, rate_limit=None) as sandbox,
        tempfile.TemporaryDirectory() as folder,
        postgres() as socket,
    ):
        own = {**os.environ, "CUSTIFY_API_KEY": _KEY, "CUSTIFY_BASE_URL": sandbox.base_url, "CUSTIFY_HOME": folder}
        place = f"postgresql://{SUPERUSER}@/postgres/crm?host={socket}"
        sys.stdout.write(f"{people:,} people\n\n{_HEADING}")
        for output, name in ((place, "PostgreSQL"), (f"{folder}/crm.duckdb", "DuckDB")):
            for run, mode in (("first", "full"), ("full again", "full"), ("nothing changed", "incremental")):
                _show(name, run, sys.executable, ("people", "--mode", mode, "-o", output), own)
        if python:
            fields = {
                "HOST": quote(str(socket), safe=""),
                "USERNAME": SUPERUSER,
                "PASSWORD": "-",
                "DATABASE": "postgres",
            }
            own |= {f"DESTINATION__POSTGRES__CREDENTIALS__{name}": value for name, value in fields.items()}
            own |= {"DLT_DATA_DIR": folder, "RUNTIME__DLTHUB_TELEMETRY": "false"}
            _show("dlt into PostgreSQL", "first", python, ("people", "--mode", "full", "-o", "dlt:postgres"), own)


def _show(name: str, run: str, python: str, words: tuple[str, ...], variables: Mapping[str, str]) -> None:
    began = time.monotonic()
    command = [python, "-c", _COMMAND, "read", *words, "--rate-limit", "none"]
    child = os.posix_spawn(python, command, variables)
    _, status, used = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{name} failed")
    seconds, processor = time.monotonic() - began, used.ru_utime + used.ru_stime
    memory = used.ru_maxrss / 1024
    sys.stdout.write(f"| {name} | {run} | {seconds:.1f} | {processor:.1f} | {memory:.0f} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asked = [*sys.argv[1:], None, None]
    main(int(asked[0] or 100_000), asked[1])

# ruff: noqa: INP001 - a script, not a package
"""How long `custify read people` takes into PostgreSQL, beside DuckDB and beside dlt into the same PostgreSQL.

    .venv/bin/python benchmarks/warehouse.py [PEOPLE] [PYTHON_WITH_DLT]

Each run is a process of its own, against one emulated Custify without a rate limit: seconds, seconds of processor, and
the most memory that it held. PostgreSQL is started for it, as the tests do; what it takes is
in the seconds alone. The last run needs a Python that has `custify-connector[dlt]` and `dlt[postgres]`.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parents[1]))

from measuring.processes import Command, measure

from custify_connector.sandbox import Sandbox
from tests.postgres_server import SUPERUSER, postgres

_KEY = "sandbox-key"
_READ = ("-c", "from custify_connector.cli import main; main()", "read", "people", "--rate-limit", "none")
_LONGEST_SECONDS = 1800
_HEADING = "| output | run | seconds | of processor | MB |\n| --- | --- | --- | --- | --- |\n"
_RUNS = (("first", "full"), ("full again", "full"), ("first for changes", "incremental"), ("no change", "incremental"))


def main(people: int, python: str | None) -> None:
    """Print a row for each output."""
    with (
        Sandbox(people=people, companies=people // 100, api_key=_KEY, rate_limit=None) as sandbox,
        tempfile.TemporaryDirectory() as folder,
        postgres() as socket,
    ):
        own = {"CUSTIFY_API_KEY": _KEY, "CUSTIFY_BASE_URL": sandbox.base_url, "CUSTIFY_HOME": folder}
        place = f"postgresql://{SUPERUSER}@/postgres/crm?host={socket}"
        sys.stdout.write(f"{people:,} people\n\n{_HEADING}")
        for output, name in ((place, "PostgreSQL"), (f"{folder}/crm.duckdb", "DuckDB")):
            for run, mode in _RUNS:
                _show(f"{name} | {run}", [sys.executable, *_READ, "--mode", mode, "-o", output], own)
        if python:
            fields = {
                "HOST": quote(str(socket), safe=""),
                "USERNAME": SUPERUSER,
                "PASSWORD": "-",
                "DATABASE": "postgres",
            }
            own |= {f"DESTINATION__POSTGRES__CREDENTIALS__{name}": value for name, value in fields.items()}
            own |= {"DLT_DATA_DIR": folder}
            _show("dlt into PostgreSQL | first", [python, *_READ, "--mode", "full", "-o", "dlt:postgres"], own)


def _show(run: str, command: list[str], variables: Mapping[str, str]) -> None:
    used = measure(Command(command, Path(variables["CUSTIFY_HOME"]), variables), _LONGEST_SECONDS)
    sys.stdout.write(f"| {run} | {used.seconds:.1f} | {used.cpu:.1f} | {used.megabytes:.0f} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asked = [*sys.argv[1:], None, None]
    main(int(asked[0] or 100_000), asked[1])

"""Custify in PyAirbyte, there and back: `python sync.py signups.csv` with CUSTIFY_API_KEY and CUSTIFY_BASE_URL set.

Reads people and companies into Postgres, where POSTGRES_URL names one, else into a DuckDB file, incrementally from the
second time on; then sends the rows of the CSV, whose columns are user_id, email and name, as people. Needs `pip install
airbyte custify-connector`, on Python below 3.13.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import airbyte as ab
from airbyte.caches import DuckDBCache, PostgresCache
from airbyte.strategies import WriteStrategy

_HERE = Path(__file__).parent


def config() -> dict[str, Any]:
    """Return what both executables ask for; a budget file lets their processes share one rate limit."""
    return {
        "name": "pyairbyte",
        "api_key": os.environ["CUSTIFY_API_KEY"],
        "base_url": os.environ.get("CUSTIFY_BASE_URL", "https://api.custify.com"),
        "settings": {"budget": "custify.budget"},
    }


def cache() -> DuckDBCache | PostgresCache:
    """Return where the records go."""
    if not (url := os.environ.get("POSTGRES_URL")):
        return DuckDBCache(db_path="custify.duckdb")
    at = urlsplit(url)
    place = {"host": at.hostname, "port": at.port or 5432, "database": at.path.strip("/")}
    return PostgresCache(**place, username=at.username, password=at.password, schema_name="custify")


def read() -> int:
    """Read people and companies; return how many records came."""
    source = ab.get_source("source-custify", local_executable="source-custify", config=config())
    source.check()
    source.select_streams(["people", "companies"])
    result = source.read(cache=cache())
    return int(result.processed_records)


def write(rows: Path) -> None:
    """Send the rows of a CSV; those that are rejected are in rejected.jsonl."""
    source = ab.get_source(
        "source-csv",
        local_executable=_HERE / "csv_source.py",
        config={"path": str(rows), "stream": "signups"},
        streams="*",
    )
    routes = [{"stream": "signups", "endpoint": "upsert_person"}]
    destination = ab.get_destination(
        "destination-custify",
        local_executable="destination-custify",
        config={**config(), "streams": routes, "quarantine": "rejected.jsonl"},
    )
    destination.check()
    destination.write(source, cache=False, state_cache=False, write_strategy=WriteStrategy.APPEND)


if __name__ == "__main__":
    print(f"{read()} records read")
    write(Path(sys.argv[1]))

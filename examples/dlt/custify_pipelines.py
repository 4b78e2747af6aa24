"""Two dlt pipelines: Custify into Postgres or DuckDB, and sign-ups from DuckDB into Custify.

    CUSTIFY_API_KEY=... POSTGRES_URL=postgresql://... python custify_pipelines.py load
    CUSTIFY_API_KEY=... python custify_pipelines.py send

Run `load` again: only what changed is read, and merged by its key. A sign-up that Custify would not take is in
`kept/quarantine.jsonl` with its reason; the others arrive.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb

from custify_connector.adapters.dlt_custify import custify_destination, custify_source

STREAMS = ("people", "companies", "tasks", "tags")


def load() -> None:
    """Read some streams into Postgres, where POSTGRES_URL names one, else into store.duckdb."""
    url = os.environ.get("POSTGRES_URL")
    store = dlt.destinations.postgres(url) if url else dlt.destinations.duckdb(str(Path("store.duckdb").resolve()))
    pipeline = dlt.pipeline("custify_to_tables", destination=store, dataset_name="custify")
    pipeline.run(custify_source(endpoints=STREAMS))
    print(pipeline.last_trace.last_normalize_info)


@dlt.resource
def signups() -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of the table `signups` in warehouse.duckdb."""
    with duckdb.connect("warehouse.duckdb", read_only=True) as warehouse:
        cursor = warehouse.execute("SELECT user_id, email, name, signed_up_at, session_count FROM signups ORDER BY 1")
        names = [column[0] for column in cursor.description]
        while rows := cursor.fetchmany(1000):
            yield [dict(zip(names, row, strict=True)) for row in rows]


def send() -> None:
    """Write the sign-ups as people."""
    people = custify_destination(folder="kept", destinations={"signups": {"endpoint": "upsert_person"}})
    pipeline = dlt.pipeline("duckdb_to_custify", destination=people)
    print(pipeline.run(signups()))


if __name__ == "__main__":
    {"load": load, "send": send}[sys.argv[1]]()

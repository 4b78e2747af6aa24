"""Every night in Airflow: all of Custify into a database, then the sign-ups of a file to Custify.

    pip install '.[duckdb]'     in the checkout, on every worker
    airflow connections add custify --conn-type generic --conn-host https://api.custify.com --conn-password KEY
    airflow variables set custify_folder /data/custify     a folder that stays from one night to the next

The key is the connection's password. A refused key, a wrong option or a rejected row fails at once, since it needs a
person; anything else is tried again, and goes on where it stopped.
"""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timedelta, timezone
from typing import Any

from airflow.sdk import Connection, Variable, dag, task
from airflow.sdk.exceptions import AirflowFailException

NEEDS_A_PERSON = {2: "a wrong option", 3: "the key was refused"}
REJECTED = {1: "rows were rejected: they are in rejected.jsonl with their reasons"}


def custify(*words: str, hopeless: dict[int, str] = NEEDS_A_PERSON) -> dict[str, Any]:
    """Run the command in the folder, print what it says to the task's log, and return its summary."""
    connection = Connection.get("custify")
    folder = Variable.get("custify_folder")
    keys = {"CUSTIFY_API_KEY": connection.password, "CUSTIFY_BASE_URL": connection.host, "CUSTIFY_HOME": ".home"}
    done = subprocess.run(
        ["custify", *words, "--json"],
        env={**os.environ, **keys},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stderr)
    if done.returncode in hopeless:
        raise AirflowFailException(hopeless[done.returncode])
    done.check_returncode()
    return json.loads(done.stdout)


@dag(
    schedule="15 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=timezone.utc),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": timedelta(minutes=10)},
)
def custify_nightly() -> None:
    """Read, then write."""

    @task
    def read() -> dict[str, Any]:
        return custify("read", "people", "companies", "deals", "--output", "crm.duckdb")

    @task
    def write() -> dict[str, Any]:
        words = ("write", "upsert_person", "signups.csv", "--quarantine", "rejected.jsonl", "--resume")
        return custify(*words, hopeless=NEEDS_A_PERSON | REJECTED)

    read() >> write()


custify_nightly()

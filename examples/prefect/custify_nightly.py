"""Every night in Prefect: all of Custify into a database, then the sign-ups of a file to Custify.

    pip install prefect '.[duckdb]'     in the checkout
    python -c "from prefect.blocks.system import Secret; Secret(value='KEY').save('custify-key')"
    python custify_nightly.py /data/custify     a folder that stays from one night to the next

The key is a secret block. A refused key, a wrong option or a rejected row fails at once, since it needs a person;
anything else is tried again, and goes on where it stopped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.blocks.system import Secret
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

NEEDS_A_PERSON = {2: "a wrong option", 3: "the key was refused"}
REJECTED = {1: "rows were rejected: they are in rejected.jsonl with their reasons"}


class NeedsPerson(Exception):
    """What another try cannot help."""


def may_be_tried_again(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """Say whether a failed task is worth another try."""
    return not isinstance(state.result(raise_on_failure=False), NeedsPerson)


def custify(folder: str, base_url: str, *words: str, hopeless: dict[int, str] = NEEDS_A_PERSON) -> dict[str, Any]:
    """Run the command in the folder, log what it says, and return its summary."""
    key = Secret.load("custify-key").get()
    done = subprocess.run(
        ["custify", *words, "--json"],
        env={**os.environ, "CUSTIFY_API_KEY": key, "CUSTIFY_BASE_URL": base_url, "CUSTIFY_HOME": ".home"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    get_run_logger().info(done.stderr.strip())
    if done.returncode in hopeless:
        raise NeedsPerson(hopeless[done.returncode])
    done.check_returncode()
    return json.loads(done.stdout)


@task(retries=2, retry_delay_seconds=600, retry_condition_fn=may_be_tried_again)
def read(folder: str, base_url: str) -> dict[str, Any]:
    """Read into the database."""
    return custify(folder, base_url, "read", "people", "companies", "deals", "--output", "crm.duckdb")


@task(retries=2, retry_delay_seconds=600, retry_condition_fn=may_be_tried_again)
def write(folder: str, base_url: str) -> dict[str, Any]:
    """Write the sign-ups."""
    words = ("write", "upsert_person", "signups.csv", "--quarantine", "rejected.jsonl", "--resume")
    return custify(folder, base_url, *words, hopeless=NEEDS_A_PERSON | REJECTED)


@flow(name="custify-nightly")
def nightly(folder: str, base_url: str = "https://api.custify.com") -> None:
    """Read, then write."""
    read(folder, base_url)
    write(folder, base_url)


if __name__ == "__main__":
    nightly.serve(name="nightly", cron="15 2 * * *", parameters={"folder": sys.argv[1]}, limit=1)

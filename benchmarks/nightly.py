# ruff: noqa: INP001 - a script, not a package
"""Count the requests of a nightly read of all: `python benchmarks/nightly.py [PEOPLE] [COMPANIES]`.

Reads an emulated account in full, changes one person and one company in a hundred, and reads it again: as it was read
before, and with parents that are trusted to say what changed. Requests are counted by the account; 100 take 10 s.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import urllib.request
from pathlib import Path

from click.testing import CliRunner

from custify_connector.cli import main as command
from custify_connector.sandbox import Sandbox

PER_SECOND = 10
ONE_IN = 100


def read(sandbox: Sandbox, folder: str, *words: str) -> int:
    """Read all into a folder, incrementally where its state allows; return how many requests that took."""
    before = len(sandbox.journal)
    asked = ["read", "--all", "--mode", "incremental", "-o", folder, "--rate-limit", "none", "--budget", "none", *words]
    result = CliRunner().invoke(command, asked)
    if result.exit_code:
        sys.exit(result.output)
    return len(sandbox.journal) - before


def change(sandbox: Sandbox) -> None:
    """Change one person and one company in a hundred, as their own application does."""
    for path, kind in (("/people", "people"), ("/company", "companies")):
        for record in sandbox.content.records(kind)[::ONE_IN]:
            body = json.dumps({"id": record["id"], "name": "Changed"}).encode()
            headers = {"Authorization": f"Bearer {sandbox.api_key}", "Content-Type": "application/json"}
            asked = urllib.request.Request(sandbox.base_url + path, body, headers)  # noqa: S310 - loopback
            urllib.request.urlopen(asked).close()  # noqa: S310 - the same


def main() -> None:
    """Print the requests of each read."""
    people, companies = (
        int(sys.argv[place]) if len(sys.argv) > place else least for place, least in ((1, 500), (2, 20))
    )
    with tempfile.TemporaryDirectory() as home, Sandbox(people=people, companies=companies, rate_limit=None) as sandbox:
        os.environ.update(CUSTIFY_HOME=home, CUSTIFY_API_KEY=sandbox.api_key, CUSTIFY_BASE_URL=sandbox.base_url)
        reads = {
            "full": read(sandbox, str(Path(home, "all"))),
            "full, for --trust-parents": read(sandbox, str(Path(home, "trusting")), "--trust-parents"),
        }
        change(sandbox)
        reads["nightly"] = read(sandbox, str(Path(home, "all")))
        reads["nightly, --trust-parents"] = read(sandbox, str(Path(home, "trusting")), "--trust-parents")
    for name, requests in reads.items():
        share = requests / reads["full"]
        minutes = requests / PER_SECOND / 60
        sys.stdout.write(f"{name}: {requests:,} requests, {minutes:.1f} minutes, {share:.1%} of the full read\n")


if __name__ == "__main__":
    main()

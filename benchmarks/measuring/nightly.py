"""The whole account each night: how many requests a read of what changed takes."""

from __future__ import annotations

import json
import os
import tempfile
import urllib.request
from pathlib import Path

from click.testing import CliRunner

from custify_connector.cli import main as command
from custify_connector.sandbox import Sandbox

from .scale import Scale
from .tables import Section, Target, number

PER_MINUTE = 600
ONE_IN = 100
PEOPLE_OF_A_COMPANY = 25
FULL, TRUSTED = "in full", "nightly, --trust-parents"
_HOW = """An emulated account of {people:,} people and {companies:,} companies is read with `read --all`; then one
person and one company in a hundred change, and it is read again. Requests are counted by the account; 600 a minute is
the limit."""


def read(sandbox: Sandbox, folder: str, *words: str) -> int:
    """Read all into a folder, incrementally where its state allows; return how many requests that took."""
    before = len(sandbox.journal)
    asked = ["read", "--all", "--mode", "incremental", "-o", folder, "--rate-limit", "none", "--budget", "none", *words]
    result = CliRunner().invoke(command, asked)
    if result.exit_code:
        raise RuntimeError(result.output)
    return len(sandbox.journal) - before


def change(sandbox: Sandbox) -> None:
    """Change one person and one company in a hundred, as their own application does."""
    for path, kind in (("/people", "people"), ("/company", "companies")):
        for record in sandbox.content.records(kind)[::ONE_IN]:
            body = json.dumps({"id": record["id"], "name": "Changed"}).encode()
            headers = {"Authorization": f"Bearer {sandbox.api_key}", "Content-Type": "application/json"}
            asked = urllib.request.Request(sandbox.base_url + path, body, headers)  # noqa: S310 - loopback
            urllib.request.urlopen(asked).close()  # noqa: S310 - the same


def measured(scale: Scale) -> Section:
    """Measure."""
    people, companies = scale.nightly_people, scale.nightly_people // PEOPLE_OF_A_COMPANY
    reads = _reads(people, companies)
    trusted = reads[TRUSTED] / reads[FULL]
    return Section(
        "k",
        "The whole account each night",
        _HOW.format(people=people, companies=companies),
        ("read", "requests", "minutes", "of the full read"),
        [
            (name, number(asked), f"{asked / PER_MINUTE:.1f}", f"{asked / reads[FULL]:.1%}")
            for name, asked in reads.items()
        ],
        [Target("a night that trusts its parents: at most 10% of a full read", f"{trusted:.1%}", trusted <= 1 / 10)],
    )


def _reads(people: int, companies: int) -> dict[str, int]:
    with tempfile.TemporaryDirectory() as home, Sandbox(people=people, companies=companies, rate_limit=None) as sandbox:
        os.environ.update(CUSTIFY_HOME=home, CUSTIFY_API_KEY=sandbox.api_key, CUSTIFY_BASE_URL=sandbox.base_url)
        plain, trusting = str(Path(home, "all")), str(Path(home, "trusting"))
        first = {FULL: read(sandbox, plain), "in full, --trust-parents": read(sandbox, trusting, "--trust-parents")}
        change(sandbox)
        return {
            **first,
            "nightly": read(sandbox, plain),
            TRUSTED: read(sandbox, trusting, "--trust-parents"),
        }

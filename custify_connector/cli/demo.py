"""`custify demo`: the main job, start to end, on the embedded sandbox.

It does what a user would do, through the same hooks: test a credential, read people and companies to files, write
companies, people and events from a CSV, see a rejected row with its reason, and read back what was written.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from custify_connector.cli.options import SOME_REJECTED, exit_codes, start_logging
from custify_connector.host import mapping, runs, words
from custify_connector.host.feed import Line, Shape
from custify_connector.host.rows import open_table
from custify_connector.plugin import connector
from custify_connector.sandbox import Sandbox

_CSV = Path(__file__).resolve().parent.parent / "demo_data" / "signups.csv"

_WRITES = {
    "upsert_company": ("company_id=company", "name=company_name", "size:integer=seats"),
    "upsert_person": (
        "user_id=id",
        "email=email",
        "name={first_name} {last_name}",
        "signed_up_at=signed_up",
        "custom_attributes.postcode=postcode",
        "companies[].company_id=company",
    ),
    "create_event": (
        "name=first_action",
        "user_id=id",
        "created_at=signed_up",
        "deduplication_id={id}-{first_action}",
    ),
}


@dataclass(frozen=True)
class _Line:
    step: str
    result: str
    requests: int
    seconds: float


@click.command()
@click.option("--people", default=5000, show_default=True, help="How many people the emulated account has.")
@click.option("--companies", default=500, show_default=True, help="How many companies the emulated account has.")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("custify-demo"),
    show_default=True,
    help="The folder for the records that are read.",
)
@exit_codes
def command(people: int, companies: int, output: Path) -> None:
    """Run the main job on the embedded sandbox: test, read everything, write, show the outcome.

    \b
    custify demo
    custify demo --people 300 --companies 30 --output out
    """  # noqa: D301 - click reads \b
    start_logging(verbose=False)
    output.mkdir(parents=True, exist_ok=True)
    with Sandbox(people=people, companies=companies, seed=1) as sandbox:
        demo = _Demo(sandbox, output)
        with demo.step("test the credential") as tell:
            tell(connector.test_credential(credential=demo.credential).message)
        for endpoint in ("people", "companies"):
            demo.read(endpoint)
        for endpoint, rules in _WRITES.items():
            demo.write(endpoint, rules)
        equal = demo.read_back()
    _print(demo.lines, demo.rejected, output)
    raise SystemExit(0 if equal else SOME_REJECTED)


class _Demo:
    def __init__(self, sandbox: Sandbox, output: Path) -> None:
        self.credential = {"name": "demo", "api_key": sandbox.api_key, "base_url": sandbox.base_url}
        self.lines: list[_Line] = []
        self.rejected: list[Line] = []
        self._sandbox = sandbox
        self._output = output

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[str], None]]:
        """Time one step, and count the requests that the sandbox saw."""
        began, before = time.monotonic(), self._sandbox.journal.count()
        results: list[str] = []
        yield results.append
        requests = self._sandbox.journal.count() - before
        self.lines.append(_Line(name, "; ".join(results), requests, time.monotonic() - began))

    def read(self, endpoint: str) -> None:
        """Read an endpoint to a file."""
        path = self._output / f"{endpoint}.jsonl"
        with self.step(f"read {endpoint}") as tell:
            count = runs.read(connector, self.credential, {"endpoint": endpoint}, str(path))
            tell(f"{count.records:,} records, {count.size / 1e6:,.1f} MB in {path}")

    def write(self, endpoint: str, rules: tuple[str, ...]) -> None:
        """Write the CSV's rows to an endpoint."""
        shape, count = Shape(mapping.parse(rules)), runs.WriteCount()
        with self.step(f"write {endpoint}") as tell, open_table(str(_CSV)) as table:
            for line in runs.write(connector, self.credential, {"endpoint": endpoint}, table, shape):
                count.outcomes[line.receipt.outcome] += 1
                if line.receipt.outcome != "sent":
                    self.rejected.append(line)
            tell(words.outcomes(count.outcomes))

    def read_back(self) -> bool:
        """Read what was written, and compare it with the CSV; returns whether all of it is there."""
        with self.step("read back") as tell, open_table(str(_CSV)) as table:
            refused = {line.line for line in self.rejected}
            rows = [row.fields for row in table.rows if row.line not in refused]
            equal = [row for row in rows if self._is_there(row)]
            tell(f"{len(equal)} of {len(rows)} people equal the CSV, field by field")
        return len(equal) == len(rows)

    def _is_there(self, row: Mapping[str, Any]) -> bool:
        source = {"endpoint": "people", "params": {"user_id": row["id"]}}
        found = [record for batch in connector.read_source(self.credential, source, None) for record in batch.records]
        return len(found) == 1 and (found[0]["email"], found[0]["name"], found[0]["custom_attributes"]["postcode"]) == (
            row["email"],
            f"{row['first_name']} {row['last_name']}",
            row["postcode"],
        )


def _print(lines: list[_Line], rejected: list[Line], output: Path) -> None:
    width = max(len(line.result) for line in lines)
    click.echo(f"{'step':<22}{'outcome':<{width + 2}}{'requests':>8}{'seconds':>9}")
    for line in lines:
        click.echo(f"{line.step:<22}{line.result:<{width + 2}}{line.requests:>8}{line.seconds:>9.2f}")
    click.echo("\nrows that were not sent, each with its reason:")
    for row in rejected:
        click.echo(f"  {_CSV.name} line {row.line}: {row.receipt.outcome}: {row.receipt.reason}")
    click.echo(f"\nThe records that were read are in {output}. Next: {_program()} describe")


def _program() -> str:
    """Return what to type for this command: `make demo` installs it where no PATH leads."""
    return "custify" if shutil.which("custify") else sys.argv[0]

"""`custify write`: the rows of a file to an endpoint, with one outcome for each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, Literal

import click
import orjson

from custify_connector.cli.options import (
    SOME_REJECTED,
    credential,
    exit_codes,
    settings,
    settings_options,
    start_logging,
)
from custify_connector.cli.progress import Progress
from custify_connector.contract import Receipt
from custify_connector.host import mapping, runs
from custify_connector.host.outputs import Output, open_output
from custify_connector.host.rows import Table, open_table
from custify_connector.plugin import connector

_SHOWN = 10


@click.command()
@click.argument("endpoint")
@click.argument("file")
@click.option("--map", "rules", multiple=True, metavar="TARGET[:TYPE]=SOURCE", help="How a field is made; see below.")
@click.option(
    "--input-format", type=click.Choice(["jsonl", "csv"]), help="Default: by the file's name; - is JSON lines."
)
@click.option(
    "--empty", type=click.Choice(["absent", "null", "text"]), default="absent", show_default=True,
    help="What an empty cell means: the field is left out, cleared, or empty text.",
)  # fmt: skip
@click.option("--only-with", metavar="COLUMN", help="Skip the rows in which this column is empty.")
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A field with one value for all records.")
@click.option("--dry-run", is_flag=True, help="Print each exact request as JSON lines, and send nothing.")
@click.option("--on-reject", type=click.Choice(["continue", "stop"]), default="continue", show_default=True)
@click.option(
    "--max-rejects", type=click.IntRange(min=0), help="Stop when more records than this are rejected or fail."
)
@click.option("--receipts", metavar="PATH", help="Write every record's outcome here, as JSON lines.")
@settings_options
@exit_codes
def command(
    endpoint: str,
    file: str,
    rules: tuple[str, ...],
    input_format: str | None,
    empty: Literal["absent", "null", "text"],
    only_with: str | None,
    params: tuple[str, ...],
    dry_run: bool,
    on_reject: str,
    max_rejects: int | None,
    receipts: str | None,
    rate_limit: str | None,
    max_in_flight: int | None,
    timeout: float | None,
    verbose: bool,
) -> None:
    """Write the rows of a CSV or JSON lines file; FILE - is standard input.

    Without --map, a column or key is the field of that name; dots lead inside, as in custom_attributes.plan.

    \b
    --map user_id=id                       the column id
    --map "name={first} {last}"            columns within a text
    --map plan==Gold                       a constant
    --map metadata.total:number=total      a type: string, integer, number, boolean or json
    --map companies[].company_id=company   a list of one
    """  # noqa: D301 - click reads \b
    start_logging(verbose=verbose)
    destination: dict[str, Any] = {
        "endpoint": endpoint,
        "params": dict(text.partition("=")[::2] for text in params),
        "dry_run": dry_run,
        "on_reject": on_reject,
        "settings": settings(rate_limit, max_in_flight, timeout),
    }
    if max_rejects is not None:
        destination["max_rejects"] = max_rejects
    shape = runs.Shape(mapping.parse(rules), empty)
    with ExitStack() as stack:
        table = _checked(stack.enter_context(open_table(file, input_format)), shape, only_with)
        known = {"name": "dry run", "api_key": "none"} if dry_run else credential()
        lines = runs.write(connector, known, destination, table, shape)
        kept = open_output(receipts) if receipts else None
        stack.callback(kept.close if kept else lambda: None)
        count = _follow(lines, endpoint, kept, stack.enter_context(Progress()))
    raise SystemExit(SOME_REJECTED if count.errors else 0)


def _checked(table: Table, shape: runs.Shape, only_with: str | None) -> Table:
    if table.columns is not None:
        only = mapping.parse([f"only={only_with}"]) if only_with else ()
        mapping.check_columns(only, table.columns)
        unused = mapping.check_columns(shape.rules, table.columns) if shape.rules else ()
        if unused:
            click.echo(f"columns that no --map uses, and that are not sent: {', '.join(unused)}", err=True)
    if only_with is None:
        return table
    rows = (row for row in table.rows if row.fault or row.fields.get(only_with) not in (None, ""))
    return dataclasses.replace(table, rows=rows)


def _follow(lines: Iterator[runs.Line], endpoint: str, kept: Output | None, progress: Progress) -> runs.WriteCount:
    """Take every receipt: count it, keep it, show the first few that are no success; the summary comes in any case."""
    count = runs.WriteCount()
    shown: list[runs.Line] = []
    try:
        for line in lines:
            count.outcomes[line.receipt.outcome] += 1
            progress.tell(endpoint, count.records)
            if line.receipt.outcome == "planned":
                click.echo(orjson.dumps(line.receipt.response).decode())
            elif line.receipt.outcome in {"rejected", "failed"} and len(shown) < _SHOWN:
                shown.append(line)
            if kept:
                kept.write([{"line": line.line, **dataclasses.asdict(line.receipt)}])
    finally:
        _summarise(endpoint, count, shown)
    if kept:
        kept.finish()
    return count


def _summarise(endpoint: str, count: runs.WriteCount, shown: list[runs.Line]) -> None:
    for line in shown:
        click.echo(f"line {line.line}: {line.receipt.outcome}{_name(line.receipt)}: {line.receipt.reason}", err=True)
    total = ", ".join(f"{number:,} {outcome}" for outcome, number in count.outcomes.items() if number)
    click.echo(f"{endpoint}: {count.records:,} records: {total or 'nothing to do'}", err=True)


def _name(receipt: Receipt) -> str:
    return f" {' '.join(str(value) for value in receipt.key.values())}" if receipt.key else ""

"""`custify replay`: the records of a quarantine file, and only those, sent again."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import click

from custify_connector.cli import writing
from custify_connector.cli.options import exit_codes, settings_options, start_logging
from custify_connector.cli.write import run_of, run_options
from custify_connector.errors import ConfigurationError, Fault
from custify_connector.host import quarantine
from custify_connector.host.feed import Shape
from custify_connector.host.rows import Row, open_table


@click.command()
@click.argument("file")
@click.option("--to", metavar="ENDPOINT", help="Send them here; default: where they were to go.")
@run_options
@settings_options
@exit_codes
def command(file: str, to: str | None, **options: Any) -> None:  # noqa: ANN401 - click passes each option by its name
    """Send the records of a quarantine file again, after what was wrong with them was mended.

    The file is JSON lines; edit the record under rawMessage. What is rejected again goes to --quarantine. A record that
    was sent since, by a resumed run or another replay, is left out; one that may have arrived needs --resend-unclear.

    \b
    custify replay rejected.jsonl
    custify replay rejected.jsonl --quarantine rejected-again.jsonl
    """  # noqa: D301 - click reads \b
    start_logging(verbose=options["verbose"], form=options["log_format"])
    with open_table(file, "jsonl") as table:
        rows = iter(table.rows)
        first = next(rows, None)
        endpoint = to or (quarantine.destination_of(first.fields) if first else None)
        if endpoint is None:
            reason = "names no destination: give a quarantine file that custify wrote, or say --to ENDPOINT"
            raise ConfigurationError((Fault(f"{file}:1", reason),))
        records = _records(itertools.chain((first,) if first else (), rows), endpoint, to)
        destination, kept = run_of(endpoint, options)
        raise SystemExit(writing.run(destination, dataclasses.replace(table, rows=records), Shape(empty="text"), kept))


def _records(rows: Iterator[Row], endpoint: str, to: str | None) -> Iterator[Row]:
    for row in rows:
        record = quarantine.record_of(row.fields)
        if row.fault is not None:
            yield row
        elif record is None:
            yield Row(row.line, {}, "is not a quarantined record")
        elif to is None and quarantine.destination_of(row.fields) != endpoint:
            yield Row(row.line, record, f"was meant for another destination than {endpoint}: replay it with --to")
        else:
            origin, unclear = quarantine.origin_of(row.fields), quarantine.is_unclear(row.fields)
            yield Row(row.line, record, origin=origin, unclear=unclear)

"""`custify replay`: the records of a quarantine file, and only those, sent again."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from typing import Any

import click

from custify_connector.cli import writing
from custify_connector.cli.connector_option import connector_option, named
from custify_connector.cli.options import exit_codes, settings_options, start_logging
from custify_connector.cli.write import refuse_two_inputs, run_of, run_options
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import quarantine
from custify_connector.host.feed import Shape
from custify_connector.host.rows import Row, open_table


@click.command()
@click.argument("file")
@click.option("--to", metavar="ENDPOINT", help="Send them here; default: where they were to go.")
@run_options
@connector_option
@settings_options
@exit_codes
def command(
    file: str,
    to: str | None,
    connector_name: str | None,
    **options: Any,  # noqa: ANN401 - click passes each option by its name
) -> None:
    """Send the records of a quarantine file again, after what was wrong with them was mended.

    The file is JSON lines; edit the record under rawMessage. What is rejected again goes to --quarantine. A record that
    was sent since, by a resumed run or another replay, is left out; one that may have arrived needs --resend-unclear.

    \b
    custify replay rejected.jsonl
    custify replay rejected.jsonl --quarantine rejected-again.jsonl
    """  # noqa: D301 - click reads \b
    start_logging(verbose=options["verbose"], form=options["log_format"])
    refuse_two_inputs(file)
    with open_table(file, "jsonl") as table:
        rows = iter(table.rows)
        first = next(rows, None)
        endpoint = to or (quarantine.destination_of(first.fields) if first else None)
        if endpoint is None:
            reason = "names no destination: give a quarantine file that custify wrote, or say --to ENDPOINT"
            raise ConfigurationError((Fault(f"{file}:1", reason),))
        meant = quarantine.connector_of(first.fields) if first else None
        chosen = named(connector_name or meant)
        records = _records(itertools.chain((first,) if first else (), rows), endpoint, to, chosen.label)
        destination, kept = run_of(endpoint, options, chosen)
        sent = dataclasses.replace(table, rows=records)
        raise SystemExit(writing.run(destination, sent, Shape(empty="text"), kept, chosen))


def _records(rows: Iterator[Row], endpoint: str, to: str | None, connector: str) -> Iterator[Row]:
    for row in rows:
        record = quarantine.record_of(row.fields)
        if row.fault is not None:
            yield row
        elif record is None:
            yield Row(row.line, {}, "is not a quarantined record")
        elif to is None and quarantine.destination_of(row.fields) != endpoint:
            yield Row(row.line, record, f"was meant for another destination than {endpoint}: replay it with --to")
        elif to is None and (quarantine.connector_of(row.fields) or "") != connector:
            yield Row(row.line, record, "was meant for another connector: replay it with --to and --connector")
        else:
            origin, unclear = quarantine.origin_of(row.fields), quarantine.is_unclear(row.fields)
            yield Row(row.line, record, origin=origin, unclear=unclear)

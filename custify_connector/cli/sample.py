"""`custify sample`: a look at an endpoint before a run, cheap in requests.

The first records of a source, or the requests that the first rows of a file would become.
"""

from __future__ import annotations

import dataclasses
from itertools import islice
from typing import Any

import click
import orjson

from custify_connector import manifest
from custify_connector.cli import completing
from custify_connector.cli.options import credential, exit_codes, param, settings, settings_options, start_logging
from custify_connector.cli.write import input_options, param_types
from custify_connector.contract import Receipt
from custify_connector.errors import ConfigurationError, Fault
from custify_connector.host import mapping, runs
from custify_connector.host.feed import Shape
from custify_connector.host.queried_rows import Choice, open_input
from custify_connector.plugin import connector


@click.command()
@click.argument("endpoint", shell_complete=completing.endpoints)
@click.argument("file", required=False)
@click.option("--count", type=click.IntRange(1, 100), default=5, show_default=True, help="How many records to show.")
@click.option("--map", "rules", multiple=True, metavar="TARGET[:TYPE]=SOURCE", help="As in custify write.")
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", shell_complete=completing.parameters,
    help="A parameter of the endpoint; repeatable.",
)  # fmt: skip
@input_options
@settings_options
@exit_codes
def command(
    endpoint: str,
    file: str | None,
    count: int,
    rules: tuple[str, ...],
    params: tuple[str, ...],
    table: str | None,
    query: str | None,
    **options: Any,  # noqa: ANN401 - click passes each option by its name
) -> None:
    """Show the first records of a source, or the requests that the first rows of FILE would become.

    \b
    custify sample people
    custify sample upsert_person people.csv --map user_id=id
    """  # noqa: D301 - click reads \b
    start_logging(verbose=options["verbose"], form=options["log_format"])
    chosen = settings(options)
    if file is None:
        shown = _source(endpoint, count, params, chosen)
    else:
        shown = _destination(endpoint, file, count, rules, params, Choice(table, query))
    for line in shown:
        click.echo(orjson.dumps(line, option=orjson.OPT_INDENT_2).decode())


def _source(endpoint: str, count: int, params: tuple[str, ...], chosen: dict[str, Any]) -> list[Any]:
    if endpoint in manifest.load().destinations:
        raise ConfigurationError(
            (Fault("FILE", f"{endpoint} is a destination: name the file whose rows it would take"),)
        )
    known = manifest.load().sources.get(endpoint)
    types = {name: parameter.type for name, parameter in known.parameters.items()} if known else {}
    source = {"endpoint": endpoint, "params": dict(param(text, types) for text in params), "limit": count}
    batches = connector.read_source(credential(), {**source, "settings": chosen}, None)
    return [record for batch in batches for record in batch.records]


def _destination(
    endpoint: str, file: str, count: int, rules: tuple[str, ...], params: tuple[str, ...], choice: Choice
) -> list[dict[str, Any]]:
    types = param_types(endpoint) if params else {}
    fixed = dict(param(text, types) for text in params)
    destination = {"endpoint": endpoint, "params": fixed, "dry_run": True}
    shape = Shape(mapping.parse(rules))
    with open_input(file, None, choice) as table:
        if table.columns is not None:
            mapping.check_columns(shape.rules, table.columns)
        first = dataclasses.replace(table, rows=islice(table.rows, count))
        unsent = {"name": "sample", "api_key": "none"}
        return [_shown(line.receipt) for line in runs.write(connector, unsent, destination, first, shape)]


def _shown(receipt: Receipt) -> dict[str, Any]:
    return (
        dict(receipt.response)
        if receipt.outcome == "planned"
        else {"outcome": receipt.outcome, "reason": receipt.reason}
    )

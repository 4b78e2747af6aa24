"""`custify sample`: a look at an endpoint before a run, cheap in requests.

The first records of a source, or the requests that the first rows of a file would become.
"""

from __future__ import annotations

import dataclasses
from itertools import islice
from typing import Any

import click

from custify_connector.checking.json_values import dumps
from custify_connector.cli import completing
from custify_connector.cli.connector_option import connector_option, named
from custify_connector.cli.input_options import Input, input_of, input_options, open_checked
from custify_connector.cli.option_types import SOURCE
from custify_connector.cli.options import (
    WithSettings,
    credential,
    exit_codes,
    settings,
    settings_options,
    start_logging,
    typed_params,
)
from custify_connector.cli.write import param_schemas
from custify_connector.contract import Receipt
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import mapping, runs, sampling
from custify_connector.host.connectors import Chosen
from custify_connector.host.feed import Shape
from custify_connector.host.rows import INPUT_FORMS


@click.command(cls=WithSettings)
@click.argument("endpoint", required=False, shell_complete=completing.endpoints)
@click.argument("file", required=False)
@click.option("--count", type=click.IntRange(1, 100), default=5, show_default=True, help="How many records to show.")
@click.option("--map", "rules", multiple=True, metavar="TARGET[:TYPE]=SOURCE", help="As in custify write.")
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", shell_complete=completing.parameters,
    help="A parameter of the endpoint; repeatable.",
)  # fmt: skip
@click.option(
    "--source", type=SOURCE, metavar="JSON|@FILE", help="In place of an endpoint: a source configured by hand."
)
@click.option("--input-format", type=click.Choice(INPUT_FORMS), help="Default: by the file's name and first bytes.")
@input_options
@connector_option
@settings_options
@exit_codes
def command(
    endpoint: str | None,
    file: str | None,
    count: int,
    rules: tuple[str, ...],
    params: tuple[str, ...],
    input_format: str | None,
    source: dict[str, Any] | None,
    connector_name: str | None,
    **options: Any,  # noqa: ANN401 - click passes each option by its name
) -> None:
    """Show the first records of a source, or the requests that the first rows of FILE would become.

    \b
    custify sample people
    custify sample upsert_person people.csv --map user_id=id
    """  # noqa: D301 - click reads \b
    start_logging(verbose=options["verbose"], form=options["log_format"])
    if (endpoint is None) == (source is None):
        raise ConfigurationError((Fault("ENDPOINT", "name one, or describe a source by --source"),))
    chosen = named(connector_name)
    if endpoint is None or file is None:
        wanted = _wanted(endpoint, params, chosen) if source is None else source
        shown = sampling.records(chosen, credential(chosen.label), {**wanted, "settings": settings(options)}, count)
    else:
        shown = _destination(endpoint, count, rules, params, input_of(file, input_format, options), chosen)
    for line in shown:
        click.echo(dumps(line, indent=True).decode())


def _wanted(endpoint: str | None, params: tuple[str, ...], chosen: Chosen) -> dict[str, Any]:
    """Return the source that an endpoint and its parameters are."""
    if endpoint in chosen.description.get("destinations", {}):
        raise ConfigurationError(
            (Fault("FILE", f"{endpoint} is a destination: name the file whose rows it would take"),)
        )
    known = chosen.endpoint("sources", str(endpoint))
    schemas = known.get("parameters", {}).get("properties", {})
    return {"endpoint": endpoint, "params": typed_params(params, schemas)}


def _destination(
    endpoint: str,
    count: int,
    rules: tuple[str, ...],
    params: tuple[str, ...],
    given: Input,
    chosen: Chosen,
) -> list[dict[str, Any]]:
    fixed = typed_params(params, param_schemas(endpoint, chosen) if params else {})
    destination = chosen.destination({"endpoint": endpoint, "params": fixed, "dry_run": True})
    described = {"name": endpoint, **chosen.endpoint("destinations", endpoint)}
    with open_checked(given, Shape(mapping.parse(rules)), None, described) as (table, shape):
        first = dataclasses.replace(table, rows=islice(table.rows, count))
        unsent = chosen.made_up_credential or credential(chosen.label)
        return [_shown(line.receipt) for line in runs.write(chosen.hooks, unsent, destination, first, shape)]


def _shown(receipt: Receipt) -> dict[str, Any]:
    return (
        dict(receipt.response)
        if receipt.outcome == "planned"
        else {"outcome": receipt.outcome, "reason": receipt.reason}
    )

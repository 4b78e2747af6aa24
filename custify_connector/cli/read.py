"""`custify read`: an endpoint's records as JSON lines, to a file or standard output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson

from custify_connector import manifest
from custify_connector.cli.options import credential, exit_codes, settings, settings_options, start_logging
from custify_connector.cli.progress import Progress
from custify_connector.errors import ConfigurationError, Fault
from custify_connector.host import runs
from custify_connector.plugin import connector


@click.command()
@click.argument("endpoint")
@click.option("--output", "-o", default="-", metavar="PATH", help="Where the records go; - is standard output.")
@click.option("--mode", type=click.Choice(["full", "incremental"]), default="full", show_default=True)
@click.option(
    "--state", type=click.Path(dir_okay=False, path_type=Path), help="Go on from here, and keep the state here."
)
@click.option("--param", "params", multiple=True, metavar="NAME=VALUE", help="A parameter of the endpoint; repeatable.")
@click.option("--field", "fields", multiple=True, metavar="NAME", help="Keep only these fields; repeatable.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many records.")
@settings_options
@exit_codes
def command(
    endpoint: str,
    output: str,
    mode: str,
    state: Path | None,
    params: tuple[str, ...],
    fields: tuple[str, ...],
    limit: int | None,
    rate_limit: str | None,
    max_in_flight: int | None,
    timeout: float | None,
    verbose: bool,
) -> None:
    """Read an endpoint's records as JSON lines.

    Examples: custify read people --output people.jsonl; custify read companies --mode incremental --state companies.state
    -o changed.jsonl; custify read people --param email=ana@example.com
    """
    start_logging(verbose=verbose)
    source: dict[str, Any] = {
        "endpoint": endpoint,
        "params": _params(endpoint, params),
        "mode": mode,
        "settings": settings(rate_limit, max_in_flight, timeout),
    }
    if fields:
        source["fields"] = list(dict.fromkeys(fields))
    if limit:
        source["limit"] = limit
    with Progress() as progress:
        count = runs.read(
            connector, credential(), source, output, state, lambda so_far: progress.tell(endpoint, so_far.records)
        )
    where = "" if output == "-" else f" in {output}"
    click.echo(f"{endpoint}: {count.records:,} records{where}", err=True)


def _params(endpoint: str, texts: tuple[str, ...]) -> dict[str, Any]:
    """Return parameters with the types that the endpoint gives them: text stays text, the rest is JSON."""
    source = manifest.load().sources.get(endpoint)
    types = {name: parameter.type for name, parameter in source.parameters.items()} if source else {}
    return dict(_param(text, types) for text in texts)


def _param(text: str, types: dict[str, str]) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError((Fault(f"--param {text}", "write NAME=VALUE"),))
    if types.get(name, "string") == "string":
        return name, value
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        raise ConfigurationError((Fault(f"--param {name}", f"must be JSON of type {types[name]}"),)) from None

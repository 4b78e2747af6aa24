"""`custify read`: an endpoint's records as JSON lines, to a file or standard output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from custify_connector import manifest
from custify_connector.cli.options import credential, exit_codes, fail, param, settings, settings_options, start_logging
from custify_connector.cli.progress import Progress
from custify_connector.host import runs
from custify_connector.host.interruption import interruption
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
    **options: Any,  # noqa: ANN401 - click passes each option by its name
) -> None:
    """Read an endpoint's records as JSON lines.

    \b
    custify read people --output people.jsonl
    custify read companies --mode incremental --state companies.state -o changed.jsonl
    custify read people --param email=ana@example.com
    """  # noqa: D301 - click reads \b
    start_logging(verbose=options["verbose"])
    source: dict[str, Any] = {
        "endpoint": endpoint,
        "params": _params(endpoint, params),
        "mode": mode,
        "settings": settings(options),
    }
    if fields:
        source["fields"] = list(dict.fromkeys(fields))
    if limit:
        source["limit"] = limit
    with interruption() as asked, Progress() as progress:
        watch = runs.Watch(lambda so_far: progress.tell(endpoint, so_far.records), lambda: bool(asked))
        count = runs.read(connector, credential(), source, output, state, watch)
    where = "" if output == "-" else f" in {output}"
    click.echo(f"{endpoint}: {count.records:,} records{where}", err=True)
    if count.ended:
        go_on = f"; the same command goes on from {state}" if state else ""
        fail(f"ended before the last record{go_on}", asked.exit_code)


def _params(endpoint: str, texts: tuple[str, ...]) -> dict[str, Any]:
    """Return parameters with the types that the endpoint gives them: text stays text, the rest is JSON."""
    source = manifest.load().sources.get(endpoint)
    types = {name: parameter.type for name, parameter in source.parameters.items()} if source else {}
    return dict(param(text, types) for text in texts)

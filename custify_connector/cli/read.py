"""`custify read`: an endpoint's records as JSON lines, to a file or standard output."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from custify_connector import manifest
from custify_connector.cli import completing, recording
from custify_connector.cli.options import credential, exit_codes, fail, param, settings, settings_options, start_logging
from custify_connector.cli.progress import Progress
from custify_connector.cli.state_option import STATE
from custify_connector.host import runs
from custify_connector.host.interruption import interruption
from custify_connector.plugin import connector


@click.command()
@click.argument("endpoint", shell_complete=completing.sources)
@click.option("--output", "-o", default="-", metavar="PATH", help="Where the records go; - is standard output.")
@click.option("--mode", type=click.Choice(["full", "incremental"]), default="full", show_default=True)
@click.option(
    "--state", type=STATE, metavar="NAME|PATH", help="Go on from this state, and keep it: by a name, or in a file."
)
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", shell_complete=completing.parameters,
    help="A parameter of the endpoint; repeatable.",
)  # fmt: skip
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
    custify read companies --mode incremental --state nightly -o changed.jsonl
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
    known = credential()
    run = recording.reading(known, source, output, state)
    with interruption() as asked, Progress() as progress, recording.recorded(run, known) as record:

        def tell(so_far: runs.ReadCount) -> None:
            progress.tell(endpoint, so_far.records)
            record.count(so_far.records, size=so_far.size)

        count = runs.read(connector, known, source, output, state, runs.Watch(tell, lambda: bool(asked)))
        record.count(count.records, size=count.size)
        record.ended(asked.exit_code if count.ended else 0)
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

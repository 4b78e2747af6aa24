"""`custify console`: the screens of a platform in a browser, for every connector that is installed."""

from __future__ import annotations

from pathlib import Path

import click

from custify_connector.cli.options import exit_codes
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.installation import command_for


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--no-browser", is_flag=True, help="Only print the link, and open no browser.")
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path(),
    help="The only files it reads and writes are below here. Default: the current folder.",
)  # fmt: skip
@exit_codes
def command(port: int, no_browser: bool, folder: Path) -> None:
    """Serve the console on this machine until it is interrupted: credentials, tests, runs, rejected records.

    The link that it prints works once, in one browser. Every button does what a command does, and shows it.

    \b
    custify console
    custify console --no-browser --port 8766 --folder ~/sync
    """  # noqa: D301 - click reads \b
    try:
        from custify_connector.console import serving  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        reason = f"needs {error.name}: {command_for('console')}"
        raise ConfigurationError((Fault("console", reason),)) from None
    serving.serve(folder, port, browser=not no_browser, tell=lambda link: click.echo(f"custify console: {link}"))

"""`custify sandbox`: an emulated Custify on loopback, until it is interrupted."""

from __future__ import annotations

import click

from custify_connector.cli.options import exit_codes, parse_rate_limit
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.sandbox import Settings, serve


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1; 0 takes a free one.")
@click.option("--people", type=click.IntRange(0, 1_000_000), default=1000, show_default=True)
@click.option("--companies", type=click.IntRange(0, 100_000), default=100, show_default=True)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same content.")
@click.option("--api-key", default="sandbox-key", show_default=True, help="The key that it accepts; not a real one.")
@click.option(
    "--rate-limit", default="100/10", show_default=True, metavar="N/S", help="The limit it enforces, or none."
)
@click.option("--latency", type=click.FloatRange(0, 60), default=0.0, help="Seconds added to each answer.")
@exit_codes
def command(port: int, people: int, companies: int, seed: int, api_key: str, rate_limit: str, latency: float) -> None:
    """Serve an emulated Custify on loopback; its address is printed as JSON when it is ready.

    Use it from another terminal with CUSTIFY_BASE_URL and CUSTIFY_API_KEY.

    \b
    custify sandbox --port 8765
    custify sandbox --people 100000 --rate-limit none
    """  # noqa: D301 - click reads \b
    limit = parse_rate_limit(rate_limit)
    try:
        serve(
            Settings(
                port=port,
                people=people,
                companies=companies,
                seed=seed,
                api_key=api_key,
                rate_limit=(int(limit["requests"]), limit["seconds"]) if limit else None,
                latency=latency,
            )
        )
    except OSError as error:
        raise ConfigurationError((Fault("--port", f"{port} cannot be opened: {error.strerror or error}"),)) from None

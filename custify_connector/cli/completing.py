"""What the shell offers while a command is typed: endpoints, parameters, credentials, states and runs.

A completion that cannot be made offers nothing: it never says a word, and sends nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click

from custify_connector.contract.errors import ConnectorError

_OFFERED_RUNS = 50


def _offer(found: Callable[[], Iterable[str]], typed: str) -> list[str]:
    try:
        return [name for name in found() if name.startswith(typed)]
    except (ConnectorError, OSError):
        return []


def credentials(typed: str) -> list[str]:
    """Offer the names of stored credentials."""
    from custify_connector.host.vault import Vault  # noqa: PLC0415 - only the shell asks

    return _offer(lambda: [entry.name for entry in Vault().entries()], typed)


def credential_names(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the names of stored credentials for an argument."""
    return credentials(typed)


def states(typed: str) -> list[str]:
    """Offer the states that are kept by name."""
    from custify_connector.host import named_states  # noqa: PLC0415 - only the shell asks

    return _offer(named_states.names, typed)


def run_numbers(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the newest runs."""
    from custify_connector.host.run_history import RunHistory  # noqa: PLC0415 - only the shell asks

    return _offer(lambda: [str(run.id) for run in RunHistory().page(_OFFERED_RUNS)], typed)


def connectors(_context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the connectors that are installed."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - only the shell asks

    from custify_connector.contract import PROJECT  # noqa: PLC0415 - as above

    return _offer(lambda: sorted({entry.name for entry in entry_points(group=PROJECT)}), typed)


def _described(context: click.Context, kind: str) -> dict[str, Any]:
    """Return the sources or destinations of the connector that was typed already, or of the default."""
    from custify_connector.cli.connector_option import named  # noqa: PLC0415 - that file needs this one

    found: dict[str, Any] = named(context.params.get("connector_name")).description.get(kind, {})
    return found


def sources(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the endpoints that can be read."""
    return _offer(lambda: _described(context, "sources"), typed)


def destinations(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the endpoints that can be written to."""
    return _offer(lambda: _described(context, "destinations"), typed)


def endpoints(context: click.Context, parameter: click.Parameter, typed: str) -> list[str]:
    """Offer every endpoint."""
    return [*sources(context, parameter, typed), *destinations(context, parameter, typed)]


def parameters(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    """Offer the parameters of the endpoint that was typed already."""
    # An option that still lacks its value leaves the words before it unread.
    endpoint = context.params.get("endpoint") or next(iter(context.args), "")

    def found() -> list[str]:
        parameters = _described(context, "sources").get(endpoint, {}).get("parameters", {})
        return [f"{name}=" for name in parameters.get("properties", {})]

    return _offer(found, typed)

"""Which connector a command is for: the default, or another that is installed, by its name."""

from __future__ import annotations

import click

from custify_connector.cli import completing
from custify_connector.host import connectors
from custify_connector.host.connectors import DEFAULT, Chosen
from custify_connector.plugin import connector

connector_option = click.option(
    "--connector", "connector_name", metavar="NAME", shell_complete=completing.connectors,
    help="Another connector that is installed here. Default: Custify's.",
)  # fmt: skip


def own() -> Chosen:
    """Return the default connector, which this package brings: no other has to be loaded for it."""
    return Chosen(DEFAULT, connector)


def named(name: str | None) -> Chosen:
    """Return a connector by its name, the default without one; ConfigurationError when there is none."""
    return own() if name in {None, DEFAULT} else connectors.installed(name)

"""A key that is new here: asked for, held against what a key must be, and tried out before anything is kept.

Decides the exit code of a key that Custify does not accept. It keeps nothing, and shows no key.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from custify_connector.checking.secret import Secret
from custify_connector.cli import layout
from custify_connector.cli.choosing import within_budget
from custify_connector.cli.options import BAD_USAGE, KEY_REFUSED, UNAVAILABLE
from custify_connector.contract import CredentialReport
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.vault import CredentialMapping

_REFUSED = frozenset({"unauthorized", "forbidden"})


def asked(*, from_stdin: bool) -> Secret:
    """Return the key that was typed, unseen, or came from standard input."""
    if from_stdin:
        return Secret(sys.stdin.readline().strip("\r\n"))
    if not sys.stdin.isatty():
        reason = "standard input is not a terminal, so no prompt can be shown: pipe the key in, and add --api-key-stdin"
        raise ConfigurationError((Fault("API key", reason),))
    from custify_connector.cli.connector_option import own  # noqa: PLC0415 - only the prompt needs it

    form = own().description["credential"]["properties"]["api_key"]
    click.echo(layout.tile(form["title"], [("", form["description"])], layout.width()) + "\n", err=True)
    return Secret(click.prompt("Paste it here (not shown while you type or paste)", hide_input=True, err=True))


def refuse_malformed(credential: CredentialMapping) -> None:
    """Raise ConfigurationError for a credential that no account can have; nothing is sent."""
    from custify_connector import manifest  # noqa: PLC0415 - 100 ms that only a new key costs
    from custify_connector.exchange.credential import check  # noqa: PLC0415 - as above

    check(credential, manifest.load())


def tested(credential: Mapping[str, Any]) -> CredentialReport:
    """Ask Custify whether it accepts a credential."""
    from custify_connector.plugin import connector  # noqa: PLC0415 - only a test needs it

    return connector.test_credential(within_budget(credential))


def exit_code(report: CredentialReport) -> int:
    """Return the exit code of a test that did not go well."""
    if report.code == "invalid_credential":
        return BAD_USAGE
    return KEY_REFUSED if report.code in _REFUSED else UNAVAILABLE

"""How a credential is shown, to a person as a tile and to a script as JSON; the key is not a part of either.

It reads the history of runs, and asks Custify nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from custify_connector.cli import layout
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host.run_history import RunHistory
from custify_connector.host.vault import Entry, Vault

Uses = Mapping[str, tuple[int, str]]
"""For each credential, how many runs took it, and when the last one began."""


def uses() -> Uses:
    """Return what used each credential; a history that cannot be read is reported, and hides no credential."""
    try:
        return RunHistory().uses()
    except ConfigurationError as error:
        click.echo(f"custify: {error}", err=True)
        return {}


def lines(vault: Vault, entry: Entry, uses: Uses) -> list[tuple[str, str]]:
    """Return the named lines of a tile."""
    runs, last = uses.get(entry.name, (0, None))
    return [
        ("", entry.description),
        ("host", _host(entry)),
        ("verified", _verified(entry)),
        ("used by", f"{layout.counted(runs, 'run')}, the last {layout.ago(last)}" if runs else "no run yet"),
        ("key in", vault.place_of(entry)),
    ]


def _host(entry: Entry) -> str:
    if entry.base_url is None:
        return "Custify's own (api.custify.com)"
    return entry.base_url.removeprefix("https://").rstrip("/")


def _verified(entry: Entry) -> str:
    if entry.tested_at is None or entry.tested_code is None:
        return f"never; to ask Custify: custify credential test {shlex.quote(entry.name)}"
    if entry.tested_code == "ok":
        return f"{layout.ago(entry.verified_at)} ({layout.clock(entry.tested_at)}), Custify accepted it"
    before = f"accepted {layout.ago(entry.verified_at)}" if entry.verified_at else "never accepted before"
    return f"NOT: the test {layout.ago(entry.tested_at)} said {entry.tested_code}; {before}"


def shown(vault: Vault, entry: Entry, uses: Uses) -> dict[str, Any]:
    """Return what a script gets."""
    runs, last = uses.get(entry.name, (0, None))
    content = {name: value for name, value in asdict(entry).items() if name != "handle"}
    return {**content, "place": vault.place_of(entry), "runs": runs, "last_run": last}

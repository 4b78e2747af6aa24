"""Certification: run the command that proves a connector keeps its contract, and show its report.

Where this installation has no such command, the page says so.
"""

from __future__ import annotations

from functools import cache

from starlette.responses import Response

from custify_connector.console.asking import Asked
from custify_connector.errors import ConfigurationError, Fault


@cache
def _is_there() -> bool:
    from importlib.util import find_spec  # noqa: PLC0415 - once

    return find_spec("custify_connector.cli.certify") is not None


def _words(name: str) -> tuple[str, ...]:
    return ("certify", name, "--report", f"{name}-certification.html")


def look(asked: Asked) -> Response:
    """Show the connectors that can be certified, and their reports."""
    reports = {name: _words(name)[-1] for name in asked.console.catalog.connectors}
    there = {name for name, report in reports.items() if (asked.console.folder.root / report).is_file()}
    words = {name: _words(name) for name in reports}
    return asked.page(
        "certification.html", is_there=_is_there(), reports=reports, there=there, words=words, here="certification"
    )


def run(asked: Asked) -> Response:
    """Start the certification of a connector."""
    known = asked.console.catalog.find(asked.form.get("connector", ""))
    if not _is_there():
        raise ConfigurationError((Fault("certification", "this installation has no command for it"),))
    started = asked.console.commands.start(_words(known.name), f"Certify {known.title}")
    return asked.go(f"/started/{started.number}")

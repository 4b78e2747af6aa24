"""`custify doctor`: looks at everything a run needs, and says for each what to fix."""

from __future__ import annotations

from dataclasses import asdict

import click

from custify_connector.cli import choosing, layout
from custify_connector.cli.choosing import budget_option, credential_options, within_budget
from custify_connector.cli.connector_option import own
from custify_connector.cli.options import exit_codes, json_option
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import examining, examining_service
from custify_connector.host.examining import Finding

_SIGNS = {"ok": "ok  ", "note": "note", "fault": "FIX ", "skipped": "-   "}


@click.command()
@credential_options
@budget_option
@click.option("--offline", is_flag=True, help="Skip the checks that need the network.")
@json_option
@exit_codes
def command(offline: bool, as_json: bool) -> None:
    """Check Python, extras, keys, the data directory, network, clock, credential and limits.

    One request is sent, and it changes nothing. Exit code 0 when there is nothing to fix, else 1.

    \b
    custify doctor
    custify doctor --credential acme
    custify doctor --offline --json
    """  # noqa: D301 - click reads \b
    findings = [*examining.this_machine(), *([] if offline else _online())]
    if as_json:
        click.echo(layout.as_json([asdict(finding) for finding in findings]))
    else:
        _print(findings)
    raise SystemExit(1 if any(finding.verdict == "fault" for finding in findings) else 0)


def _online() -> list[Finding]:
    connector = own()
    try:
        found = within_budget(choosing.chosen())
    except ConfigurationError as error:
        fix = "custify doctor --credential NAME, where one is kept; else custify credential add NAME"
        made_up = within_budget({**connector.made_up_credential, **choosing.address()})
        service = examining_service.the_service(connector, made_up, None)
        return [Finding("credential", "fault", str(error), fix), *service]
    return examining_service.the_service(connector, found, str(found["name"]))


def _print(findings: list[Finding]) -> None:
    columns, room = layout.width(), max(len(finding.name) for finding in findings)
    for finding in findings:
        title = f"{_SIGNS[finding.verdict]}  {finding.name:<{room}}"
        click.echo(layout.hanging(title, finding.found, columns))
        if finding.fix:
            click.echo(layout.hanging(" " * len(title), f"-> {finding.fix}", columns))
    faults = sum(finding.verdict == "fault" for finding in findings)
    click.echo(f"\n{layout.counted(faults, 'thing')} to fix" if faults else "\nnothing to fix")

"""`custify certify`: judge an installed connector by what its testbed saw and holds, and say which rung it reached."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import click

from custify_connector.certification import catalogue, releasing, reports, running, subject
from custify_connector.certification.account import Account
from custify_connector.certification.checking import RUNGS, Rung
from custify_connector.certification.reporters import as_json, html, junit, terminal
from custify_connector.cli.choosing import credential_options
from custify_connector.cli.new_connector import write_connector
from custify_connector.cli.options import BAD_USAGE, credential, exit_codes
from custify_connector.cli.progress import Progress

_NOT_REACHED = 1
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
_FORMATS: dict[str, Callable[[reports.Report], str]] = {
    "html_path": html.text,
    "json_path": as_json.text,
    "junit_path": junit.text,
}


@click.command()
@click.argument("connector", default="custify")
@click.option("--report", "html_path", type=_FILE, metavar="PATH", help="Write the report as one HTML page.")
@click.option("--junit", "junit_path", type=_FILE, metavar="PATH", help="Write the report as JUnit XML.")
@click.option("--json", "json_path", type=_FILE, metavar="PATH", help="Write the report as JSON.")
@click.option("--rung", type=click.Choice(RUNGS), default="hardened", show_default=True, help="The rung to reach.")
@click.option("--group", "groups", multiple=True, metavar="LETTER", help="Run only this group of checks.")
@click.option("--check", "checks", multiple=True, metavar="ID", help="Run only this check.")
@click.option("--stream", "streams", multiple=True, metavar="NAME", help="Judge only this stream.")
@click.option("--live", is_flag=True, help="Judge by a real account, gently: only the checks of the rung live.")
@click.option("--allow-writes", is_flag=True, help="With --live: make a record of our own there, and remove it.")
@click.option("--init", is_flag=True, help="Write a new connector of this name, its testbed and its test, and stop.")
@click.option("--answer", "answers", multiple=True, metavar="WORD=VALUE", help="With --init: one fact of the service.")
@click.option("--directory", type=_FOLDER, metavar="PATH", help="With --init: where to write. Default: the name.")
@click.option("--release", type=_FILE, metavar="PATH", help="Store what the next release must still take, and stop.")
@credential_options
@exit_codes
def command(
    connector: str,
    rung: Rung,
    groups: tuple[str, ...],
    checks: tuple[str, ...],
    streams: tuple[str, ...],
    live: bool,
    allow_writes: bool,
    init: bool,
    answers: tuple[str, ...],
    directory: Path | None,
    release: Path | None,
    **paths: Path | None,
) -> None:
    """Certify an installed connector: every check, its evidence, and the rung that was reached.

    With --live, a stored credential or CUSTIFY_API_KEY; nothing is written there without --allow-writes.

    Exit codes: 0 the rung asked for is reached, 1 it is not, 2 there is no such connector.

    With --init, the questions that no --answer settles are asked on a terminal; elsewhere they keep their defaults.

    Examples: custify certify; custify certify custify --report report.html; custify certify --check D1;
    custify certify --init notes --answer stream=notes; custify certify notes --release released.json
    """
    if init:
        write_connector(connector, answers, directory)
        return
    if answers or directory:
        raise click.UsageError("--answer and --directory need --init")
    # What a connector logs is evidence for the checks that listen; without a handler it would come between the lines.
    logging.getLogger().addHandler(logging.NullHandler())
    _heed_interrupts()
    if release:
        release.write_text(releasing.stored(releasing.release(_installed(connector))), "utf-8")
        click.echo(f"{release}: written. Ship it with the connector: the testbed returns it from `released`.")
        return
    selection = running.Selection(rung, *(frozenset(named) for named in (groups, checks, streams)))
    judged = _installed(connector)
    if live:
        judged = replace(judged, account=Account(credential(), allow_writes))
        selection = replace(selection, rung="live", checks=selection.checks or _live(judged))
    if not any(map(selection.has, judged.checks)):
        raise click.UsageError(f"no check of the rung {rung}, or of one below it, is among those named")
    report = _certified(judged, selection)
    click.echo(terminal.summary(report))
    for name, path in paths.items():
        if path is not None:
            path.write_text(_FORMATS[name](report), "utf-8")
    raise SystemExit(0 if report.holds else _NOT_REACHED)


def _heed_interrupts() -> None:
    """End by SIGINT in the background, too, where shells have it ignored: a signal to this process is meant for it."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _installed(name: str) -> subject.Subject:
    try:
        return catalogue.installed(name)
    except LookupError as error:
        click.echo(f"custify certify: {error}", err=True)
        raise SystemExit(BAD_USAGE) from None


def _live(judged: subject.Subject) -> frozenset[str]:
    return frozenset(check.id for check in judged.checks if check.rung == "live")


def _certified(judged: subject.Subject, selection: running.Selection) -> reports.Report:
    environment = reports.environment(judged)
    outcomes: list[running.Outcome] = []
    chosen = [check for check in judged.checks if selection.has(check)]
    with Progress() as progress:
        progress.tell("checks", 0, len(chosen), chosen[0].title)
        for outcome in running.run(judged, selection):
            outcomes.append(outcome)
            progress.clear()
            click.echo(terminal.line(outcome))
            if rest := chosen[len(outcomes) :]:
                progress.tell("checks", len(outcomes), len(chosen), rest[0].title)
    return reports.Report(environment, selection, tuple(outcomes))

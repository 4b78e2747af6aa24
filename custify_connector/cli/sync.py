"""`custify sync`: plans that are run again and again under a name, by hand or by a schedule."""

from __future__ import annotations

import dataclasses
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from custify_connector.cli import layout, schedules, sync_alerts
from custify_connector.cli.load_reads import command_line
from custify_connector.cli.options import exit_codes, hearing, json_option
from custify_connector.contract.errors import ConfigurationError
from custify_connector.host import syncs
from custify_connector.host.processes import own
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_history import RunHistory
from custify_connector.host.syncs import Last, Sync
from custify_connector.host.vault import now
from custify_connector.manifest import resources

_HEADING = ("SYNC", "WHAT", "LAST RUN", "ENDED")
_MOST_RUNS = 200
_CRASHED = 1
_BAD_USAGE = 2

_folder = click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path(syncs.FOLDER), show_default=True,
    help="Where the syncs are.",
)  # fmt: skip


def _complete(context: click.Context, _parameter: click.Parameter, typed: str) -> list[str]:
    folder = Path(context.params.get("folder") or syncs.FOLDER)
    return [name for name in syncs.names(folder) if name.startswith(typed)]


_name = click.argument("name", shell_complete=_complete)


@click.group()
def command() -> None:
    """Run plans of reads and writes by a name: syncs/NAME.yaml, in the form that custify load --help shows.

    \b
    custify sync list
    custify sync run nightly
    custify sync schedule nightly --as cron
    """  # noqa: D301 - click reads \b


@command.command(context_settings={"ignore_unknown_options": True})
@_name
@click.argument("words", metavar="[LOAD OPTIONS]", nargs=-1, type=click.UNPROCESSED)
@_folder
@exit_codes
def run(name: str, words: tuple[str, ...], folder: Path) -> None:
    """Run a sync now; further options are those of custify load.

    The first run that fails after a good one, or fails in another way, starts the plan's on_failure, and the first that
    ends well after that its on_recovery: each gets the run as JSON on its standard input.

    \b
    custify sync run nightly
    custify sync run nightly --dry-run
    """  # noqa: D301 - click reads \b
    try:
        sync = syncs.find(folder, name, resources.schema("load"))
    except ConfigurationError as error:
        if "--dry-run" not in words:
            _report_unusable(folder, name, str(error))
        raise
    if "--dry-run" in words:
        raise SystemExit(command_line(("load", str(sync.path), *words)))
    with syncs.running(sync.path):
        code = _run(dataclasses.replace(sync, last=syncs.last_of(sync.path)), words)
    raise SystemExit(code)


def _run(sync: Sync, words: tuple[str, ...]) -> int:
    before = max((run.id for run in _recorded(1)), default=0)
    crash: Exception | None = None
    with hearing() as heard:
        try:
            code = command_line(("load", str(sync.path), *words))
        except Exception as error:  # noqa: BLE001 - raised again, once the failure is reported
            code, crash = _CRASHED, error
            heard.append(f"a fault of this program ({type(error).__name__})")
    done = [run for run in reversed(_recorded(_MOST_RUNS)) if run.id > before and run.pid == own()]
    _report(sync, done, code, heard)
    if crash:
        raise crash
    return code


def _report_unusable(folder: Path, name: str, reason: str) -> None:
    """Report a plan that cannot be run, where it still says how: a schedule shows no one what is printed."""
    sync = syncs.unusable(folder, name)
    if sync.document:
        with syncs.running(sync.path):
            _report(sync, [], _BAD_USAGE, [reason])


def _report(sync: Sync, done: list[Run], code: int, heard: list[str]) -> None:
    """Start the program that is to hear of how a sync ended, and keep how it did."""
    decisive = sync_alerts.decisive(sync, done, code, heard)
    kind = f"{decisive.status} {code}"
    alert = syncs.alert(sync.last, code, kind)
    is_reported = (
        not alert
        or alert not in sync.document
        or sync_alerts.start(sync, alert, sync_alerts.content(sync, decisive, done))
    )
    reported = syncs.after(sync.last, code, kind) if is_reported else sync.last.reported if sync.last else ""
    try:
        syncs.keep(sync.path, Last(code, now(), tuple(run.id for run in done), reported))
    except ConfigurationError as error:  # it never changes how the run ended
        click.echo(f"custify: how this run ended is not kept: {error}", err=True)


def _recorded(count: int) -> list[Run]:
    """Return the newest runs; none where the history cannot be read, which every run of it says."""
    with suppress(ConfigurationError):
        return RunHistory().page(count)
    return []


@command.command("list")
@_folder
@json_option
@exit_codes
def list_(folder: Path, as_json: bool) -> None:
    """List the syncs of a folder, each with how its last run ended.

    \b
    custify sync list
    """  # noqa: D301 - click reads \b
    found = syncs.every(folder, resources.schema("load"))
    if as_json:
        click.echo(layout.as_json([_shown(sync) for sync in found]))
    elif found:
        click.echo(layout.table(_HEADING, [_row(sync) for sync in found], layout.width(), frozenset()))
    else:
        click.echo(f"There is no sync in {folder} yet. A sync is a plan of custify load, as {folder}/NAME.yaml.")


def _row(sync: Sync) -> tuple[str, ...]:
    ended = f"{layout.ago(sync.last.ended)}, {sync.last.words}" if sync.last else "never run"
    number = str(sync.last.runs[-1]) if sync.last and sync.last.runs else ""
    return sync.name, sync.fault.partition("\n")[0] or sync.flow, number, ended


def _shown(sync: Sync) -> dict[str, Any]:
    last = {**vars(sync.last), "runs": list(sync.last.runs)} if sync.last else None
    return {"name": sync.name, "path": str(sync.path), "flow": sync.flow, "fault": sync.fault or None, "last": last}


@command.command()
@_name
@click.option("--as", "form", type=click.Choice(schedules.FORMS), required=True, help="What starts it.")
@click.option(
    "--at", type=schedules.Time(), default="02:15", show_default=True, metavar="HH:MM", help="Every day, then."
)
@_folder
@exit_codes
def schedule(name: str, form: schedules.Form, at: str, folder: Path) -> None:
    """Print what starts a sync every day: a line of cron, units of systemd, a DAG of Airflow or a CronJob.

    No key is in it: it comes from the vault, an environment file, a connection or a secret.

    \b
    custify sync schedule nightly --as cron
    custify sync schedule nightly --as systemd --at 03:30
    """  # noqa: D301 - click reads \b
    sync = syncs.find(folder, name, resources.schema("load"))
    click.echo(schedules.text(form, sync, at), nl=False)
    if "credential" not in sync.document:
        reason = "names no credential, so what starts it has to set CUSTIFY_API_KEY; or add `credential: NAME` to it"
        click.echo(f"custify: {sync.path}: {reason}", err=True)

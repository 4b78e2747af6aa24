"""`custify runs`: what was read and written on this machine, how it ended, and what to type next."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click

from custify_connector.cli import layout
from custify_connector.cli.completing import credential_names, run_numbers
from custify_connector.cli.options import exit_codes, json_option
from custify_connector.contract import OUTCOMES
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import named_states, next_steps, words
from custify_connector.host.recorded_run import STATUSES, Run
from custify_connector.host.run_history import RunHistory
from custify_connector.host.run_rows import RunRow

_STATE_HEADING = ("STATE", "CHANGED", "LEFT BY RUN", "CREDENTIAL", "NEXT RUN")
_FIGURES = frozenset({0, 3, 4})


@click.group(invoke_without_command=True)
@click.option("--count", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many to show.")
@click.option("--before", type=int, metavar="ID", help="Only runs older than this one: the next page.")
@click.option("--endpoint", help="Only runs of this endpoint.")
@click.option("--credential", shell_complete=credential_names, help="Only runs with this credential.")
@click.option("--status", type=click.Choice(STATUSES), help="Only runs that ended so.")
@json_option
@click.pass_context
@exit_codes
def command(context: click.Context, /, count: int, before: int | None, as_json: bool, **wanted: str | None) -> None:
    """List the runs of this machine, the newest first.

    Every read and write is recorded here, dry runs aside: what it was, how many records, how it ended and why.

    \b
    custify runs
    custify runs --status failed
    custify runs show 12
    custify runs --json --count 100
    """  # noqa: D301 - click reads \b
    if context.invoked_subcommand is not None:
        return
    history = RunHistory()
    runs = history.page(count, before, {name: value for name, value in wanted.items() if value})
    if as_json:
        click.echo(layout.as_json([run.shown() for run in runs]))
    elif runs:
        _print_table(runs, history.count(), wanted)
    else:
        click.echo("No such run is recorded." if any(wanted.values()) or before else "No run is recorded yet.")


def _print_table(runs: list[Run], total: int, wanted: dict[str, str | None]) -> None:
    heading = ("ID", "STARTED", "RUN", "RECORDS", "ERRORS", "ENDED", "WHY")
    rows = [
        (str(run.id), _started(run), f"{run.kind} {run.endpoint}", f"{run.records:,}", f"{run.errors:,}", run.status,
         "" if run.status == "finished" else (run.reason or "").removeprefix("finished; ").partition("\n")[0])
        for run in runs
    ]  # fmt: skip
    click.echo(layout.table(heading, rows, layout.width(), _FIGURES))
    shown = f"{len(runs):,} of {layout.counted(total, 'run')}" if not any(wanted.values()) else f"{len(runs):,} shown"
    click.echo(f"\n{shown}")
    if runs[-1].id > 1 and len(runs) < total:
        chosen = [word for name, value in wanted.items() if value for word in (f"--{name}", value)]
        click.echo(f"older ones:     {shlex.join(['custify', 'runs', *chosen, '--before', str(runs[-1].id)])}")
    click.echo(f"all about one:  custify runs show {runs[0].id}")


def _started(run: Run) -> str:
    today = datetime.now(timezone.utc).strftime("%Y-%m-%d")
    day, time = layout.clock(run.started).removesuffix(" UTC").split()
    return f"{'today' if day == today else day} {time}"


@command.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1), shell_complete=run_numbers)
@json_option
@exit_codes
def show(number: int, as_json: bool) -> None:
    """Show all that is known of one run, and the command to type next.

    \b
    custify runs show 12
    """  # noqa: D301 - click reads \b
    run = RunHistory().find(number)
    step = next_steps.after(run)
    if as_json:
        click.echo(layout.as_json({**run.shown(), "next": {"command": step.command, "why": step.why}}))
        return
    click.echo(layout.tile(f"run {run.id}: {run.kind} {run.endpoint}", _lines(run), layout.width()))
    if step.command is None:
        click.echo(f"\nnext: {step.why}")
        return
    elsewhere = f"cd {run.folder}\n  " if run.folder and Path(run.folder) != Path.cwd() else ""
    click.echo(f"\nnext, which {step.why}:\n  {elsewhere}{step.command}")


def _lines(run: Run) -> list[tuple[str, str]]:
    reason = (run.reason or "").replace("\n", "; ")
    ended = run.status if reason in {"", run.status} else f"{run.status}: {reason.removeprefix('finished; ')}"
    return [
        ("ended", ended),
        ("started", f"{layout.clock(run.started)} ({layout.ago(run.started)}), took {run.seconds:,.1f} s"),
        ("records", _records(run)),
        ("outcomes", words.outcomes(run.outcomes)),
        ("connector", run.connector),
        ("credential", run.credential),
        ("settings", _settings(run.settings)),
        ("from", run.input or ""),
        ("output", "standard output" if run.output == "-" else run.output or ""),
        ("state", f"{run.state_name} ({run.state})" if run.state_name else run.state or ""),
        ("rejected", run.quarantine or ""),
        ("journal", "" if run.status in {"finished", "rejects"} else run.journal or ""),
        ("process", f"{run.pid} on {run.machine}" if run.status == "running" else ""),
    ]


def _records(run: Run) -> str:
    errors = f", {run.errors:,} of them not accepted" if run.errors else ""
    return f"{run.records:,}{errors}; {run.size:,} bytes; runId {run.run_id}"


def _settings(settings: Mapping[str, Any]) -> str:
    """Return what a run was asked to do, its pace (`settings` of the hook) beside the rest."""
    flat = {**settings, **settings.get("settings", {})}
    return ", ".join(f"{name} {_word(value)}" for name, value in flat.items() if name != "settings")


def _word(value: Any) -> str:  # noqa: ANN401 - JSON
    return value if isinstance(value, str) else "none" if value is None else json.dumps(value, ensure_ascii=False)


_ROW_HEADING = ("RUN", "STARTED", "WHAT", "LINE", "OUTCOME", "KEY", "WHY")


@command.command()
@click.argument("text")
@click.option("--count", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many to show.")
@json_option
@exit_codes
def find(text: str, count: int, *, as_json: bool) -> None:
    """Show the outcome of one record in every run: TEXT is the key it was sent by, or how that begins.

    That is its id, or its address where it was sent without an id. A row that was rejected is found by its other values
    as well.

    \b
    custify runs find u-1
    """  # noqa: D301 - click reads \b
    _print_rows(RunHistory().rows_about(text, count + 1), count, as_json=as_json)


@command.command()
@click.argument("number", metavar="ID", type=click.IntRange(1, 2**63 - 1), shell_complete=run_numbers)
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Only rows with this outcome.")
@click.option("--count", type=click.IntRange(1, 1_000_000), default=50, show_default=True, help="How many to show.")
@json_option
@exit_codes
def rows(number: int, outcome: str | None, count: int, *, as_json: bool) -> None:
    """Show the outcomes of the rows of a write; with --json also the records and replies that --capture kept.

    \b
    custify runs rows 12 --outcome rejected
    """  # noqa: D301 - click reads \b
    history = RunHistory()
    history.find(number)
    _print_rows(history.rows(number, outcome, count + 1), count, as_json=as_json)


def _print_rows(found: list[RunRow], count: int, *, as_json: bool) -> None:
    """Print so many rows, and say where there are more."""
    if len(found) > count:
        found = found[:count]
        click.echo(f"only the first {count:,} rows: --count shows more", err=True)
    if as_json:
        click.echo(layout.as_json([row.shown() for row in found]))
        return
    if not found:
        click.echo("No such row is recorded.")
        return
    history, known = RunHistory(), dict[int, Run]()
    for row in found:
        if row.run not in known:
            known[row.run] = history.find(row.run)
    lines = [
        (str(row.run), _started(known[row.run]), f"{known[row.run].kind} {known[row.run].endpoint}", str(row.line),
         row.receipt.outcome, " ".join(map(str, (row.receipt.key or {}).values())), row.receipt.reason or "")
        for row in found
    ]  # fmt: skip
    click.echo(layout.table(_ROW_HEADING, lines, layout.width(), frozenset({0, 3})))


@command.command()
@click.option("--keep", type=click.IntRange(min=0), metavar="N", help="Keep the newest N runs.")
@click.option("--keep-days", type=click.FloatRange(min=0), metavar="DAYS", help="Keep the runs of so many days.")
@exit_codes
def prune(keep: int | None, keep_days: float | None) -> None:
    """Forget old runs. What runs now stays, and so does the last run of each state that is kept by name.

    The newest 10,000 are kept without being asked.

    \b
    custify runs prune --keep-days 90
    custify runs prune --keep 1000
    """  # noqa: D301 - click reads \b
    if keep is None and keep_days is None:
        raise ConfigurationError((Fault("prune", "say what to keep: --keep N or --keep-days DAYS"),))
    click.echo(f"{layout.counted(RunHistory().prune(keep, keep_days), 'run')} forgotten")


@command.command()
@click.option(
    "--remove", metavar="NAME", help="Remove this state: the next run with its name starts from the beginning."
)
@json_option
@exit_codes
def states(remove: str | None, as_json: bool) -> None:
    """List the states that are kept by name, with the run that left each.

    \b
    custify runs states
    custify runs states --remove nightly
    """  # noqa: D301 - click reads \b
    if remove is not None:
        named_states.remove(remove)
        click.echo(f"the state {remove!r} is removed")
        return
    last, found = RunHistory().last_of_states(), named_states.every()
    if as_json:
        click.echo(layout.as_json([_state_shown(state, last.get(state.name)) for state in found]))
    elif found:
        rows = [_state_row(state, last.get(state.name)) for state in found]
        click.echo(layout.table(_STATE_HEADING, rows, layout.width(), frozenset()))
    else:
        click.echo("No state is kept by name yet. To keep one: custify read ENDPOINT --state NAME")


def _state_row(state: named_states.NamedState, run: Run | None) -> tuple[str, ...]:
    what = f"{run.id} {run.kind} {run.endpoint}" if run else "not recorded"
    goes_on = "resumes where the last one stopped" if state.unfinished else "resumes after the last one"
    return state.name, layout.ago(state.changed), what, run.credential if run else "", goes_on


def _state_shown(state: named_states.NamedState, run: Run | None) -> dict[str, Any]:
    return {
        "name": state.name,
        "path": str(state.path),
        "changed": state.changed,
        "unfinished": state.unfinished,
        "last_run": run.shown() if run else None,
    }

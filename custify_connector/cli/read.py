"""`custify read`: the records of one endpoint, several or all, to a file, a folder, a database or standard output."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from custify_connector.cli import completing, layout, read_cost, read_dlt, read_dry, read_summary, recording
from custify_connector.cli.connector_option import connector_option, named
from custify_connector.cli.option_types import SOURCE, STATE
from custify_connector.cli.options import (
    WithSettings,
    account_of,
    credential,
    ended_as_asked,
    exit_codes,
    fail,
    settings,
    settings_options,
    start_logging,
)
from custify_connector.cli.progress import Progress
from custify_connector.cli.read_places import output_held
from custify_connector.cli.read_summary import Rows
from custify_connector.cli.reads import Job, jobs
from custify_connector.cli.replacing import check_replaced
from custify_connector.cli.wanted import Mode, Wanted, check
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault
from custify_connector.host import named_states, runs, several
from custify_connector.host.connectors import Hooks
from custify_connector.host.interruption import Interruption
from custify_connector.host.outputs import FORMS
from custify_connector.host.outputs.form import FileForm
from custify_connector.host.outputs.place import STANDARD, local
from custify_connector.host.outputs.postgres_engine import address_of, is_postgres
from custify_connector.host.outputs.stream import Names
from custify_connector.host.recorded_run import Run
from custify_connector.host.run_files import Used, held, refuse_shared
from custify_connector.host.writable import WritableHooks
from custify_connector.reading import state as states

_IN_FLIGHT = 32


@click.command(cls=WithSettings)
@click.argument("endpoints", metavar="ENDPOINT...", nargs=-1, shell_complete=completing.sources)
@click.option("--all", "every", is_flag=True, help="Read every endpoint.")
@click.option(
    "--except", "left_out", multiple=True, metavar="ENDPOINT", shell_complete=completing.sources,
    help="With --all: not this one; repeatable.",
)  # fmt: skip
@click.option(
    "--source", type=SOURCE, metavar="JSON|@FILE",
    help="In place of an endpoint: a source configured by hand, as schemas/source.json has it.",
)  # fmt: skip
@click.option("--output", "-o", default="-", metavar="PATH", help="Where the records go; - is standard output.")
@click.option("--format", "form", type=click.Choice(FORMS), help="Default: by the ending of PATH; jsonl for a folder.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is not an earlier output of this read.")
@click.option("--for-excel", is_flag=True, help="Start a CSV with the byte order mark by which Excel detects UTF-8.")
@click.option(
    "--names", type=click.Choice(["dotted", "snake"]),
    help="Columns as custom_attributes.plan, or custom_attributes__plan. Default: dotted; in PostgreSQL snake.",
)  # fmt: skip
@click.option(
    "--duckdb-version", metavar="X.Y", default="1.2", show_default=True,
    help="The oldest DuckDB version that must be able to open a new database.",
)  # fmt: skip
@click.option(
    "--writable", metavar="DESTINATION",
    help="Keep what this destination takes, in its form, so that the output can be written.",
)  # fmt: skip
@click.option(
    "--mode",
    type=click.Choice(["full", "incremental"]),
    help="Everything, or what changed. Default: full; into a database incremental, where that is offered.",
)
@click.option(
    "--state", type=STATE, metavar="NAME|PATH", help="Resume from this state and update it: a name, or a file."
)
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", shell_complete=completing.parameters,
    help="A parameter of the endpoint; repeatable.",
)  # fmt: skip
@click.option("--field", "fields", multiple=True, metavar="NAME", help="Keep only these fields; repeatable.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many records.")
@click.option(
    "--allow-incomplete",
    is_flag=True,
    help="Keep an incomplete read, in which records that Custify counts did not come.",
)
@click.option(
    "--trust-parents", is_flag=True,
    help="Ask only for what belongs to parents that have any by their count, and that changed since the last run.",
)  # fmt: skip
@click.option("--any-ids", is_flag=True, help="Ask for Custify ids that are not 24 hexadecimal digits, too.")
@click.option("--dry-run", is_flag=True, help="Ask for first pages only: records, requests, minutes, and the output.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON, where records go to a file.")
@click.option("--same-account", is_flag=True, help="Take the state although the key of its account was replaced.")
@connector_option
@settings_options
@exit_codes
def command(
    endpoints: tuple[str, ...],
    every: bool,
    left_out: tuple[str, ...],
    source: dict[str, Any] | None,
    output: str,
    form: FileForm | None,
    mode: Mode | None,
    state: Path | None,
    params: tuple[str, ...],
    fields: tuple[str, ...],
    limit: int | None,
    overwrite: bool,
    for_excel: bool,
    writable: str | None,
    names: Names | None,
    duckdb_version: str,
    dry_run: bool,
    as_json: bool,
    same_account: bool,
    connector_name: str | None,
    **options: Any,  # noqa: ANN401 - click passes each option by its name
) -> None:
    """Read endpoints: records as text, Parquet, or tables of a DuckDB or PostgreSQL database.

    Several go side by side into a folder, one file each, or into a database, one table each.

    \b
    custify read people --output people.jsonl
    custify read people --output people.csv
    custify read companies --mode incremental -o changes/
    custify read people companies deals --format parquet --output lake
    custify read --all --output crm.duckdb
    custify read --all --output postgresql://host/database/schema
    custify read --all --output dlt:snowflake

    \b
    custify read --source '{"request": {"path": "/people/all"}, "records": ["people"]}'
    custify read --source @by-hand.json -o people.jsonl
    """  # noqa: D301 - click reads \b
    start_logging(verbose=options["verbose"], form=options["log_format"])
    chosen = named(connector_name)
    is_local = not output.startswith(read_dlt.START) and not (is_postgres(output) and address_of(output))
    output = local(output) if is_local else output
    wanted = Wanted(
        endpoints,
        output,
        form,
        mode,
        state,
        params,
        fields,
        limit,
        every,
        source,
        chosen,
        overwrite,
        for_excel,
        writable,
        names or ("snake" if is_postgres(output) and writable is None else "dotted"),
        duckdb_version,
        left_out,
        options["trust_parents"],
    )
    _check(wanted, as_json=as_json and not dry_run)
    if output.startswith(read_dlt.START):
        read_dlt.check()
        read_dlt.read(wanted, credential(chosen.label), settings(options), as_json=as_json)
        return
    with ended_as_asked() as asked:
        check(wanted)
        pace, known = settings(options), credential(chosen.label)
        owner = runs.Owner(account_of(known, chosen), same_account)
        refuse_shared([Used("--output", output), *([Used("--state", str(state))] if state else [])])
        if dry_run:
            plans = jobs(wanted, pace, known)
            check_replaced(wanted, plans)
            read_dry.show(plans, known, wanted, owner, as_json=as_json)
            return
        with held([state] if state else []), output_held(wanted):
            chosen_jobs = jobs(wanted, pace, known)
            check_replaced(wanted, chosen_jobs)
            if wanted.several:
                raise SystemExit(_read_several(chosen_jobs, known, wanted, owner, asked, as_json=as_json))
            _read_one(chosen_jobs[0], known, wanted, owner, asked, as_json=as_json)


def _check(wanted: Wanted, *, as_json: bool) -> None:
    ways = [bool(wanted.endpoints), wanted.every, wanted.source is not None]
    if sum(ways) != 1:
        reason = (
            "cannot be combined: use ENDPOINT, --all or --source"
            if any(ways)
            else "name one or several, or add --all: custify describe lists them"
        )
        raise ConfigurationError((Fault("ENDPOINT", reason),))
    if as_json and wanted.output == STANDARD:
        raise ConfigurationError((Fault("--json", "needs --output: the records are on standard output already"),))


def _read_one(
    job: Job, known: Mapping[str, Any], wanted: Wanted, owner: runs.Owner, asked: Interruption, *, as_json: bool
) -> None:
    began = time.monotonic()
    with Progress(ending=lambda: asked) as progress:
        try:
            count = _read(job, known, wanted, owner, _run(job, known, wanted), progress, asked, lambda: bool(asked))
        except ConnectorError as error:
            if as_json:
                read_summary.print_json({job.name: several.Ended(None, error, time.monotonic() - began)}, [job], wanted)
            raise
    where = "" if wanted.output == STANDARD else f" in {job.target.path}"
    click.echo(f"{job.name}: {layout.counted(count.records, 'record')}{where}", err=True)
    if job.writable and job.writable.left_out:
        names = ", ".join(sorted(job.writable.left_out))
        click.echo(f"left out, because {wanted.writable} does not take them: {names}", err=True)
    if as_json:
        read_summary.print_json({job.name: several.Ended(count, None, time.monotonic() - began)}, [job], wanted)
    if count.ended:
        kept = wanted.state and (named_states.name_of(wanted.state) or wanted.state)
        kept = kept or (job.target.path if wanted.is_database else None)
        go_on = f". Run the same command again to resume from {kept}" if kept else ""
        fail(f"stopped early{go_on}", asked.exit_code)


def _run(job: Job, known: Mapping[str, Any], wanted: Wanted) -> Run:
    """Return what the history records of a read; made where the command's own thread knows what was typed."""
    connector = wanted.connector.label
    return recording.reading(known, job.source, job.target.path, wanted.state, connector, job.name)


def _read(
    job: Job,
    known: Mapping[str, Any],
    wanted: Wanted,
    owner: runs.Owner,
    run: Run,
    progress: Progress,
    asked: Interruption,
    ended: Callable[[], bool],
) -> runs.ReadCount:
    with recording.recorded(run, wanted.connector.secrets(known)) as record:

        def tell(count: runs.ReadCount) -> None:
            total = states.expected(count.state)
            progress.tell(job.name, count.records, total)
            record.count(count.records, size=count.size, total=total)

        progress.tell(job.name, 0)  # the first page may have to wait
        watch = runs.Watch(tell, ended)
        count = runs.read(_hooks(job, wanted), known, job.source, job.target, job.keeping, watch, owner)
        total = states.expected(count.state) if count.ended else count.records
        record.count(count.records, size=count.size, total=total)
        record.ended(asked.exit_code if count.ended else 0)
    return count


def _hooks(job: Job, wanted: Wanted) -> Hooks:
    hooks: Hooks = wanted.connector.hooks
    return hooks if job.writable is None else WritableHooks(hooks, job.writable)


def _read_several(
    chosen: list[Job],
    known: Mapping[str, Any],
    wanted: Wanted,
    owner: runs.Owner,
    asked: Interruption,
    *,
    as_json: bool,
) -> int:
    at_once = min(several.AT_ONCE, len(chosen))
    if wanted.connector.takes("source", "max_in_flight"):
        chosen = [_with_share(job, at_once) for job in chosen]
    requests = read_cost.requests(chosen, known, wanted)
    for line in read_cost.lines(chosen, requests, wanted):
        click.echo(layout.prose(line, layout.width(), "  "), err=True)
    rows = Rows(job.name for job in chosen)
    click.echo(rows.heading, err=True)
    with Progress(len(chosen), lambda: asked) as progress:
        cheap_first = sorted(chosen, key=lambda job: requests.get(job.name, 0))
        done = _read_side_by_side(cheap_first, known, wanted, owner, progress, rows, asked)
    for line in (rows.total(done.values()), *read_summary.lines(done, chosen, wanted, layout.width())):
        click.echo(line, err=True)
    if as_json:
        read_summary.print_json(done, chosen, wanted)
    return asked.exit_code if asked else read_summary.exit_code_of(list(done.values()))


def _read_side_by_side(
    chosen: list[Job],
    known: Mapping[str, Any],
    wanted: Wanted,
    owner: runs.Owner,
    progress: Progress,
    rows: Rows,
    asked: Interruption,
) -> dict[str, several.Ended]:
    by_name = {job.name: job for job in chosen}
    reads = {
        job.name: functools.partial(_read, job, known, wanted, owner, _run(job, known, wanted), progress, asked)
        for job in chosen
    }

    def tell(name: str, ended: several.Ended) -> None:
        if read_summary.begun(ended):
            progress.end(name, rows.of(by_name[name], ended))

    return several.read_all(reads, lambda: bool(asked), tell)


def _with_share(job: Job, at_once: int) -> Job:
    """Give a stream its share of the requests that may be under way; the rate is one for all of them anyway."""
    chosen = job.source.get("settings", {})
    share = max(1, chosen.get("max_in_flight", _IN_FLIGHT) // at_once)
    source = {**job.source, "settings": {**chosen, "max_in_flight": share}}
    return replace(job, source=source)

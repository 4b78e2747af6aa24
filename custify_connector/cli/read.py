"""`custify read`: the records of one endpoint, several or all, to a file, a folder, a database or standard output."""

from __future__ import annotations

import functools
import shlex
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from custify_connector import states
from custify_connector.cli import completing, layout, recording, summaries
from custify_connector.cli.connector_option import connector_option, named
from custify_connector.cli.options import (
    KEY_REFUSED,
    SOME_REJECTED,
    UNAVAILABLE,
    credential,
    exit_codes,
    fail,
    settings,
    settings_options,
    start_logging,
)
from custify_connector.cli.progress import Progress
from custify_connector.cli.read_places import output_held
from custify_connector.cli.reads import Job, check, jobs
from custify_connector.cli.source_option import SOURCE
from custify_connector.cli.state_option import STATE
from custify_connector.cli.wanted import Mode, Wanted
from custify_connector.errors import ConfigurationError, CredentialRefused, Fault, ServiceUnavailable, UnexpectedReply
from custify_connector.host import named_states, runs, several
from custify_connector.host.interruption import Interruption, interruption
from custify_connector.host.outputs import FORMS, Form
from custify_connector.host.outputs.target import STANDARD
from custify_connector.host.run_history import Run

_IN_FLIGHT = 8


@click.command()
@click.argument("endpoints", metavar="ENDPOINT...", nargs=-1, shell_complete=completing.sources)
@click.option("--all", "every", is_flag=True, help="Read every endpoint.")
@click.option(
    "--source", type=SOURCE, metavar="JSON|@FILE",
    help="In place of an endpoint: a source configured by hand, as schemas/source.json has it.",
)  # fmt: skip
@click.option("--output", "-o", default="-", metavar="PATH", help="Where the records go; - is standard output.")
@click.option("--format", "form", type=click.Choice(FORMS), help="Default: by the ending of PATH, else jsonl.")
@click.option(
    "--mode",
    type=click.Choice(["full", "incremental"]),
    help="Everything, or what changed. Default: full; into DuckDB incremental, where that is offered.",
)
@click.option(
    "--state", type=STATE, metavar="NAME|PATH", help="Go on from this state, and keep it: by a name, or in a file."
)
@click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", shell_complete=completing.parameters,
    help="A parameter of the endpoint; repeatable.",
)  # fmt: skip
@click.option("--field", "fields", multiple=True, metavar="NAME", help="Keep only these fields; repeatable.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many records.")
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON, where records go to a file.")
@connector_option
@settings_options
@exit_codes
def command(
    endpoints: tuple[str, ...],
    every: bool,
    source: dict[str, Any] | None,
    output: str,
    form: Form | None,
    mode: Mode | None,
    state: Path | None,
    params: tuple[str, ...],
    fields: tuple[str, ...],
    limit: int | None,
    as_json: bool,
    connector_name: str | None,
    **options: Any,  # noqa: ANN401 - click passes each option by its name
) -> None:
    """Read endpoints: records as JSON lines, CSV, Parquet, or tables of a DuckDB database.

    Several go side by side into a folder, one file each, or into a database, one table each.

    \b
    custify read people --output people.jsonl
    custify read people --output people.csv
    custify read companies --mode incremental --state nightly -o changed.jsonl
    custify read people companies deals --format parquet --output lake
    custify read --all --output crm.duckdb

    \b
    custify read --source '{"request": {"path": "/people/all"}, "records": ["people"]}'
    custify read --source @by-hand.json -o people.jsonl
    """  # noqa: D301 - click reads \b
    start_logging(verbose=options["verbose"], form=options["log_format"])
    chosen = named(connector_name)
    wanted = Wanted(endpoints, output, form, mode, state, params, fields, limit, every, source, chosen)
    _check(wanted, as_json=as_json)
    check(wanted)
    pace, known = settings(options), credential(chosen.label)
    with output_held(wanted), interruption() as asked:
        if wanted.several:
            raise SystemExit(_read_several(jobs(wanted, pace, known), known, wanted, asked, as_json=as_json))
        _read_one(jobs(wanted, pace, known)[0], known, wanted, asked, as_json=as_json)


def _check(wanted: Wanted, *, as_json: bool) -> None:
    ways = [bool(wanted.endpoints), wanted.every, wanted.source is not None]
    if sum(ways) != 1:
        reason = (
            "name one, several, or say --all: custify describe lists them"
            if not any(ways)
            else "goes without --all"
            if wanted.source is None
            else "goes without --source, and so does --all"
        )
        raise ConfigurationError((Fault("ENDPOINT", reason),))
    if as_json and wanted.output == STANDARD:
        raise ConfigurationError((Fault("--json", "needs --output: the records are on standard output already"),))


def _read_one(job: Job, known: Mapping[str, Any], wanted: Wanted, asked: Interruption, *, as_json: bool) -> None:
    began = time.monotonic()
    with Progress() as progress:
        count = _read(job, known, wanted, _run(job, known, wanted), progress, asked, lambda: bool(asked))
    where = "" if wanted.output == STANDARD else f" in {wanted.output}"
    click.echo(f"{job.name}: {count.records:,} records{where}", err=True)
    if as_json:
        _print_json({job.name: several.Ended(count, None, time.monotonic() - began)}, [job], wanted)
    if count.ended:
        kept = wanted.state and (named_states.name_of(wanted.state) or wanted.state)
        kept = kept or (wanted.output if wanted.form_chosen == "duckdb" else None)
        go_on = f"; the same command goes on from {kept}" if kept else ""
        fail(f"ended before the last record{go_on}", asked.exit_code)


def _run(job: Job, known: Mapping[str, Any], wanted: Wanted) -> Run:
    """Return what the history is told of a read; made where the command's own thread knows what was typed."""
    connector = wanted.connector.label
    return recording.reading(known, job.source, job.target.path, wanted.state, connector, job.name)


def _read(
    job: Job,
    known: Mapping[str, Any],
    wanted: Wanted,
    run: Run,
    progress: Progress,
    asked: Interruption,
    ended: Callable[[], bool],
) -> runs.ReadCount:
    secrets = None if wanted.connector.is_own else wanted.connector.secrets(known)
    with recording.recorded(run, known, secrets) as record:

        def tell(count: runs.ReadCount) -> None:
            progress.tell(job.name, count.records, states.expected(count.state))
            record.count(count.records, size=count.size)

        watch = runs.Watch(tell, ended)
        count = runs.read(wanted.connector.hooks, known, job.source, job.target, job.keeping, watch)
        record.count(count.records, size=count.size)
        record.ended(asked.exit_code if count.ended else 0)
    return count


def _read_several(
    chosen: list[Job], known: Mapping[str, Any], wanted: Wanted, asked: Interruption, *, as_json: bool
) -> int:
    at_once = min(several.AT_ONCE, len(chosen))
    chosen = [_with_share(job, at_once) if wanted.connector.is_own else job for job in chosen]
    with Progress(len(chosen)) as progress:
        reads = {
            job.name: functools.partial(_read, job, known, wanted, _run(job, known, wanted), progress, asked)
            for job in chosen
        }
        done = several.read_all(reads, lambda: bool(asked), lambda name, end: progress.end(name, _text(end)), at_once)
    _summarise(done, chosen, wanted)
    if as_json:
        _print_json(done, chosen, wanted)
    return asked.exit_code if asked else exit_code_of(list(done.values()))


def _with_share(job: Job, at_once: int) -> Job:
    """Give a stream its share of the requests that may be under way; the rate is one for all of them anyway."""
    chosen = job.source["settings"]
    share = max(1, chosen.get("max_in_flight", _IN_FLIGHT) // at_once)
    source = {**job.source, "settings": {**chosen, "max_in_flight": share}}
    return Job(job.name, source, job.target, job.keeping)


def _text(ended: several.Ended) -> str:
    if ended.error is not None:
        return "failed"
    if ended.count is None:
        return "not read"
    return layout.counted(ended.count.records, "record") + (", ended before the last" if ended.count.ended else "")


def exit_code_of(ended: list[several.Ended]) -> int:
    """Return the exit code of a run of several streams.

    3 when the key was refused, 4 when nothing was read because Custify could not be reached, 1 when some failed.
    """
    errors = [each.error for each in ended if each.error is not None]
    if not errors:
        return 0 if all(each.whole for each in ended) else SOME_REJECTED
    refused = [isinstance(error, CredentialRefused) for error in errors]
    keys = [error for error in errors if type(error) is CredentialRefused]
    if keys or (all(refused) and len(errors) == len(ended)):
        return KEY_REFUSED
    gone = all(isinstance(error, (ServiceUnavailable, UnexpectedReply)) for error in errors)
    return UNAVAILABLE if gone and len(errors) == len(ended) else SOME_REJECTED


def _summarise(done: Mapping[str, several.Ended], chosen: list[Job], wanted: Wanted) -> None:
    """Print a table of what was read, then why a stream failed, then what to type next."""
    rows = [("stream", "mode", "records", "seconds", "outcome")]
    for job in chosen:
        ended = done[job.name]
        count = f"{ended.count.records:,}" if ended.count else "-"
        rows.append((job.name, job.source.get("mode", "full"), count, f"{ended.seconds:.1f}", _outcome(ended)))
    records = sum(each.count.records for each in done.values() if each.count)
    rows.append(("total", "", f"{records:,}", "", ""))
    click.echo("", err=True)
    for line in summaries.table(rows, right=(2, 3)):
        click.echo(line, err=True)
    for reason in dict.fromkeys(_reasons(done)):
        for line in summaries.wrapped(reason, "  "):
            click.echo(line, err=True)
    _tell_next(done, wanted)


def _reasons(done: Mapping[str, several.Ended]) -> Iterator[str]:
    """Yield why streams failed; once the key is refused, that alone: it is the reason of all the others."""
    failed = {name: str(each.error) for name, each in done.items() if each.error}
    refused = [str(each.error) for each in done.values() if type(each.error) is CredentialRefused]
    for name, reason in failed.items():
        if not refused or reason == refused[0]:
            yield reason if reason.startswith(name) else f"{name}: {reason}"


def _outcome(ended: several.Ended) -> str:
    if ended.error is not None:
        return "failed"
    return "ok" if ended.whole else "not finished" if ended.count else "not read"


def _tell_next(done: Mapping[str, several.Ended], wanted: Wanted) -> None:
    whole = [name for name, each in done.items() if each.whole]
    what = "table" if wanted.form_chosen == "duckdb" else "file"
    click.echo(f"\n{len(whole)} of {len(done)} streams are in {wanted.output}, one {what} each", err=True)
    if len(whole) < len(done):
        click.echo("the others are as they were; the same command goes on where they stopped", err=True)
    if whole and wanted.form_chosen == "duckdb":
        click.echo("to look into it, where the command duckdb is installed:", err=True)
        click.echo(f'  duckdb {shlex.quote(wanted.output)} "FROM {whole[0]} LIMIT 5"', err=True)


def _print_json(done: Mapping[str, several.Ended], chosen: list[Job], wanted: Wanted) -> None:
    import orjson  # noqa: PLC0415 - only this way of printing needs it

    streams = [
        {
            "stream": job.name,
            "mode": job.source.get("mode", "full"),
            "outcome": _outcome(done[job.name]),
            "records": count.records if (count := done[job.name].count) else 0,
            "seconds": round(done[job.name].seconds, 3),
            "path": job.target.path,
            "error": str(error) if (error := done[job.name].error) else None,
        }
        for job in chosen
    ]
    summary = {"output": wanted.output, "format": wanted.form_chosen, "streams": streams}
    click.echo(orjson.dumps(summary, option=orjson.OPT_INDENT_2).decode())

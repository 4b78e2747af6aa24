"""What is reported of several streams that were read: a row as each ends, then why some failed, and what to type next.

Decides the words and the exit code of such a run. It prints what it is given to print, and reads nothing.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence

import click

from custify_connector.cli import layout
from custify_connector.cli.options import BAD_USAGE, KEY_REFUSED, SOME_REJECTED, UNAVAILABLE, in_options
from custify_connector.cli.reads import Job
from custify_connector.cli.wanted import Wanted
from custify_connector.contract.errors import (
    ConfigurationError,
    CredentialRefused,
    IncompleteRead,
    ServiceUnavailable,
    UnexpectedReply,
)
from custify_connector.host.outputs.database_tables import quoted
from custify_connector.host.outputs.postgres_engine import address_of
from custify_connector.host.several import Ended

_INCREMENTAL = "incremental: what is new or changed since the run before; --mode full reads everything again"


class Rows:
    """The rows of one table, each printed when its stream has ended, so the widths are known before the first."""

    def __init__(self, streams: Iterable[str]) -> None:
        self._room = max(len("stream"), *map(len, streams))

    @property
    def heading(self) -> str:
        """The first row."""
        return self._row("stream", "mode", "records", "seconds", "outcome")

    def of(self, job: Job, ended: Ended) -> str:
        """Return the row of a stream that has ended."""
        records = f"{ended.count.records:,}" if ended.count else "-"
        return self._row(job.name, job.source.get("mode", "full"), records, f"{ended.seconds:.1f}", outcome(ended))

    def total(self, done: Iterable[Ended]) -> str:
        """Return the last row."""
        return self._row("total", "", f"{sum(each.count.records for each in done if each.count):,}", "", "")

    def _row(self, stream: str, mode: str, records: str, seconds: str, outcome: str) -> str:
        return f"{stream:<{self._room}}  {mode:<11}  {records:>11}  {seconds:>8}  {outcome}".rstrip()


def outcome(ended: Ended) -> str:
    """Return the outcome of a stream, in a word."""
    if ended.error is not None:
        return "incomplete" if isinstance(ended.error, IncompleteRead) else "failed"
    return "ok" if ended.whole else "not finished" if ended.count else "not read"


def begun(ended: Ended) -> bool:
    """Say whether a stream was begun: there is nothing to tell of the others."""
    return ended.count is not None or ended.error is not None


def exit_code_of(ended: Sequence[Ended]) -> int:
    """Return the exit code of a run of several streams.

    3 when the key was refused; 4 when nothing was read because Custify could not be reached, 2 when nothing was because
    of a setting, such as the state of another account; 1 when some failed.
    """
    errors = [each.error for each in ended if each.error is not None]
    if not errors:
        return 0 if all(each.whole for each in ended) else SOME_REJECTED
    refused = [isinstance(error, CredentialRefused) for error in errors]
    keys = [error for error in errors if type(error) is CredentialRefused]
    if keys or (all(refused) and len(errors) == len(ended)):
        return KEY_REFUSED
    if len(errors) < len(ended):
        return SOME_REJECTED
    if all(isinstance(error, (ServiceUnavailable, UnexpectedReply)) for error in errors):
        return UNAVAILABLE
    return BAD_USAGE if all(isinstance(error, ConfigurationError) for error in errors) else SOME_REJECTED


def lines(done: Mapping[str, Ended], chosen: Sequence[Job], wanted: Wanted, columns: int) -> Iterator[str]:
    """Yield what comes below the table: why streams failed, where the others are, and what to type next."""
    if any(job.source.get("mode", "full") == "incremental" and done[job.name].whole for job in chosen):
        yield layout.prose(_INCREMENTAL, columns, "  ")
    for reason in dict.fromkeys(_reasons(done)):
        yield layout.prose(reason, columns, "  ")
    yield ""
    whole = [name for name, each in done.items() if each.whole]
    what = "table" if wanted.is_database else "file"
    yield f"{len(whole)} of {len(done)} streams are in {wanted.output}, one {what} each"
    if len(whole) < len(done):
        yield "the others are as they were; the same command goes on where they stopped"
    if whole and wanted.form_chosen == "duckdb":
        yield "to look into it, where the command duckdb is installed:"
        yield f'  duckdb {shlex.quote(wanted.output)} "FROM {whole[0]} LIMIT 5"'
    if whole and wanted.form_chosen == "postgres":
        address = address_of(wanted.output)
        table = quoted(address.schema) + "." + quoted(whole[0])
        yield "to look into it, where psql is installed:"
        yield f"  psql {shlex.quote(address.url)} -c {shlex.quote(f'TABLE {table} LIMIT 5')}"


def _reasons(done: Mapping[str, Ended]) -> Iterator[str]:
    """Yield why streams were not read; once the key is refused, that alone: it is the reason of all the others."""
    refused = [str(each.error) for each in done.values() if type(each.error) is CredentialRefused]
    failed = {name: in_options(each.error) for name, each in done.items() if each.error}
    yield from refused[:1] or (text if text.startswith(name) else f"{name}: {text}" for name, text in failed.items())
    waiting = [name for name, each in done.items() if not begun(each)]
    if waiting:
        yield f"not read: {', '.join(waiting)}"


def print_json(done: Mapping[str, Ended], chosen: Sequence[Job], wanted: Wanted) -> None:
    """Print the same for scripts, in the order of the endpoints."""
    summary = {"output": wanted.output, "format": wanted.form_chosen}
    streams = [_shown(job, done[job.name]) for job in chosen]
    click.echo(layout.as_json({**summary, "streams": streams}))


def _shown(job: Job, ended: Ended) -> dict[str, object]:
    return {
        "stream": job.name,
        "mode": job.source.get("mode", "full"),
        "outcome": outcome(ended),
        "records": ended.count.records if ended.count else 0,
        "seconds": round(ended.seconds, 3),
        "path": job.target.path,
        "error": str(ended.error) if ended.error else None,
    }

"""What `write` and `replay` share: a run that is kept safe, followed, and summed up."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import orjson

from custify_connector.cli import layout, recording, write_summary
from custify_connector.cli.connector_option import own
from custify_connector.cli.options import SOME_REJECTED, credential
from custify_connector.cli.progress import Progress
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault
from custify_connector.host import journal as journals
from custify_connector.host import next_steps, runs, words
from custify_connector.host.connectors import Chosen
from custify_connector.host.delivered import Delivered
from custify_connector.host.feed import Line, Safekeeping, Shape
from custify_connector.host.interruption import Interruption, interruption
from custify_connector.host.journal import Journal
from custify_connector.host.outputs import Output, open_output
from custify_connector.host.quarantine import Quarantine
from custify_connector.host.rows import Table

HOME = Path(".custify")
"""Where journals, and what was delivered last, are kept: in the folder that the command is started in."""


@dataclass(frozen=True)
class Kept:
    """What a run was asked to keep, each None or False when it was not asked."""

    receipts: str | None = None
    quarantine: Path | None = None
    journal: Path | None = None
    resume: bool = False
    resend_unclear: bool = False
    skip_unchanged: bool = False
    as_json: bool = False


def run(destination: Mapping[str, Any], table: Table, shape: Shape, kept: Kept, connector: Chosen | None = None) -> int:
    """Write a table, with one outcome for each row; returns the exit code. Without a connector it is the default."""
    chosen = connector or own()
    endpoint, wanted = destination["endpoint"], chosen.destination(destination)
    chosen.refuse_unknown("destination", [endpoint])
    with ExitStack() as stack:
        asked = stack.enter_context(interruption())
        unsent = chosen.made_up_credential if destination.get("dry_run") else {}
        known = unsent or credential(chosen.label)
        safe = _safe(destination, known, table, kept, stack, asked, chosen)
        record = None
        if not destination.get("dry_run"):
            journal = safe.journal.path if safe.journal else None
            run_now = recording.writing(known, destination, table.name, kept.quarantine, journal, chosen.label)
            record = stack.enter_context(recording.recorded(run_now, chosen.secrets(known)))
        lines = runs.write(chosen.hooks, known, wanted, table, shape, safe)
        output = open_output(kept.receipts) if kept.receipts else None
        if output:
            stack.callback(output.close)
        progress = stack.enter_context(Progress(ending=lambda: asked))
        try:
            count, reasons = _follow(lines, endpoint, output, progress, record)
        except ConnectorError:
            _tell_how_to_go_on(safe)
            raise
        _tell_where(safe, count, asked)
        code = asked.exit_code if asked else SOME_REJECTED if count.errors else 0
        if record:
            record.ended(code)
        if kept.as_json:
            _print_json(destination, count, reasons, kept)
    return code


def _safe(
    destination: Mapping[str, Any],
    known: Mapping[str, Any],
    table: Table,
    kept: Kept,
    stack: ExitStack,
    asked: Interruption,
    chosen: Chosen,
) -> Safekeeping:
    described = chosen.endpoint("destinations", destination["endpoint"])
    quarantine = Quarantine(kept.quarantine) if kept.quarantine else None
    journal = _journal(destination, table, kept, chosen)
    delivered = _delivered(destination, known, described, chosen) if kept.skip_unchanged else None
    for each in (quarantine, journal, delivered):
        if each:
            stack.callback(each.close)
    return Safekeeping.of(
        described,
        journal=journal,
        quarantine=quarantine,
        delivered=delivered,
        resend_unclear=kept.resend_unclear,
        ended=lambda: bool(asked),
        connector=chosen.label,
    )


def _journal(destination: Mapping[str, Any], table: Table, kept: Kept, chosen: Chosen) -> Journal | None:
    if destination.get("dry_run"):
        return None
    name = f"{_place(destination, chosen)}-{_short(str(Path(table.name).resolve()))}.journal"
    path = kept.journal or HOME / name
    if not kept.resume and journals.is_unfinished(path):
        click.echo(f"{path}: an earlier run did not come to its end; starting anew (--resume goes on)", err=True)
    return Journal(path, destination["endpoint"], resume=kept.resume)


def _place(destination: Mapping[str, Any], chosen: Chosen) -> str:
    """Return what a destination's files are called; connectors may have endpoints of one name."""
    return ".".join(filter(None, (chosen.label, destination["endpoint"])))


def _delivered(
    destination: Mapping[str, Any], known: Mapping[str, Any], described: Mapping[str, Any], chosen: Chosen
) -> Delivered:
    endpoint = destination["endpoint"]
    if not described.get("comparable"):
        reason = f"{endpoint} does not replace what was sent before, so nothing can be skipped as unchanged"
        raise ConfigurationError((Fault("--skip-unchanged", reason),))
    fields = chosen.description.get("account", ("base_url", "name"))
    account = next((str(known[field]) for field in fields if known.get(field)), chosen.name)
    return Delivered(HOME / f"{_place(destination, chosen)}-{_short(account)}.delivered")


def _tell_how_to_go_on(safe: Safekeeping) -> None:
    if safe.journal:
        click.echo("to go on from here: the same command with --resume", err=True)


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]


def _follow(
    lines: Iterator[Line], endpoint: str, kept: Output | None, progress: Progress, record: recording.Recording | None
) -> tuple[runs.WriteCount, write_summary.Reasons]:
    """Take every receipt: count it, keep it, group those that are no success; the summary comes in any case."""
    count, reasons = runs.WriteCount(), write_summary.Reasons()
    try:
        for line in lines:
            count.outcomes[line.receipt.outcome] += 1
            count.unclear += line.receipt.code == "unclear"
            progress.tell(endpoint, count.records)
            if record:
                record.follow(count)
            if line.receipt.outcome == "planned":
                sys.stdout.write(orjson.dumps(line.receipt.response).decode() + "\n")
            elif line.receipt.outcome in {"rejected", "failed", "not_tried"}:
                reasons.add(line)
            if kept:
                kept.write([{"line": line.line, **dataclasses.asdict(line.receipt)}])
    finally:
        progress.clear()
        _summarise(endpoint, count, reasons)
        if kept:
            kept.finish()
    return count, reasons


def _summarise(endpoint: str, count: runs.WriteCount, reasons: write_summary.Reasons) -> None:
    for reason in reasons.lines():
        click.echo(layout.prose(reason, layout.width(), "  "), err=True)
    total = words.outcomes(count.outcomes)
    click.echo(f"{endpoint}: {count.records:,} records: {total or 'nothing to do'}", err=True)


def _tell_where(safe: Safekeeping, count: runs.WriteCount, asked: Interruption) -> None:
    """Say where to go on, and mark the journal of a run in which every row is decided."""
    if safe.quarantine and safe.quarantine.count:
        path = safe.quarantine.path
        click.echo(f"{safe.quarantine.count:,} kept in {path}; mend there, then send again:", err=True)
        click.echo(f"  {next_steps.replay(str(path), recording.typed_words())}", err=True)
    elif count.outcomes["rejected"] and safe.journal and not safe.quarantine:
        click.echo("to keep rejected records for mending: the same command with --quarantine FILE", err=True)
    if count.unclear:
        click.echo(f"{count.unclear:,} may have arrived; --resume --resend-unclear sends them again", err=True)
    undecided = count.outcomes["failed"] + count.outcomes["not_tried"]
    if asked or undecided:
        _tell_how_to_go_on(safe)
    elif safe.journal:
        safe.journal.finish()


def _print_json(
    destination: Mapping[str, Any], count: runs.WriteCount, reasons: write_summary.Reasons, kept: Kept
) -> None:
    """Print the summary for scripts; records never go to standard output here, a dry run aside."""
    summary = {
        "destination": destination["endpoint"],
        "records": count.records,
        "errors": count.errors,
        "outcomes": count.outcomes,
        "reasons": reasons.as_json(),
        "quarantine": str(kept.quarantine) if kept.quarantine else None,
        "receipts": kept.receipts,
    }
    click.echo(layout.as_json(summary))

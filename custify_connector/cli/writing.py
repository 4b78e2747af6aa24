"""What `write` and `replay` share: a run that is kept safe, followed, and summed up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click
import orjson

from custify_connector.cli import layout, recording, write_summary
from custify_connector.cli.choosing import named_words
from custify_connector.cli.connector_option import own
from custify_connector.cli.options import SOME_REJECTED, account_of, credential, without_key
from custify_connector.cli.progress import Progress
from custify_connector.contract.errors import ConfigurationError, ConnectorError, Fault
from custify_connector.host import home, next_steps, resuming, runs, words
from custify_connector.host import journal as journals
from custify_connector.host.account import Account
from custify_connector.host.connectors import Chosen
from custify_connector.host.delivered import Delivered
from custify_connector.host.feed import Line, Safekeeping, Shape
from custify_connector.host.interruption import Interruption, interruption
from custify_connector.host.journal import Journal
from custify_connector.host.latest import Latest, Things
from custify_connector.host.outputs.postgres_engine import is_postgres
from custify_connector.host.quarantine import Quarantine
from custify_connector.host.reports import Receipts, RejectedRows, Report
from custify_connector.host.resuming import Wanted
from custify_connector.host.rows import Table
from custify_connector.host.run_files import STANDARD, Used, held
from custify_connector.host.run_history import RunHistory

HOME = Path(".custify")
"""Where journals, and what was delivered last, are kept: in the folder that the command is started in."""


_MOST_DIED = 100


@dataclass(frozen=True)
class Kept:
    """What a run was asked to keep, each None or False when it was not asked.

    `entry` numbers the writes of a plan that have one file, destination and mapping; None outside a plan.
    """

    receipts: str | None = None
    rejected_rows: str | None = None
    quarantine: Path | None = None
    journal: Path | None = None
    resume: bool = False
    same_account: bool = False
    resend_unclear: bool = False
    skip_unchanged: bool = False
    as_json: bool = False
    capture: bool = False
    entry: int | None = None
    older_too: bool = False


def run(
    destination: Mapping[str, Any],
    table: Table,
    shape: Shape,
    kept: Kept,
    connector: Chosen | None = None,
    receipts: Receipts | None = None,
) -> int:
    """Write a table, with one outcome for each row; returns the exit code. Without a connector it is the default.

    `receipts` is an output that is open already, for one of several runs that share it.
    """
    chosen = connector or own()
    endpoint, wanted = destination["endpoint"], chosen.destination(destination)
    chosen.refuse_unknown("destination", [endpoint])
    with ExitStack() as stack:
        reports, rejected = _reports(table, kept, stack, has_receipts=receipts is not None)
        asked = stack.enter_context(interruption())
        unsent = chosen.made_up_credential if destination.get("dry_run") else {}
        known = unsent or credential(chosen.label)
        safe = _safe(destination, known, table, shape, kept, stack, asked, chosen)
        record = None
        if not destination.get("dry_run"):
            journal = safe.journal.path if safe.journal else None
            run_now = recording.writing(known, destination, table.name, kept.quarantine, journal, chosen.label)
            record = stack.enter_context(recording.recorded(run_now, chosen.secrets(known)))
        in_plan = kept.entry is not None  # which may have several files
        lines = runs.write(chosen.hooks, known, wanted, table, shape, safe)
        progress = stack.enter_context(Progress(ending=lambda: asked))
        count, reasons = runs.WriteCount(), write_summary.Reasons()
        try:
            outputs = [*reports, *([receipts] if receipts else [])]
            _follow(lines, endpoint, (count, reasons), outputs, progress, record, kept, table.name if in_plan else None)
        except ConnectorError as error:
            _tell_where(safe, table, count, asked, stopped=True)
            if kept.as_json:
                _print_json(destination, count, reasons, kept, str(error))
            raise
        finally:
            for each in reports:
                each.finish()
        if rejected and rejected.count:
            _tell_rejected_rows(rejected, table)
        _tell_where(safe, table, count, asked)
        code = asked.exit_code if asked else SOME_REJECTED if count.errors else 0
        if record:
            record.ended(code)
        if kept.as_json:
            _print_json(destination, count, reasons, kept)
    return code


def _reports(
    table: Table, kept: Kept, stack: ExitStack, *, has_receipts: bool
) -> tuple[list[Report], RejectedRows | None]:
    """Return the reports that this run opens itself, and the one of rejected rows among them."""
    found: list[Report] = []
    if kept.receipts and not has_receipts:
        found.append(Receipts(kept.receipts))
        stack.callback(found[-1].close)
    rejected = RejectedRows(kept.rejected_rows, table) if kept.rejected_rows else None
    if rejected:
        found.append(rejected)
        stack.callback(rejected.close)
    return found, rejected


def files_of(kept: Kept, inputs: Mapping[str, str], *, prints: bool = False) -> list[Used]:
    """Return the files of a run: its inputs by what the user calls them, and what it writes.

    `prints` says that the run prints more than a summary.
    """
    reports = {"--receipts": kept.receipts, "--rejected-rows": kept.rejected_rows}
    written = {**reports, "--quarantine": kept.quarantine, "--journal": kept.journal}
    named = [Used(role, str(path)) for role, path in written.items() if path is not None and str(path) != STANDARD]
    unfinished = [Used(used.role, f"{used.path}.part") for used in named if used.role in reports]
    read = [Used(role, path, 0 if path == STANDARD else None) for role, path in inputs.items()]
    return [*read, *named, *unfinished, *([Used("standard output", STANDARD, 1)] if prints else [])]


@contextmanager
def files_held(kept: Kept) -> Iterator[None]:
    """Keep other runs from the reports and the quarantine of this one; raises ConfigurationError."""
    reports = [Path(path) for path in (kept.receipts, kept.rejected_rows) if path and path != STANDARD]
    with held([*reports, *([kept.quarantine] if kept.quarantine else [])]):
        yield


def _safe(
    destination: Mapping[str, Any],
    known: Mapping[str, Any],
    table: Table,
    shape: Shape,
    kept: Kept,
    stack: ExitStack,
    asked: Interruption,
    chosen: Chosen,
) -> Safekeeping:
    described = chosen.endpoint("destinations", destination["endpoint"])
    account = None if destination.get("dry_run") else account_of(known, chosen)
    journal = _journal(destination, table, shape, kept, chosen, account) if account else None
    quarantine = Quarantine(kept.quarantine, alone=True) if kept.quarantine else None
    delivered, others = _delivered(destination, account, described, kept, chosen)
    latest = _latest(destination["endpoint"], account, described, kept, chosen) if account else None
    for each in (quarantine, journal, delivered, *others, latest):
        if each:
            stack.callback(each.close)
    return Safekeeping.of(
        described,
        journal=journal,
        quarantine=quarantine,
        delivered=delivered,
        others=others,
        skip_unchanged=kept.skip_unchanged,
        resend_unclear=kept.resend_unclear,
        ended=lambda: bool(asked),
        connector=chosen.label,
        account=account,
        same_account=kept.same_account,
        reports_sending=bool(chosen.description.get("reports_sending")),
        folder=HOME,
        latest=latest,
        older_too=kept.older_too,
    )


def _journal(
    destination: Mapping[str, Any], table: Table, shape: Shape, kept: Kept, chosen: Chosen, account: Account
) -> Journal:
    """Return the journal of the run; says first which run is continued, or is not."""
    mapping = {**shape.words(), "params": destination.get("params", {}), "entry": kept.entry or 0}
    name = table.name if is_postgres(table.name) else str(Path(table.name).resolve())
    wanted = Wanted(
        _place(destination, chosen), mapping, name, account, kept.same_account, in_plan=kept.entry is not None
    )
    choice = _choice(wanted, kept)
    if choice.sentence:
        click.echo(choice.sentence, err=True)
    return Journal(
        choice.path,
        destination["endpoint"],
        resume=kept.resume,
        account=account,
        input_name=name,
        same_account=kept.same_account,
    )


def _choice(wanted: Wanted, kept: Kept) -> resuming.Choice:
    if kept.journal is None:
        return resuming.resumed(HOME, wanted) if kept.resume else resuming.fresh(HOME, wanted)
    before = journals.known(kept.journal)
    if before is None:
        return resuming.Choice(kept.journal)
    if kept.resume:
        return resuming.Choice(kept.journal, resuming.going_on(before, wanted.input))
    return resuming.Choice(kept.journal, None if before.finished else resuming.started_over(kept.journal))


def _place(destination: Mapping[str, Any], chosen: Chosen) -> str:
    """Return what a destination's files are called; connectors may have endpoints of one name."""
    return ".".join(filter(None, (chosen.label, destination["endpoint"])))


def _delivered(
    destination: Mapping[str, Any],
    account: Account | None,
    described: Mapping[str, Any],
    kept: Kept,
    chosen: Chosen,
) -> tuple[Delivered | None, tuple[Delivered, ...]]:
    """Return the store of the account, and those of other keys at its place; each run keeps them up to date."""
    endpoint = destination["endpoint"]
    if kept.skip_unchanged and not described.get("comparable"):
        reason = f"{endpoint} does not replace what was sent before, so nothing can be skipped as unchanged"
        raise ConfigurationError((Fault("--skip-unchanged", reason),))
    if account is None:
        return None, ()
    folder = home.made("delivered") if kept.skip_unchanged else home.directory() / "delivered"
    place = resuming.short(f"{chosen.name} {account.place}")
    own_path = folder / f"{place}-{account.key}.sqlite"
    destinations = chosen.description.get("destinations", {})
    stores = {path: Delivered(path, endpoint, destinations) for path in sorted(folder.glob(f"{place}-*.sqlite"))}
    if kept.skip_unchanged and own_path not in stores:
        stores[own_path] = Delivered(own_path, endpoint, destinations)
    found = stores.pop(own_path, None)
    return found, tuple(stores.values())


def _latest(endpoint: str, account: Account, described: Mapping[str, Any], kept: Kept, chosen: Chosen) -> Latest:
    """Return what later runs sent to the account, as far as this machine knows."""
    history = RunHistory()
    wanted = {"status": "died", "endpoint": endpoint, "connector": chosen.label}
    things = Things.of(f"{chosen.name} {account.place}", endpoint, described)
    return Latest(
        history.path,
        history.connect,
        things,
        account,
        same_account=kept.same_account,
        say=partial(click.echo, err=True),
        died=lambda: [(run.id, run.run_id) for run in history.page(_MOST_DIED, None, wanted) if run.kind != "read"],
    )


def _tell_how_to_go_on(safe: Safekeeping) -> None:
    if not safe.journal:
        return
    again = next_steps.resumed(recording.typed_words())
    command = f":\n  {without_key(again)}" if again else ""
    click.echo(f"to resume, run the same command with --resume{command}", err=True)


def _follow(
    lines: Iterator[Line],
    endpoint: str,
    summary: tuple[runs.WriteCount, write_summary.Reasons],
    reports: Sequence[Report],
    progress: Progress,
    record: recording.Recording | None,
    kept: Kept,
    file: str | None,
) -> None:
    """Take every receipt: count it, keep it, group those that are no success; the summary comes in any case."""
    count, reasons = summary
    planned = _standard_output()
    try:
        for line in lines:
            count.outcomes[line.receipt.outcome] += 1
            count.before += line.receipt.outcome == "sent" and line.record is None
            count.unclear += line.receipt.code == "unclear"
            count.unavailable += line.receipt.code == "unavailable"
            count.not_found += line.receipt.code == "already_gone"
            count.replayed += line.receipt.code == "sent_since"
            progress.tell(endpoint, count.records)
            if record:
                record.row(line, capture=kept.capture)
                record.follow(count)
            if line.receipt.outcome == "planned":
                planned(orjson.dumps(line.receipt.response) + b"\n")
            elif line.receipt.outcome in {"rejected", "failed", "not_tried"}:
                reasons.add(line)
            for each in reports:
                each.write(line)
    finally:
        progress.clear()
        _summarise(endpoint, count, reasons, "" if file is None else f"{file}: ")
        if sys.stdout is not None:
            sys.stdout.flush()


def _standard_output() -> Callable[[bytes], object]:
    """Return what writes to standard output: to a terminal line by line, else in blocks, which costs far less."""
    if sys.stdout is None or sys.stdout.isatty():
        return partial(click.echo, nl=False)
    return sys.stdout.buffer.write


def _summarise(endpoint: str, count: runs.WriteCount, reasons: write_summary.Reasons, place: str) -> None:
    for reason in reasons.lines():
        click.echo(layout.prose(f"{place}{reason}", layout.width(), "  "), err=True)
    total = words.outcomes(count.outcomes)
    before = f"; {count.before:,} of them were sent before this run" if count.before else ""
    if count.before == count.records > 0:
        before = "; all of them before this run, so nothing was left to send"
    click.echo(f"{endpoint}: {count.records:,} records: {total or 'nothing to do'}{before}", err=True)


def _tell_rejected_rows(rejected: RejectedRows, table: Table) -> None:
    click.echo(f"{rejected.count:,} rows in {rejected.path}: correct them there, then write that file:", err=True)
    if again := next_steps.with_file(recording.typed_words(), table.name, rejected.path):
        click.echo(f"  {again}", err=True)


def _tell_where(
    safe: Safekeeping, table: Table, count: runs.WriteCount, asked: Interruption, *, stopped: bool = False
) -> None:
    """Say where to resume, and mark the journal of a run in which every row is decided."""
    if safe.quarantine and safe.quarantine.before:
        _tell_known(safe.quarantine, table)
    if safe.quarantine and safe.quarantine.count:
        _tell_quarantine(safe.quarantine, count.unavailable)
    elif count.outcomes["rejected"] and safe.journal and not safe.quarantine:
        fix = f"fix the rejected rows in {table.name}, then run the same command with --resume"
        hint = f"{fix}: it sends only rows that are new or changed"
        click.echo(layout.prose(hint, layout.width(), "  "), err=True)
    if count.not_found:
        click.echo(f"{count.not_found:,} of the unchanged were not found, so there was nothing to delete", err=True)
    if count.replayed:
        rows = layout.counted(count.replayed, "row")
        hint = f"{rows} had been sent from here before, and will not be sent again: send later changes by custify write"
        click.echo(layout.prose(hint, layout.width(), "  "), err=True)
    if count.unclear:
        click.echo(f"{count.unclear:,} may have arrived; --resume --resend-unclear sends them again", err=True)
    if count.unavailable:
        records = layout.counted(count.unavailable, "record")
        click.echo(f"{records} failed for want of a response from Custify, and nothing is wrong with them", err=True)
    undecided = count.outcomes["failed"] + count.outcomes["not_tried"]
    if stopped or asked or undecided:
        _tell_how_to_go_on(safe)
    elif safe.journal:
        safe.journal.finish()


def _tell_known(quarantine: Quarantine, table: Table) -> None:
    """Say what is to be done about records that each run rejects again."""
    them = "it" if quarantine.before == 1 else "them"
    known = f"{layout.counted(quarantine.before, 'record')} saved to {quarantine.path} by an earlier run"
    hint = f"{known}. Correct {them} in {table.name} as well, or each run rejects {them} again"
    click.echo(layout.prose(hint, layout.width(), "  "), err=True)


def _tell_quarantine(quarantine: Quarantine, unavailable: int) -> None:
    """Say where the records are that were not accepted, and how those are sent again that have to be fixed."""
    saved, faulty = layout.counted(quarantine.count, "record"), quarantine.count - unavailable
    if faulty <= 0:
        click.echo(f"{saved} saved to {quarantine.path}", err=True)
        return
    them = "it" if faulty == 1 else "them"
    if unavailable:
        them = "the one that is wrong" if faulty == 1 else f"the {faulty:,} that are wrong"
    click.echo(f"{saved} saved to {quarantine.path}. Fix {them} there, then run:", err=True)
    click.echo(f"  {next_steps.replay(str(quarantine.path), named_words())}", err=True)


def _print_json(
    destination: Mapping[str, Any],
    count: runs.WriteCount,
    reasons: write_summary.Reasons,
    kept: Kept,
    error: str | None = None,
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
        "error": error,
    }
    click.echo(layout.as_json(summary))

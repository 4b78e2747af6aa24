"""`custify replay`: the records of a quarantine file, and only those, sent again."""

from __future__ import annotations

import dataclasses
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import orjson

from custify_connector.cli import writing
from custify_connector.cli.connector_option import connector_option, named
from custify_connector.cli.options import WithSettings, exit_codes, settings_options, start_logging
from custify_connector.cli.rejected import group_option, numbers_of
from custify_connector.cli.write import refuse_two_inputs, run_of, run_options
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import quarantine
from custify_connector.host.connectors import Chosen
from custify_connector.host.feed import Shape
from custify_connector.host.ordering import safe_order
from custify_connector.host.reports import Receipts
from custify_connector.host.rows import Row, Table, open_table
from custify_connector.host.run_files import STANDARD, held, refuse_shared


@click.command(cls=WithSettings)
@click.argument("file")
@click.option("--to", metavar="ENDPOINT", help="Send only the records for this destination, and those that name none.")
@group_option
@click.option("--older-too", is_flag=True, help="Also send records that are older than what a later run sent.")
@run_options
@connector_option
@settings_options
@exit_codes
def command(
    file: str,
    to: str | None,
    group: str | None,
    connector_name: str | None,
    **options: Any,  # noqa: ANN401 - click passes each option by its name
) -> None:
    """Send the records of a quarantine file again, each to its destination, after what was wrong with them was fixed.

    The file is JSON lines; edit the record under rawMessage. What is rejected again goes to --quarantine. A record that
    was sent since, by a resumed run or another replay, is left out; one that may have arrived needs --resend-unclear.

    \b
    custify replay rejected.jsonl
    custify replay rejected.jsonl --quarantine rejected-again.jsonl
    custify replay rejected.jsonl --group 4a386bdfaf
    """  # noqa: D301 - click reads \b
    start_logging(verbose=options["verbose"], form=options["log_format"])
    refuse_two_inputs(file)
    with _readable(file) as path, held([Path(path)] if group else []):  # its lines are known by their numbers
        wanted = Wanted(path, numbers_of(Path(path), group))
        chosen = named(connector_name or _connector(wanted, file, to))
        destinations = [to] if to else _destinations(wanted, file, chosen)
        _, kept = run_of(destinations[0], options, chosen)
        refuse_shared(writing.files_of(kept, {"FILE": file}, prints=options["dry_run"]))
        raise SystemExit(_replay(wanted, file, destinations, to, chosen, options))


@dataclass(frozen=True)
class Wanted:
    """The rows of a quarantine that are sent: those of some lines from 0, or all."""

    path: str
    numbers: frozenset[int] | None

    @contextmanager
    def table(self) -> Iterator[Table]:
        """Open the file, as often as it is asked for."""
        with open_table(self.path, "jsonl") as table:
            rows = (row for number, row in enumerate(table.rows) if self.numbers is None or number in self.numbers)
            yield dataclasses.replace(table, rows=rows)


def _replay(
    wanted: Wanted, name: str, destinations: list[str], to: str | None, chosen: Chosen, options: dict[str, Any]
) -> int:
    if len(destinations) > 1 and options["journal"]:
        reason = f"is for one destination, and this file has {', '.join(destinations)}: choose one with --to"
        raise ConfigurationError((Fault("--journal", reason),))
    codes = []
    with ExitStack() as stack:
        runs = [(each, *run_of(each, options, chosen)) for each in destinations]
        kept = runs[0][2]
        stack.enter_context(writing.files_held(kept))
        receipts = Receipts(kept.receipts) if kept.receipts else None
        if receipts:
            stack.callback(receipts.close)
        for place, (endpoint, destination, each) in enumerate(runs):
            with wanted.table() as table:
                rows = _records(iter(table.rows), endpoint, to, chosen.label, with_others=place == 0)
                sent = Table(table.name if wanted.path == name else "standard input", None, rows)
                shape = Shape(empty="text", schema=chosen.endpoint("destinations", endpoint).get("schema", {}))
                codes.append(writing.run(destination, sent, shape, each, chosen, receipts))
            if codes[-1] and options["on_reject"] == "stop":
                break
        if receipts:
            receipts.finish()
    if len(codes) < len(runs):
        left = ", ".join(endpoint for endpoint, *_ in runs[len(codes) :])
        click.echo(f"not tried, because the run stopped at a reject: what is for {left}", err=True)
    return next((code for code in codes if code), 0)


@contextmanager
def _readable(file: str) -> Iterator[str]:
    """Give a path that can be read more than once: of standard input or a pipe a copy, which goes in the end."""
    if file != STANDARD and (not Path(file).exists() or Path(file).is_file()):
        yield file
        return
    with tempfile.NamedTemporaryFile(prefix="custify-", suffix=".jsonl") as copy:
        with sys.stdin.buffer if file == STANDARD else Path(file).open("rb") as stream:
            shutil.copyfileobj(stream, copy)
        copy.flush()
        yield copy.name


def _connector(wanted: Wanted, name: str, to: str | None) -> str | None:
    """Return the connector that the first record was meant for; raises ConfigurationError where nothing names one."""
    with wanted.table() as table:
        first = next(iter(table.rows), None)
    if first is None or (to is None and first.fault is not None):
        raise ConfigurationError((Fault(f"{name}:1", _no_destination(first)),))
    return quarantine.connector_of(first.fields)


def _destinations(wanted: Wanted, name: str, chosen: Chosen) -> list[str]:
    """Return the destinations of a quarantine's records, in a safe order; raises ConfigurationError without any."""
    with wanted.table() as table:
        found = [quarantine.destination_of(row.fields) for row in table.rows if _is_for(row, chosen.label)]
    names = list(dict.fromkeys(each for each in found if each is not None))
    if not names:
        raise ConfigurationError((Fault(f"{name}:1", _no_destination(None)),))
    known = chosen.description.get("destinations", {})
    after = {each: known.get(each, {}).get("after", ()) for each in {*known, *names}}
    return [names[place] for place in safe_order(names, after)]


def _no_destination(row: Row | None) -> str:
    reason = "names no destination" if row is None or row.fault is None else f"{row.fault}, so it names no destination"
    return f"{reason}: give a quarantine file that custify wrote, one JSON object a line, or add --to ENDPOINT"


def _is_for(row: Row, connector: str) -> bool:
    return row.fault is None and (quarantine.connector_of(row.fields) or "") == connector


def _records(rows: Iterator[Row], endpoint: str, to: str | None, connector: str, *, with_others: bool) -> Iterator[Row]:
    """Yield the rows for one destination; those for none are refused once, with the first."""
    for row in rows:
        fault = _fault(row, endpoint, to, connector)
        meant = quarantine.destination_of(row.fields)
        is_elsewhere = to is None and meant not in {None, endpoint} and _is_for(row, connector)
        if fault is None:
            yield _sendable(row)
        elif with_others and not is_elsewhere:
            record = quarantine.record_of(row.fields) or {}
            yield dataclasses.replace(row, fields=record, fault=fault)


def _fault(row: Row, endpoint: str, to: str | None, connector: str) -> str | None:
    """Return why a row cannot be sent to this destination."""
    meant = quarantine.destination_of(row.fields)
    if row.fault is not None:
        return row.fault
    if quarantine.record_of(row.fields) is None:
        return "is not a quarantined record"
    if meant is None and to is None:
        return "names no destination: add --to ENDPOINT"
    if meant not in {None, endpoint}:
        return f"was meant for {meant}, not for {endpoint}: leave out --to"
    if not _is_for(row, connector):
        return "was meant for another connector: name it with --connector"
    return None


def _sendable(row: Row) -> Row:
    """Return a quarantined row as its first run had it."""
    line = row.fields
    record, shape, text = quarantine.record_of(line) or {}, quarantine.shape_of(line), quarantine.text_of(line)
    fault = None
    if text is not None and not record:
        record, fault = _corrected(text)
    return Row(
        row.line,
        record,
        fault,
        turn=quarantine.turn_of(line),
        flat=bool(shape and shape.get("flat")),
        origin=quarantine.origin_of(line),
        unclear=quarantine.is_unclear(line),
        shape=shape,
        text=None if fault is None else text,
    )


def _corrected(text: str) -> tuple[dict[str, Any], str | None]:
    """Return the fields of a row that could not be read, once its text is an object; else why it is not sent."""
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        fields = None
    if isinstance(fields, dict):
        return fields, None
    return {}, "could not be read: write its fields under rawMessage, by the names of the columns"

"""`custify write --diff`: what a write would change, row by row, beside what the service holds; nothing is written.

In a file of its own, since it keeps no journal, quarantine or receipts, which is what a write is made of.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import click
import orjson

from custify_connector.checking.values import dumped
from custify_connector.cli import layout, write_summary
from custify_connector.cli.input_options import Input
from custify_connector.cli.options import SOME_REJECTED, credential
from custify_connector.cli.progress import Progress
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import comparison, runs
from custify_connector.host.comparison import Compared
from custify_connector.host.connectors import Chosen
from custify_connector.host.feed import Safekeeping, Shape
from custify_connector.host.interruption import interruption
from custify_connector.host.queried_rows import open_input
from custify_connector.host.rows import Table

ALL = "all"
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_SHOWN = 200

_KEEPING = (
    "dry_run",
    "resume",
    "same_account",
    "resend_unclear",
    "skip_unchanged",
    "quarantine",
    "receipts",
    "rejected_rows",
    "journal",
    "capture",
)


class Rows(click.ParamType):  # type: ignore[type-arg] # generic in the newer versions of click alone
    """How many rows are compared: a number, or all."""

    name = "rows"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:  # noqa: ANN401 - as click has it
        """Return the number; 0 for all."""
        text = str(value)
        if text == ALL:
            return 0
        if not _NUMBER.fullmatch(text):
            self.fail(f"must be a number of rows, or all, not {value!r}; write --diff after FILE", param, ctx)
        return int(text)


option = click.option(
    "--diff",
    type=Rows(),
    is_flag=False,
    flag_value="10",
    metavar="[N|all]",
    help="Write nothing: show what the first N rows (10), or all, would change in Custify.",
)


def refuse_what_keeps(options: Mapping[str, Any]) -> None:
    """Raise ConfigurationError for options of a run that writes."""
    given = [f"--{name.replace('_', '-')}" for name in _KEEPING if options.get(name)]
    faults = [Fault("--diff", f"cannot be combined with {name}: nothing is written") for name in given]
    if faults:
        raise ConfigurationError(tuple(faults))


def cost_of(
    chosen: Chosen, destination: Mapping[str, Any], given: Input, opened: tuple[Table, Shape], most: int
) -> str:
    """Return what it costs to compare the first rows of an input (0: all), in words."""
    described = chosen.endpoint("destinations", destination["endpoint"])
    limit = {"rate_limit": chosen.description.get("rate_limit"), **destination["settings"]}["rate_limit"]
    fields = _fields(*opened)
    lookups = comparison.lookups_of(described, None if fields is None else {*fields, *destination["params"]})
    return comparison.cost(lookups, _rows_of(given, most) if lookups else None, limit)


def _fields(table: Table, shape: Shape) -> set[str] | None:
    """Return the fields that rows fill; None where each row has its own."""
    if shape.rules:
        return {rule.target[0].removesuffix("[]") for rule in shape.rules}
    return None if table.columns is None else {name.partition(".")[0] for name in table.columns}


def _rows_of(given: Input, most: int) -> int | None:
    """Return how many rows are compared, at most `most` (0: all); None for what can be read once only."""
    if not Path(given.path).is_file():
        return None
    with open_input(given.path, given.form, given.choice, given.written) as table:
        return sum(1 for _ in (islice(table.rows, most) if most else table.rows))


def run(
    destination: Mapping[str, Any], table: Table, shape: Shape, chosen: Chosen, most: int, *, as_json: bool, cost: str
) -> int:
    """Compare the first rows of a table (0: all); returns the exit code: 1 where some would be rejected."""
    chosen.refuse_unknown("destination", [destination["endpoint"]])
    wanted = chosen.destination({**destination, "dry_run": True, "compare": True})
    first = dataclasses.replace(table, rows=islice(table.rows, most)) if most else table
    known = credential(chosen.label)
    with interruption() as asked, Progress(ending=lambda: asked) as progress:
        described = chosen.endpoint("destinations", destination["endpoint"])
        safe = Safekeeping.of(described, ended=lambda: bool(asked))
        lines = runs.write(chosen.hooks, known, wanted, first, shape, safe)
        shown = _Json(destination["endpoint"]) if as_json else _Text()
        click.echo(f"{destination['endpoint']}: {cost}", err=True)
        counts, reasons = Counter[str](), write_summary.Reasons()
        try:
            for line in lines:
                if line.receipt.outcome != "planned":
                    reasons.add(line)
                row = comparison.compared(line, chosen.secrets(known))
                counts[row.verdict] += 1
                progress.tell(destination["endpoint"], counts.total())
                shown.row(row)
        finally:
            progress.clear()
            shown.end(counts)
            for reason in reasons.lines():
                click.echo(layout.prose(reason, layout.width(), "  "), err=True)
            click.echo(f"{destination['endpoint']}: {comparison.summary(counts)}", err=True)
        if asked:
            return asked.exit_code
    if most and next(iter(table.rows), None) is not None:
        click.echo(f"only the first {layout.counted(most, 'row')}: --diff all compares every row", err=True)
    return SOME_REJECTED if any(counts[outcome] for outcome in ("rejected", "failed", "not_tried")) else 0


class _Text:
    """Prints the rows in which something changes, or cannot be compared, a line for each field."""

    def row(self, row: Compared) -> None:
        """Print one row; a rejected one is reported with the others of its reason."""
        if row.verdict in {"create", "update", "delete", "unknown"}:
            click.echo("\n".join(_said(row)))

    def end(self, _counts: Mapping[str, int]) -> None:
        """Print nothing: the summary is on standard error."""


def _said(row: Compared) -> Iterator[str]:
    key = " ".join(f"{name}={_in_a_line(value)}" for name, value in (row.key or {}).items())
    reason = f" ({row.reason})" if row.reason else ""
    yield f"line {row.line} {key}: {comparison.VERDICTS[row.verdict]}{reason}"
    for change in row.changes:
        then = _value(change["then"])
        yield f"  {change['field']}: {then if row.verdict == 'create' else _value(change['now']) + ' -> ' + then}"


def _in_a_line(value: Any) -> str:  # noqa: ANN401 - any JSON value
    return str(value) if str(value).isprintable() else _value(value)


def _value(value: Any) -> str:  # noqa: ANN401 - any JSON value
    text = "nothing" if value is None else dumped(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class _Json:
    """Prints one JSON document: every row as it comes, and the counts at its end."""

    def __init__(self, endpoint: str) -> None:
        self._first = True
        click.echo(f'{{"destination": {orjson.dumps(endpoint).decode()}, "rows": [', nl=False)

    def row(self, row: Compared) -> None:
        """Print one row."""
        text = dumped(row.as_mapping(), sort=False).decode()
        click.echo(("\n" if self._first else ",\n") + text, nl=False)
        self._first = False

    def end(self, counts: Mapping[str, int]) -> None:
        """Print the counts, and end the document."""
        click.echo(f'\n], "counts": {orjson.dumps(dict(counts)).decode()}}}')

"""The options that say how a FILE is written, and a FILE opened by them, with all that is known of it at once said."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import click

from custify_connector.cli import layout
from custify_connector.cli.choosing import together
from custify_connector.cli.options import ended_as_asked
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import mapping
from custify_connector.host.conversions import PLAIN, Notation
from custify_connector.host.feed import Shape
from custify_connector.host.fitting import unknown_targets
from custify_connector.host.noticing import EARLY, Columns, Keys, some, totals
from custify_connector.host.outputs.postgres_engine import is_postgres
from custify_connector.host.queried_rows import ALL, Choice, open_input
from custify_connector.host.rows import Row, Table
from custify_connector.host.table_file import PLAIN_FILE, FileForm

_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "bar": "|", "pipe": "|"}


_SEVERAL: Any = {"multiple": True, "metavar": "WORD"}

input_options = together(
    click.option("--table", metavar="NAME", help="The table of a database whose rows are read."),
    click.option("--query", metavar="SQL", help="A query to a database, or to a Parquet or CSV FILE."),
    click.option("--sheet", metavar="NAME", help="The sheet of a workbook."),
    click.option("--delimiter", metavar="MARK", help="The delimiter of a CSV: , ; | or tab. Default: detected."),
    click.option(
        "--encoding",
        metavar="NAME",
        help="The encoding of a text file, such as windows-1252. Default: UTF-8 or its mark.",
    ),
    click.option("--header-row", type=click.IntRange(1), metavar="N", help="The row that names the columns."),
    click.option("--footer-rows", type=click.IntRange(1), metavar="N", help="Leave out the last N rows: totals."),
    click.option("--keep-totals", is_flag=True, help="Send rows that begin with a word such as Total."),
    click.option("--null-marker", "null_markers", **_SEVERAL, help="A cell that stands for nothing, such as NULL."),
    click.option("--trim", is_flag=True, help="Remove white space around every cell."),
    click.option("--decimal", metavar="MARK", help="The decimal mark of numbers. Default: ."),
    click.option("--thousands", metavar="MARK", help="The separator of thousands, such as . or ,"),
    click.option("--date-format", metavar="FORMAT", help="How dates are written: %d.%m.%Y, or excel for its days."),
    click.option("--yes-word", "yes", **_SEVERAL, help="A cell that means true. Default: true, yes, 1."),
    click.option("--no-word", "no", **_SEVERAL, help="A cell that means false. Default: false, no, 0."),
)
"""The options that choose rows of a FILE, and say how it is written."""


@dataclass(frozen=True)
class Input:
    """A file, and what was said of it."""

    path: str
    form: str | None = None
    choice: Choice = ALL
    written: FileForm = PLAIN_FILE
    notation: Notation = PLAIN


_TAKEN = {"table", "query", *(each.name for kind in (FileForm, Notation) for each in dataclasses.fields(kind))}


def input_of(path: str, form: str | None, said: dict[str, Any]) -> Input:
    """Return the input that options describe, which are taken out of `said`; raises ConfigurationError."""
    values = {name: said.pop(name, None) for name in _TAKEN}
    mark = values["delimiter"]
    mark = _DELIMITERS.get(str(mark).lower(), mark) if mark is not None else None
    if mark is not None and (len(mark) != 1 or mark in '"\r\n'):
        raise ConfigurationError((Fault("--delimiter", "must be one character, such as ; or the word tab"),))
    values["delimiter"] = mark
    notation = Notation(**_given(Notation, values))
    notation.check()
    return Input(path, form, Choice(values["table"], values["query"]), FileForm(**_given(FileForm, values)), notation)


def _given(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a dataclass that were said."""
    found = {}
    for each in dataclasses.fields(kind):
        value = values[each.name]
        if value not in {None, ()} if not isinstance(value, list) else value:
            found[each.name] = tuple(value) if isinstance(value, list) else value
    return found


@dataclass
class _Opened:
    """A table whose rows are watched as they go by; what is known is said with its first row, the rest at the end."""

    table: Table
    notation: Notation
    only_with: str | None
    columns: Columns | None
    keys: Keys | None
    known: list[str]
    verbose: bool
    keeps_totals: bool
    skipped: int = 0
    started: bool = False
    noted: int = 0
    early: list[str] = field(default_factory=list)

    def rows(self) -> Iterator[Row]:
        """Yield the rows that are wanted."""
        self.started = True
        _say(*self.known, *self._notes())
        changed = self.notation.trim or self.notation.null_markers  # few files need it
        for row in self.table.rows:
            kept = dataclasses.replace(row, fields=self.notation.cells(row.fields)) if changed else row
            if self.table.textual and not self.keeps_totals and (fault := totals(kept)):
                kept = dataclasses.replace(kept, fault=kept.fault or fault)
            if self.columns is not None:
                self._see(kept)
            if self._is_wanted(kept):
                yield kept

    def _notes(self) -> list[str]:
        found, self.noted = self.table.remarks[self.noted :], len(self.table.remarks)
        return found

    def _see(self, row: Row) -> None:
        assert self.columns is not None  # noqa: S101 - asked by its caller
        self.columns.see(row)
        if self.columns.rows == EARLY and not self.early:
            self.early = self.columns.said()
            _say(*self.early)

    def _is_wanted(self, row: Row) -> bool:
        wanted = bool(row.fault) or self.only_with is None or self._has(row, self.only_with)
        self.skipped += not wanted
        return wanted

    @staticmethod
    def _has(row: Row, column: str) -> bool:
        return mapping.value_of(row.fields, column) not in {None, ""} if _is_scalar(row, column) else True

    def end(self) -> None:
        """Say what is known after the last row."""
        if not self.started:
            return
        said = self._notes()
        if self.columns is not None:
            said += [text for text in self.columns.said() if self.columns.rows != EARLY or text not in self.early]
            if self.columns.needed and (unused := self.columns.unused()):
                said.append(f"{_UNUSED}: {some(unused, None if self.verbose else 10)}")
        if self.skipped:
            said.append(f"--only-with {self.only_with}: {self.skipped:,} rows were left out")
        _say(*said, *(self.keys.said() if self.keys else ()))


_UNUSED = "columns that no --map uses, and that are not sent"


def _is_scalar(row: Row, column: str) -> bool:
    return not isinstance(mapping.value_of(row.fields, column), (dict, list))


@contextmanager
def open_checked(
    given: Input, shape: Shape, only_with: str | None, description: Mapping[str, Any], *, verbose: bool = False
) -> Iterator[tuple[Table, Shape]]:
    """Open a file for a destination; raises ConfigurationError for what shows before its first row.

    `description` is that of the destination. What is noticed without being a fault is said as the rows go by.
    """
    schema, name = description.get("schema", {}), str(description.get("name", "the destination"))
    faults = unknown_targets(shape.rules, schema, name)
    if faults:
        raise ConfigurationError(tuple(faults))
    only = mapping.parse([f"only={only_with}"]) if only_with else ()
    used = {*mapping.columns_of(shape.rules), *mapping.columns_of(only)} if shape.rules else None
    # A database may keep us waiting; who types the rows into a terminal expects a signal to end that.
    asked = ended_as_asked() if is_postgres(given.path) else nullcontext()
    with asked, open_input(given.path, given.form, given.choice, given.written, used) as table:
        known, rules = [], shape.rules
        if table.columns is None:
            columns: Columns | None = Columns(mapping.columns_of((*rules, *only)) if rules or only else (), only_with)
        else:
            columns = None
            rules, only = mapping.resolved(rules, table.columns), mapping.resolved(only, table.columns)
            mapping.check_columns(only, table.columns)
            known = _known(table, rules, schema, name, verbose=verbose)
        only_with = only[0].columns[0] if only else None
        identity = tuple(map(tuple, description.get("identity", ())))
        keys = Keys(identity, replaces=bool(description.get("comparable"))) if identity else None
        opened = _Opened(table, given.notation, only_with, columns, keys, known, verbose, given.written.keep_totals)
        shaped = dataclasses.replace(
            shape,
            rules=rules,
            notation=given.notation,
            schema=schema,
            textual=table.textual,
            see=keys.see if keys else None,
        )
        yield dataclasses.replace(table, rows=opened.rows()), shaped
        opened.end()


def _known(
    table: Table, rules: tuple[mapping.Rule, ...], schema: Mapping[str, Any], name: str, *, verbose: bool
) -> list[str]:
    """Return what is worth saying of a table's columns; raises ConfigurationError where no row could be sent."""
    columns, most = table.columns or (), None if verbose else 10
    if rules:
        unused = _unused(table, rules)
        return [f"{_UNUSED}: {some(unused, most)}"] if unused else []
    place = f"{table.name}:{table.header}"
    twice = [at for at, column in enumerate(columns, start=1) if column and column in columns[: at - 1]]
    if twice:
        reason = "has the name {!r} a second time: rename one of them, or name the columns that are sent with --map"
        raise ConfigurationError(tuple(Fault(place, f"column {at} {reason.format(columns[at - 1])}") for at in twice))
    unnamed = sum(not column for column in columns)
    known = [f"{place}: columns without a name, which are not sent: {unnamed:,}"] if unnamed else []
    if not schema.get("properties") or schema.get("additionalProperties") is not False:
        return known
    unknown = [each for each in columns if each and each.partition(".")[0] not in schema["properties"]]
    if unknown and len(unknown) + unnamed == len(columns):
        reason = f"none of its columns is a field of {name} ({some(unknown)}): name them with --map FIELD=COLUMN"
        reason = _not_parted(columns) or reason + (_OTHER_ROW if table.textual else "")
        raise ConfigurationError((Fault(place, reason),))
    if unknown:
        known.append(
            f"columns that are not fields of {name}: {some(unknown, most)}; to rename them: --map FIELD=COLUMN"
        )
    return known


_OTHER_ROW = ", or, where another row names the columns, say which: --header-row N"


def _unused(table: Table, rules: tuple[mapping.Rule, ...]) -> tuple[str, ...]:
    """Return the columns that no rule uses; raises ConfigurationError for those of rules that are not there."""
    columns = table.columns or ()
    try:
        return mapping.check_columns(rules, columns)
    except ConfigurationError as error:
        if not table.textual or any(mapping.holder(name, columns) for name in mapping.columns_of(rules)):
            raise
        reason = f"has the columns {some(columns)}, and none that --map names: check the names{_OTHER_ROW}"
        reason = _not_parted(columns) or reason
        raise ConfigurationError((*error.faults, Fault(f"{table.name}:{table.header}", reason))) from None


def _not_parted(columns: tuple[str, ...]) -> str | None:
    """Return what to do where the one column of a text has a separator in its name."""
    mark = next((each for each in (";", "|", ",") if len(columns) == 1 and each in columns[0]), None)
    return mark and f"has one column, {columns[0]!r}, which looks separated by {mark!r}: use that as the --delimiter"


def _say(*texts: str) -> None:
    for text in texts:
        click.echo(layout.prose(text, layout.width(), "  "), err=True)

"""Records of a quarantine as a table for a spreadsheet, and corrected there, as records again.

Pure but for the table. A cell that was not changed is the value that it was, with its type; what a spreadsheet makes of
numbers and dates when it saves a file is no change. It does not know how a quarantine is kept.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from custify_connector.checking.json_values import dumps, loads
from custify_connector.host.fitting import Fit, compile_fit
from custify_connector.host.headings import heading
from custify_connector.host.outputs.csv_file import lines_with
from custify_connector.host.outputs.flattening import flatten
from custify_connector.host.quarantine import destination_of, record_of, shape_of, text_of
from custify_connector.host.rows import Row, Table

LINE, REASON, TEXT = _OWN = ("quarantine: line", "quarantine: reason", "quarantine: text")


def exported(lines: Callable[[], Iterable[tuple[str, Mapping[str, Any]]]]) -> Iterator[bytes]:
    """Yield a CSV of quarantined lines, each with its name, in UTF-8 with the mark that Excel needs.

    `lines` is called twice: once for the columns, so that no more than a line is in memory.
    """
    columns = list(dict.fromkeys(name for _, line in lines() for name in _cells(record_of(line) or {})))
    line_of = lines_with(",")
    yield ("\ufeff" + line_of([*_OWN, *columns])).encode()
    for name, line in lines():
        error, record = line.get("error"), _cells(record_of(line) or {})
        reason = error.get("message") if isinstance(error, Mapping) else None
        own = [name, _cell(reason), _cell(text_of(line))]
        yield line_of([*own, *(record.get(column, "") for column in columns)]).encode()


@dataclass(frozen=True)
class Corrected:
    """A row of a table that came back: the name of its line, and its record, None with what is wrong with it."""

    name: str
    record: dict[str, Any] | None
    fault: str | None = None


@dataclass(frozen=True)
class Typing:
    """Gives changed records the types of their destination, whose schema `schema_of` returns by its name."""

    schema_of: Callable[[str], Mapping[str, Any]]
    _fits: dict[str, Fit | None] = field(default_factory=dict)

    def typed(self, record: dict[str, Any], line: Mapping[str, Any]) -> dict[str, Any]:
        """Return the record of a line; one with a shape is given its types by that, when it is sent."""
        if shape_of(line) is not None:
            return record
        name = destination_of(line) or ""
        if name not in self._fits:
            self._fits[name] = compile_fit(self.schema_of(name), textual=True)
        fit = self._fits[name]
        typed_record: dict[str, Any] = fit(record) if fit else record
        return typed_record


def corrected(table: Table, lines: Mapping[str, Mapping[str, Any]], typing: Typing) -> Iterator[Corrected]:
    """Yield the records of a table that was exported, as they are now; `lines` are those that it was made of.

    A cell that was emptied is no field any more. A line that has no row in the table stays as it is.
    """
    met: set[str] = set()
    for row in table.rows:
        name = str(row.fields.get(LINE, ""))
        if row.fault or name not in lines or name in met:
            known = "is there twice" if name in met else "names no line of the quarantine as it is now"
            yield Corrected(name, None, f"line {row.line} {row.fault or f'{known} (column {LINE!r})'}")
            continue
        met.add(name)
        line = lines[name]
        before = record_of(line) or {}
        record = _record(row, before)
        yield Corrected(name, typing.typed(record, line) if record != before else record)


def _record(row: Row, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with what was changed in its row."""
    record: dict[str, Any] = copy.deepcopy(dict(before))
    written = {heading(_column(path)): (path, value) for path, value in flatten(before)}
    for name, cell in row.fields.items():
        path, value = written.get(name, (name, None))
        text = str(cell)
        if name not in _OWN and not is_unchanged(_cell(value), text):
            _put(record, _DOT.split(path), typed(text, value))
    return record


_DOT = re.compile(r"(?<!\\)[.]")


def _put(record: dict[str, Any], path: list[str], value: Any) -> None:  # noqa: ANN401 - any JSON value
    holder, names = record, [re.sub(r"\\(.)", r"\1", name) for name in path]
    for name in names[:-1]:
        inner = holder.get(name)
        holder[name] = holder = inner if isinstance(inner, dict) else {}
    if value == "":
        holder.pop(names[-1], None)
    else:
        holder[names[-1]] = value


def typed(text: str, before: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return a changed cell with the type that it had; as text where it is not of that."""
    if before is None or isinstance(before, str) or text == "":
        return text
    try:
        value = loads(text.lower() if isinstance(before, bool) else text, unique_names=True)
    except ValueError:
        return text
    kinds = (dict, list) if isinstance(before, (dict, list)) else (bool,) if isinstance(before, bool) else (int, float)
    return value if isinstance(value, kinds) and isinstance(value, bool) == isinstance(before, bool) else text


def _cells(record: Mapping[str, Any]) -> dict[str, str]:
    return {_column(path): _cell(value) for path, value in flatten(record)}


def _column(path: str) -> str:
    """Return the column of a field; one that is named as a column of ours gets a backslash, which `_put` takes off."""
    name = _cell(path)
    return f"\\{name}" if name in _OWN else name


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value as a CSV can hold it, which neither NUL nor half a character can be in."""
    text = "" if value is None else value if isinstance(value, str) else dumps(value).decode()
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()


def is_unchanged(written: str, cell: str) -> bool:
    """Say whether a cell is what was written, or what a spreadsheet makes of that: `7` of `007`, `31.01.2026`.

    >>> is_unchanged("007", "7"), is_unchanged("true", "TRUE"), is_unchanged("2026-01-31", "31.01.2026")
    (True, True, True)
    >>> is_unchanged("2026-01-02", "2026-02-01")
    False
    >>> is_unchanged("1234567890123456", "1.23457E+15"), is_unchanged("7", "007"), is_unchanged("1,50", "1.50")
    (True, False, False)
    """
    if written == cell or (written in {"true", "false"} and cell.lower() == written):
        return True
    if _DAY.fullmatch(written):
        return not _DAY.fullmatch(cell) and bool(_AS_DAY.fullmatch(cell)) and _numbers(written) == _numbers(cell)
    if not (_NUMBER.fullmatch(written) and _NUMBER.fullmatch(cell)) or ("," in written) < ("," in cell):
        return False
    one, other = (Decimal(text.replace(",", ".")) for text in (written, cell))
    is_shorter = len(cell) < len(written) and ("." in written) >= ("." in cell)
    return (is_shorter and one == other) or ("E+" in cell and abs(one - other) <= abs(one) * _ROUNDED)


_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_AS_DAY = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}")
_NUMBER = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?([eE][+-]?[0-9]{1,3})?")
_ROUNDED = Decimal("1e-5")


def _numbers(text: str) -> list[int]:
    return sorted(map(int, re.findall(r"\d+", text)))

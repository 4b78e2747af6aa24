"""Records of a quarantine as a table for a spreadsheet, and corrected there, as records again.

Pure but for the table. A cell that was not changed is the value that it was, with its type; what a spreadsheet makes of
numbers and dates when it saves a file is no change. It does not know how a quarantine is kept.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from custify_connector.checking.json_values import dumps, loads
from custify_connector.host.fitting import compile_fit
from custify_connector.host.headings import heading
from custify_connector.host.outputs.csv_file import lines_with
from custify_connector.host.outputs.flattening import flatten
from custify_connector.host.quarantine import record_of, shape_of, text_of
from custify_connector.host.rows import Row, Table

LINE, REASON, TEXT = _OWN = ("quarantine: line", "quarantine: reason", "quarantine: text")


def exported(lines: Iterable[tuple[int, Mapping[str, Any]]]) -> Iterator[bytes]:
    """Yield a CSV of quarantined lines, each with its number, in UTF-8 with the mark that Excel needs."""
    lines = list(lines)
    records = [_cells(record_of(line) or {}) for _, line in lines]
    columns = list(dict.fromkeys(name for record in records for name in record))
    line_of = lines_with(",")
    yield ("\ufeff" + line_of([*_OWN, *columns])).encode()
    for (number, line), record in zip(lines, records, strict=True):
        error = line.get("error")
        reason = error.get("message") if isinstance(error, Mapping) else None
        own = [str(number), _cell(reason), _cell(text_of(line))]
        yield line_of([*own, *(record.get(name, "") for name in columns)]).encode()


@dataclass(frozen=True)
class Corrected:
    """A row of a table that came back: the number of its line, and its record, None with what is wrong with it."""

    number: int
    record: dict[str, Any] | None
    fault: str | None = None


def corrected(table: Table, lines: Mapping[int, Mapping[str, Any]], schema: Mapping[str, Any]) -> Iterator[Corrected]:
    """Yield the records of a table that was exported, as they are now; `lines` are those that it was made of.

    `schema` is that of the destination, whose types a changed cell takes. A cell that was emptied is no field any more.
    A line that has no row in the table stays as it is.
    """
    fit = compile_fit(schema, textual=True)
    met: set[int] = set()
    for row in table.rows:
        word = str(row.fields.get(LINE, ""))
        number = int(word) if word.isdecimal() else -1
        if row.fault or number not in lines or number in met:
            known = "names no line of the quarantine" if number not in lines else "is there twice"
            yield Corrected(number, None, f"line {row.line} {row.fault or f'{known} (column {LINE!r})'}")
            continue
        met.add(number)
        record = _record(row, record_of(lines[number]) or {})
        yield Corrected(number, fit(record) if fit and shape_of(lines[number]) is None else record)


def _record(row: Row, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with what was changed in its row."""
    record: dict[str, Any] = copy.deepcopy(dict(before))
    written = {heading(_cell(path)): (path, value) for path, value in flatten(before)}
    for name, cell in row.fields.items():
        path, value = written.get(name, (name, None))
        text = str(cell)
        if name not in _OWN and not is_unchanged(_cell(value), text):
            _put(record, _DOT.split(path), _typed(text, value))
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


def _typed(text: str, before: Any) -> Any:  # noqa: ANN401 - any JSON value
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
    return {_cell(path): _cell(value) for path, value in flatten(record)}


def _cell(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value as a CSV can hold it, which neither NUL nor half a character can be in."""
    text = "" if value is None else value if isinstance(value, str) else dumps(value).decode()
    return text.replace("\0", "\N{SYMBOL FOR NULL}").encode("utf-8", "replace").decode()


def is_unchanged(written: str, cell: str) -> bool:
    """Say whether a cell is what was written, or what a spreadsheet makes of that: `7` of `007`, `31.01.2026`.

    >>> is_unchanged("007", "7"), is_unchanged("true", "TRUE"), is_unchanged("2026-01-31", "31.01.2026")
    (True, True, True)
    >>> is_unchanged("1234567890123456", "1.23457E+15"), is_unchanged("7", "007"), is_unchanged("1,50", "1.50")
    (True, False, False)
    """
    if written == cell or (written in {"true", "false"} and cell.lower() == written):
        return True
    if _DAY.fullmatch(written):
        return bool(_AS_DAY.fullmatch(cell)) and _numbers(written) == _numbers(cell)
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

"""The types that a rule of `--map` can ask for, and how each is made of a cell, exactly or not at all.

Pure. A notation says how a file writes numbers, dates and yes or no. This file does not know rules, columns or what a
destination accepts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from json import JSONDecodeError
from typing import Any, NamedTuple

from custify_connector.checking.json_values import dumps, loads
from custify_connector.checking.values import EXACT_INTEGERS, moment_of
from custify_connector.contract.errors import ConfigurationError, Fault

_YES, _NO = ("true", "yes", "1"), ("false", "no", "0")
EXCEL_DAYS = "excel"
"""The date format of a file that holds Excel's serial days."""


@dataclass(frozen=True)
class Notation:
    """How the cells of a file are written, where it is not as JSON writes them.

    `null_markers` are the cells that mean nothing, as `NULL`; with `trim`, white space around a cell is none of it.
    `date_format` is one of `datetime.strptime`, or `excel` for its serial days.
    """

    null_markers: tuple[str, ...] = ()
    trim: bool = False
    decimal: str = "."
    thousands: str = ""
    date_format: str = ""
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise ConfigurationError for a notation in which a cell has two meanings, or none."""
        faults = []
        if self.thousands == self.decimal:
            faults.append(Fault("--thousands", f"is {self.decimal!r}, which is the decimal mark: name another"))
        if len(self.decimal) != 1 or self.decimal.isalnum():
            faults.append(Fault("--decimal", "must be one character, such as ,"))
        if len(self.thousands) > 1 or self.thousands.isalnum():
            faults.append(Fault("--thousands", "must be one character, such as ."))
        both = {word.lower() for word in self.yes} & {word.lower() for word in self.no}
        faults += [Fault("--no-word", f"{word!r} is also a --yes-word") for word in sorted(both)]
        if self.date_format and self.date_format != EXCEL_DAYS and "%" not in self.date_format:
            faults.append(Fault("--date-format", "must be like %d.%m.%Y, or the word excel for Excel's serial days"))
        if faults:
            raise ConfigurationError(tuple(faults))

    def cell(self, text: str) -> str:
        """Return a cell without what the notation takes out of it."""
        text = text.strip() if self.trim else text
        return "" if text in self.null_markers else text

    def cells(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return a row without what the notation takes out of its cells."""
        if not (self.trim or self.null_markers):
            return fields
        return {name: self.cell(each) if isinstance(each, str) else each for name, each in fields.items()}


PLAIN = Notation()
"""A file in which everything is written as JSON writes it."""


class NotExact(ValueError):
    """Text of the right type that cannot be kept exactly; its own words say why."""


class Conversion(NamedTuple):
    """How a value is made of text, raising ValueError where it cannot be, and what such a value is called."""

    convert: Callable[[str, Notation], Any]
    name: str

    def name_in(self, notation: Notation) -> str:
        """Return what such a value is called in a file of this notation: its date format, its decimal mark."""
        if self.convert is _date and notation.date_format:
            return f"a date in the --date-format {notation.date_format}, or like 2026-01-31"
        if self.convert in {_integer, _number} and notation.decimal != PLAIN.decimal:
            marks = f"the --decimal {notation.decimal}" + (" and no --thousands" if not notation.thousands else "")
            return f"{self.name} with {marks}"
        return self.name


def text_of(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """Return a value as text; an integer is its digits, however it is held.

    Raises ValueError for a float whose digits are not known, because a float keeps no more than 16 of them.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        if not math.isfinite(value) or (value.is_integer() and abs(value) > EXACT_INTEGERS):
            raise ValueError(f"{value!r}, whose digits are not known")
        return str(int(value)) if value.is_integer() else repr(value)
    return "" if value is None else dumps(value).decode()


def _digits(text: str, notation: Notation) -> str:
    """Return a number as JSON writes it; a mark for thousands counts only where thousands are."""
    mark, point = re.escape(notation.thousands), re.escape(notation.decimal)
    whole = rf"[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+" if mark else "[0-9]+"
    if not re.fullmatch(rf"[+-]?(?:{whole})(?:{point}[0-9]+)?(?:[eE][+-]?[0-9]+)?", text):
        raise ValueError(text)
    text = text.replace(notation.thousands, "") if notation.thousands else text
    return text.replace(notation.decimal, ".")


def _integer(text: str, notation: Notation = PLAIN) -> int:
    digits = _digits(text, notation)
    found = re.fullmatch(r"([+-]?[0-9]+)(?:\.0+)?", digits)
    if not found:
        raise ValueError(text)
    return int(found[1], 10)


def _number(text: str, notation: Notation = PLAIN) -> int | float:
    digits = _digits(text, notation)
    if text.startswith("+"):
        raise ValueError(text)
    if not set(digits) & set(".eE"):
        return int(digits)
    number = float(digits)
    try:
        exact = math.isfinite(number) and Decimal(repr(number)) == Decimal(digits)
    except InvalidOperation:
        exact = False
    if not exact:
        raise NotExact("a JSON number cannot keep exactly: round it, or send it as text")
    return number


def _boolean(text: str, notation: Notation = PLAIN) -> bool:
    words = dict.fromkeys(notation.yes or _YES, True) | dict.fromkeys(notation.no or _NO, False)
    known = {word.lower(): value for word, value in words.items()}
    if text.lower() not in known:
        raise ValueError(text)
    return known[text.lower()]


def _date(text: str, notation: Notation = PLAIN) -> str:
    """Return a day or a moment as ISO 8601 has it; one without a zone stays without."""
    form = notation.date_format
    if form == EXCEL_DAYS:
        with suppress(ValueError):
            return _excel_day(text, notation)
    elif form:
        with suppress(ValueError):
            return _written(datetime.strptime(text, form), form)  # noqa: DTZ007 - its zone is in the format, or none is
    moment_of(_iso(text))
    return _iso(text)


def _iso(text: str) -> str:
    """Return a moment of Postgres, whose zone may have no minutes, with them."""
    return text + ":00" if re.search(r":\d\d(\.\d+)?[+-]\d\d$", text) else text


def _written(moment: datetime, form: str) -> str:
    if re.search(r"%[HIMSfpcX]", form):
        return moment.isoformat()
    return moment.date().isoformat()


def _excel_day(text: str, notation: Notation) -> str:
    """Return the day that Excel counts from 1900, in which it has a 29 February that was none."""
    days = Decimal(_digits(text, notation))
    if not _FIRST_TRUE_DAY <= days < _AFTER_LAST_DAY:
        raise ValueError(text)
    moment = datetime(1899, 12, 30) + timedelta(days=int(days), seconds=round(days % 1 * 86400))  # noqa: DTZ001 - Excel has no zones
    return moment.date().isoformat() if days == int(days) else moment.isoformat()


_FIRST_TRUE_DAY, _AFTER_LAST_DAY = 61, 2958466


def _json(text: str, _notation: Notation = PLAIN) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return loads(text, unique_names=True)
    except JSONDecodeError:
        raise
    except ValueError as error:
        raise NotExact(str(error)) from None


def day_of(value: date) -> str:
    """Return a day or a moment of a spreadsheet, which has no zones, as ISO 8601 has it."""
    midnight = isinstance(value, datetime) and not (value.hour or value.minute or value.second or value.microsecond)
    return value.isoformat()[:10] if midnight else value.isoformat()


CONVERSIONS = {
    "string": Conversion(lambda text, _notation: text, "text"),
    "integer": Conversion(_integer, "an integer"),
    "number": Conversion(_number, "a number"),
    "boolean": Conversion(_boolean, "true or false: name such words with --yes-word and --no-word"),
    "date": Conversion(_date, "a date: write 2026-01-31, or name their format with --date-format"),
    "json": Conversion(_json, "JSON"),
}
"""By the name of the type."""

"""Filters on dates.

Decided here: what "more than 30 days ago", "after" a day or "this quarter" selects. `after` and `before` leave out the
day named, `between` takes in both; days are UTC days. Custify's docs leave these bounds open.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from .dates import normal_date, today
from .refusals import malformed

if TYPE_CHECKING:
    from collections.abc import Callable

_LAST_MONTH, _MONTHS_OF_QUARTER, _ENDS = 12, 3, 2


def _days_ago(wanted: object) -> str:
    if isinstance(wanted, bool) or not isinstance(wanted, int | str) or not str(wanted).isdecimal():
        raise malformed("a filter on days ago needs an integer of days")
    return (today() - timedelta(days=int(wanted))).isoformat()


def _day(wanted: object) -> str:
    day = normal_date(wanted) if isinstance(wanted, str) else None
    if day is None:
        raise malformed("a filter on dates needs days written as YYYY-MM-DD")
    return day[:10]


def _between(wanted: object) -> tuple[str, str]:
    if not isinstance(wanted, list) or len(wanted) != _ENDS:
        raise malformed("a filter between dates needs a list of two days")
    return _day(wanted[0]), _day(wanted[1])


def _of_day(test: Callable[[str], bool]) -> Callable[[object], bool]:
    def judge(value: object) -> bool:
        normal = normal_date(value) if isinstance(value, str) else None
        return normal is not None and test(normal[:10])

    return judge


def _compared(operator: str, wanted: object) -> Callable[[object], bool]:
    limit = _days_ago(wanted) if operator in {"more_than", "exactly", "less_than"} else _day(wanted)
    if operator in {"more_than", "before"}:
        return _of_day(lambda day: day < limit)
    if operator in {"less_than", "after"}:
        return _of_day(lambda day: day > limit)
    return _of_day(lambda day: day == limit)


def _within(first: str, last: str) -> Callable[[object], bool]:
    return _of_day(lambda day: first <= day <= last)


def window(name: str) -> tuple[str, str] | None:
    """Return the first and last day of a named window such as `last_week` or `this_quarter`, or None."""
    day = today()
    if name in {"today", "yesterday"}:
        day -= timedelta(days=name == "yesterday")
        return day.isoformat(), day.isoformat()
    which, _, unit = name.partition("_")
    if which not in {"this", "last", "next"} or unit not in {"week", "month", "quarter", "year"}:
        return None
    start = _start(day, unit)
    if which == "last":
        start = _start(start - timedelta(days=1), unit)
    if which == "next":
        start = _after(start, unit)
    return start.isoformat(), (_after(start, unit) - timedelta(days=1)).isoformat()


def _start(day: date, unit: str) -> date:
    if unit == "week":
        return day - timedelta(days=day.weekday())
    if unit == "year":
        return day.replace(month=1, day=1)
    back = (day.month - 1) % _MONTHS_OF_QUARTER if unit == "quarter" else 0
    return day.replace(month=day.month - back, day=1)


def _after(start: date, unit: str) -> date:
    if unit == "week":
        return start + timedelta(days=7)
    months = {"month": 1, "quarter": 3, "year": 12}[unit]
    years, month = divmod(start.month - 1 + months, _LAST_MONTH)
    return start.replace(year=start.year + years, month=month + 1)


def date_test(operator: str, wanted: object) -> Callable[[object], bool] | None:
    """Return the test of an operator on dates, or None when there is no such operator."""
    if operator in {"more_than", "exactly", "less_than", "after", "on", "before"}:
        return _compared(operator, wanted)
    if operator == "between":
        return _within(*_between(wanted))
    named = window(operator)
    return _within(*named) if named else None

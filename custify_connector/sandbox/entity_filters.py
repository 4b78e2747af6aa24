"""Filters on people, companies and objectives: `{fieldName, fieldType, filterType, filterValue}`, joined by AND.

An operator that compares with nothing (true, any_value, this_quarter) needs no filterValue, as in the README of
Custify's own MCP server.

Decided here: what every operator of every type selects. Text is compared exactly, case included; a negative operator
also selects records without the value. Source: Custify's docs, Filters. This file does not know lists or pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .date_filters import date_test, window
from .fields import compared, is_unknown, value_at
from .refusals import malformed

if TYPE_CHECKING:
    from collections.abc import Callable

    from .table import Record

    Test = Callable[[object], bool]
    Reader = Callable[[Record], object]

_PARTS = ("fieldName", "fieldType", "filterType")
_WITHOUT_VALUE = frozenset({"true", "false", "is_unknown", "any_value", "is_bad", "is_average", "is_good"})
_BAD_BELOW, _GOOD_FROM, _ENDS = 40, 70, 2


def entity_predicate(filters: object, readers: dict[str, Reader]) -> Callable[[Record], bool]:
    """Return what decides whether a record passes all `filters`; refuse malformed ones (400).

    `readers` find the values of names that are not fields of a record, such as `buckets`; one may serve a single
    operator: `parent_companies:is_descendant`.
    """
    if not isinstance(filters, list):
        raise malformed("filters must be a JSON array")
    tests = [_test(one, readers) for one in filters]
    return lambda record: all(test(record) for test in tests)


def _test(one: object, readers: dict[str, Reader]) -> Callable[[Record], bool]:
    if not isinstance(one, dict) or not all(part in one for part in _PARTS):
        raise malformed(f"every filter must be an object with {', '.join(_PARTS)}")
    (name, kind, operator), wanted = (one[part] for part in _PARTS), one.get("filterValue")
    if not all(isinstance(part, str) for part in (name, kind, operator)):
        raise malformed("fieldName, fieldType and filterType of a filter must be texts")
    if "filterValue" not in one and operator not in _WITHOUT_VALUE and window(operator) is None:
        raise malformed(f"filterType {operator} needs a filterValue")
    test = _presence(operator) or _typed(kind, operator, wanted)
    if test is None:
        raise malformed(f"filterType {operator!r} is not an operator of {kind!r}")
    read = readers.get(f"{name}:{operator}") or readers.get(name) or (lambda record: value_at(record, name))
    return lambda record: test(read(record))


def _presence(operator: str) -> Test | None:
    if operator == "is_unknown":
        return is_unknown
    return (lambda value: not is_unknown(value)) if operator == "any_value" else None


def _typed(kind: str, operator: str, wanted: object) -> Test | None:
    make = _TYPES.get(kind)
    if make is None:
        raise malformed(f"fieldType {kind!r} is not one of {', '.join(_TYPES)}")
    return make(operator, wanted)


def _string(operator: str, wanted: object) -> Test | None:
    text = str(wanted)
    tests: dict[str, Test] = {
        "is": lambda value: value == text,
        "is_not": lambda value: value != text,
        "starts_with": lambda value: isinstance(value, str) and value.startswith(text),
        "ends_with": lambda value: isinstance(value, str) and value.endswith(text),
        "contains": lambda value: isinstance(value, str) and text in value,
        "does_not_contain": lambda value: not isinstance(value, str) or text not in value,
    }
    if operator in {"is_in", "is_descendant"}:
        return lambda value: bool(_members(value) & _members(wanted))
    return tests.get(operator)


def _amount(value: object) -> float | None:
    value = compared(value)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _wanted_amount(wanted: object) -> float:
    try:
        return float(wanted)  # type: ignore[arg-type] # what float refuses is refused below
    except (TypeError, ValueError):
        raise malformed("a filter on numbers needs a number") from None


def _number(operator: str, wanted: object) -> Test | None:
    bands = {"is_bad": (None, _BAD_BELOW), "is_average": (_BAD_BELOW, _GOOD_FROM), "is_good": (_GOOD_FROM, None)}
    if operator in bands:
        return _banded(*bands[operator])
    if operator == "between":
        return _spanned(wanted)
    if operator not in {"greater", "lower", "is", "is_not"}:
        return None
    limit = _wanted_amount(wanted)
    tests: dict[str, Callable[[float], bool]] = {
        "greater": lambda amount: amount > limit,
        "lower": lambda amount: amount < limit,
        "is": lambda amount: amount == limit,
        "is_not": lambda amount: amount != limit,
    }
    return _of_amount(tests[operator], absent=operator == "is_not")


def _of_amount(test: Callable[[float], bool], *, absent: bool = False) -> Test:
    def judge(value: object) -> bool:
        amount = _amount(value)
        return absent if amount is None else test(amount)

    return judge


def _banded(least: int | None, below: int | None) -> Test:
    return _of_amount(lambda amount: (least is None or amount >= least) and (below is None or amount < below))


def _spanned(wanted: object) -> Test:
    if not isinstance(wanted, list) or len(wanted) != _ENDS:
        raise malformed("a filter between numbers needs a list of two numbers")
    least, most = _wanted_amount(wanted[0]), _wanted_amount(wanted[1])
    return _of_amount(lambda amount: least <= amount <= most)


def _boolean(operator: str, _: object) -> Test | None:
    return {"true": lambda value: value is True, "false": lambda value: value is False}.get(operator)


def _members(value: object) -> set[object]:
    """Return a value as the set of what it holds: ids of a list, of linked objects, or itself."""
    values = value if isinstance(value, list) else [] if value is None else [value]
    members: set[object] = set()
    for one in values:
        members |= set(one.values()) if isinstance(one, dict) else {one}
    return members


def _membership(operator: str, wanted: object) -> Test | None:
    chosen = _members(wanted)
    if operator in {"is", "is_in", "is_any_of"}:
        return lambda value: bool(_members(value) & chosen)
    if operator in {"is_not", "is_not_in", "is_none_of"}:
        return lambda value: not _members(value) & chosen
    return (lambda value: chosen <= _members(value)) if operator == "is_all_of" else None


_TYPES: dict[str, Callable[[str, object], Test | None]] = {
    "String": _string,
    "Number": _number,
    "Date": date_test,
    "Boolean": _boolean,
    **dict.fromkeys(("Tag", "User", "Company", "Segment", "Dropdown"), _membership),
    "Currency": lambda operator, wanted: _number(operator, wanted) or _membership(operator, wanted),
}

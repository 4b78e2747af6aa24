"""What a write would change: a record, field by field, beside what the service holds of it.

Pure. Decides when two values are one as Custify keeps them: dates by their moment, links by the records that they lead
to, and text in place of a number or a truth by what it says (Custify's docs, Custom attributes: the first value fixes
the type). Only what a record gives is compared, since a field that it does not give stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from custify_connector.checking.identity import field_value
from custify_connector.checking.texts import Json, placeholders
from custify_connector.checking.values import moment_of
from custify_connector.writing.plan import WritePlan
from custify_connector.writing.requests import path_of

Verdict = Literal["create", "update", "delete", "nothing", "unknown"]
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One field as the service holds it, and as it would be; a link is true or false, and nothing is None."""

    field: str
    now: Json
    then: Json


@dataclass(frozen=True)
class Incomparable:
    """A field whose value cannot be compared with what the service shows of it."""

    field: str


@dataclass(frozen=True)
class Difference:
    """What becomes of a record; `reason` says why that is unknown, or what is left open."""

    verdict: Verdict
    changes: tuple[Change, ...] = ()
    reason: str | None = None

    def as_mapping(self) -> dict[str, Any]:
        """Return the difference as a receipt shows it."""
        changes = [{"field": each.field, "now": each.now, "then": each.then} for each in self.changes]
        return {"verdict": self.verdict, "changes": changes, "reason": self.reason}


def difference(plan: WritePlan, record: Record, held: Sequence[Record], *, by: tuple[str, ...]) -> Difference:
    """Return what a write would change; `held` is what the service holds of the record, found `by` these fields."""
    if plan.method == "DELETE":
        return _deleted(held)
    if len(held) > 1:
        return Difference("unknown", reason=f"{len(held)} records have this {' and '.join(by)}: any may be changed")
    if held:
        return _updated(plan, record, held[0])
    if by and not _may_create(plan, by):
        return Difference("unknown", reason=f"nothing has this {' and '.join(by)}, so the write may be refused")
    return Difference("create", tuple(each for each in _compared(plan, record, {}) if isinstance(each, Change)))


def _deleted(held: Sequence[Record]) -> Difference:
    if not held:
        return Difference("nothing", reason="there is nothing to delete")
    return Difference("delete", reason=f"{len(held)} records are found: all may be deleted" if len(held) > 1 else None)


def _may_create(plan: WritePlan, by: tuple[str, ...]) -> bool:
    """Return whether a write creates what is not there: nothing has the id that only the service gives out."""
    properties = (plan.schema or {}).get("properties", {})
    is_own_id = len(by) == 1 and properties.get(by[0], {}).get("format") == "object-id"
    return not is_own_id and plan.method != "PUT"


def _updated(plan: WritePlan, record: Record, held: Record) -> Difference:
    found = [*_compared(plan, record, held)]
    changes = tuple(each for each in found if isinstance(each, Change))
    incomparable = [each.field for each in found if isinstance(each, Incomparable)]
    reason = f"{', '.join(incomparable)}: cannot be compared with what is read" if incomparable else None
    return Difference("update" if changes else "unknown" if incomparable else "nothing", changes, reason)


def _compared(plan: WritePlan, record: Record, held: Record) -> Iterator[Change | Incomparable]:
    """Yield what is different, or cannot be compared, of the fields that a record gives."""
    in_address = {*placeholders(path_of(plan, record)), *plan.query}
    unreadable = plan.held.unreadable if plan.held else ()
    properties = (plan.schema or {}).get("properties", {})
    for name, given in record.items():
        if name in in_address:
            continue
        is_list_of_links = isinstance(given, list) and _is_links(properties.get(name, {}))
        if held and (name in unreadable or (is_list_of_links and name not in held)):
            yield Incomparable(name)
        elif name == "$unset" and isinstance(given, list):
            yield from (Change(each, now, None) for each in given if (now := field_value(held, each)) is not None)
        elif is_list_of_links:
            yield from _links(name, given, held.get(name) or [])
        else:
            yield from _values(name, given, _now(plan, name, given, held))


def _now(plan: WritePlan, name: str, given: Json, held: Record) -> Json:
    """Return what the service holds of a field, in that of its forms which was given."""
    other = plan.held.also.get(name) if plan.held else None
    is_other = other is not None and held.get(other) is not None and not is_same(given, held.get(name))
    return held.get(other if other is not None and is_other else name)


def _values(place: str, given: Json, now: Json) -> Iterator[Change]:
    """Yield the changes of a value; an object is compared field by field, since one that is left out stays."""
    if isinstance(given, Mapping):
        before = now if isinstance(now, Mapping) else {}
        for name, inner in given.items():
            yield from _values(f"{place}.{name}", inner, before.get(name))
    elif not is_same(given, now):
        yield Change(place, now, given)


def is_same(given: Json, now: Json) -> bool:
    """Return whether a value that is written is the one that is held."""
    if isinstance(given, list) and isinstance(now, list):
        return _is_same_list(given, now)
    if isinstance(given, Mapping) and isinstance(now, Mapping):
        return all(is_same(inner, now.get(name)) for name, inner in given.items())
    if isinstance(given, str) and isinstance(now, str):
        return given == now or ((moment := _moment(given)) is not None and moment == _moment(now))
    if isinstance(given, (str, int, float)) and isinstance(now, (int, float)):
        return _says(given) == _says(now)
    return given is None and now is None


def _is_same_list(given: list[Json], now: list[Json]) -> bool:
    """Return whether two lists hold the same; the order of ids and texts means nothing."""
    if all(isinstance(each, str) for each in (*given, *now)):
        return sorted(given) == sorted(now)
    return len(given) == len(now) and all(map(is_same, given, now))


_MINUTES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d", re.ASCII)


def _moment(text: str) -> datetime | None:
    """Return the moment that a text names, to the millisecond that Custify keeps; None where it names none."""
    try:
        moment = moment_of(f"{text}:00" if _MINUTES.fullmatch(text) else text)
    except (ValueError, OverflowError):
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


_NUMBER = re.compile(r"[+-]?\d{1,300}(\.\d{1,300})?", re.ASCII)


def _says(value: Json) -> Decimal | str:
    """Return what a value says, whatever its type: 7 and "7.0" say the same, and so do true and "TRUE"."""
    text = str(value)
    if isinstance(value, bool):
        return text.lower()
    if isinstance(value, str) and not _NUMBER.fullmatch(text):
        return text.lower()
    return Decimal(text)


def _is_links(schema: Mapping[str, Any]) -> bool:
    """Return whether a field lists records to link or, with `remove`, no longer to link."""
    items = schema.get("items")
    return isinstance(items, Mapping) and "remove" in items.get("properties", {})


def _links(place: str, given: list[Json], held: list[Json]) -> Iterator[Change | Incomparable]:
    """Yield the links that a write would make or take away."""
    for each in given:
        names = {name: value for name, value in each.items() if name != "remove"} or {"id": None}
        is_linked = _is_linked(names, held)
        name, value = next(iter(names.items()))
        shown = f"{place}[{name}={value}]"
        if is_linked is None:
            yield Incomparable(shown)
        elif is_linked is (each.get("remove") is True):
            yield Change(shown, is_linked, not is_linked)


def _is_linked(names: Mapping[str, Json], held: list[Json]) -> bool | None:
    """Return whether a record is among those that are linked; None where they do not show the field that names it."""
    shown = [each if isinstance(each, Mapping) else {"id": each} for each in held]
    if any(str(each.get(name)) == str(value) for each in shown for name, value in names.items()):
        return True
    return False if all(any(name in each for name in names) for each in shown) else None

"""Group G, third part: values, from null to the longest text: delivered as they are, or rejected with a reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from custify_connector.certification.bench import Bench, field
from custify_connector.certification.checking import check
from custify_connector.certification.checks.writing import named
from custify_connector.certification.findings import Finding, equal, holds, nothing, shown
from custify_connector.certification.trials import Trial
from custify_connector.contract.testbed import Record, WriteCase

_TEXTS = {
    "unicode": "Zoë Müller, 李雷, Ольга",
    "emoji": "👩‍🚀 done ✅",
    "quotes and breaks": 'a "b" \\ c\n\td',
    "markup": "<b>&amp;</b>",
    "255 characters": "x" * 255,
    "100,000 characters": "x" * 100_000,
}
_SINGLE: dict[str, Any] = {
    "the largest of 32 bits": 2**31 - 1,
    "the smallest of 32 bits": -(2**31),
    "more than 32 bits": 2**31,
    "more than 53 bits": 2**53 + 1,
    "more than 64 bits": 2**70,
    "a fraction": 0.1,
    "a decimal": Decimal("12.34"),
    "not a number": float("nan"),
    "infinite": float("inf"),
    "a date": "2026-01-31",
    "a time in UTC": "2026-01-31T09:30:00.000Z",
    "a time with a zone": "2026-01-31T09:30:00+02:00",
    "a time without a zone": "2026-01-31T09:30:00",
    "a time of Python": datetime(2026, 1, 31, 9, 30, tzinfo=timezone.utc),
}
_NESTED: dict[str, Any] = {"an object": {"inner": {"deep": 1}}, "a list": [1, {"inner": 2}], "an empty list": []}


@check("G15", "rehearsed")
def null_clears_and_a_missing_field_keeps(bench: Bench) -> Iterator[Finding]:
    """A field that is left out keeps its value; one that is null is cleared, or the record is rejected for it."""
    trial = bench.open()
    for case in trial.cases("upsert"):
        record = case.make(1)
        trial.write(case, [record])
        for path in filter(None, (case.changed, case.nested)):
            trial.write(case, [_only(record, case.key)])
            kept = [field(one, path) for one in trial.held(case, record)]
            yield equal(f"{case.name}, {path} left out", [field(record, path)], kept)
            outcomes = trial.write(case, [_set(_only(record, case.key), path, None)]).outcomes
            now = [field(one, path) for one in trial.held(case, record)]
            cleared = outcomes == ["sent"] and now == [None]
            yield holds(f"{case.name}, {path} null", "cleared, or rejected", f"{outcomes}, held {now!r}",
                        cleared or outcomes == ["rejected"])  # fmt: skip


@check("G16", "rehearsed")
def nought_false_and_empty_text_are_delivered(bench: Bench) -> Iterator[Finding]:
    """A value that a program may take for nothing is a value: 0, false and the empty text replace what was there.

    Where the service takes none of them, the record is rejected with a reason.
    """
    trial = bench.open()
    for case in trial.cases("upsert"):
        full = case.make(1)
        filled = {name: True if value is False else value for name, value in full.items()}
        empty = {name: _nothing(value) if name not in case.key else value for name, value in filled.items()}
        if case.changed:
            empty[case.changed] = ""
        trial.write(case, [filled])
        writing = trial.write(case, [empty])
        if writing.outcomes == ["rejected"]:
            reason = writing.receipts[0].reason
            yield holds(f"{case.name}, rejected", "a reason", reason, reason)
            continue
        yield equal(f"{case.name}, outcome", ["sent"], writing.outcomes)
        for name in (name for name in empty if empty[name] != filled[name]):
            yield equal(f"{case.name}, {name}", [empty[name]], [one.get(name) for one in trial.held(case, full)])


def _nothing(value: object) -> object:
    return type(value)() if isinstance(value, (bool, int, float)) else value


@check("G17", "rehearsed")
def nothing_is_invented(bench: Bench) -> Iterator[Finding]:
    """A new record has what was sent, and what the service gives each by itself: no default, no date of ours."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        needed = bench.description["destinations"][case.name]["schema"].get("required", ())
        for record in (
            _only(case.make(1), (*case.key, *(name for name in needed if name in case.make(1)))),
            case.make(2),
        ):
            trial.write(case, [record])
            held = trial.held(case, record)
            yield equal(f"{case.name} {named(record, case.key)}, held", 1, len(held))
            invented = [f"{name}: {value!r}" for one in held for name, value in _others(case, record, one)]
            yield nothing(f"{case.name} {named(record, case.key)}", "no more than was sent", invented)


def _others(case: WriteCase, sent: Record, held: Record) -> Iterator[tuple[str, Any]]:
    """Yield what is held and was neither sent nor added by the service."""
    for name, value in held.items():
        allowed = sent[name] if name in sent else case.adds.get(name)
        any_value = name not in sent and allowed == ()
        if not any_value and value != allowed:
            yield name, value


@check("G18", "rehearsed")
def a_nested_value_is_delivered_or_rejected(bench: Bench) -> Iterator[Finding]:
    """An object or a list is held as it was sent, or its record is rejected with a reason; it is never left out."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        for number, (kind, value) in enumerate(_NESTED.items()):
            for path in _places(case):
                yield _delivered_or_rejected(trial, case, _set(case.make(number), path, value), path, kind)
        if case.nested:
            yield _delivered_or_rejected(trial, case, case.make(9), case.nested, "an object that belongs there")


@check("G19", "rehearsed", seconds=60)
def a_value_of_any_type_arrives_as_it_is(bench: Bench) -> Iterator[Finding]:
    """Numbers, decimals, dates, texts of all sorts and many fields are held equal, or rejected with a reason."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        for number, (kind, value) in enumerate(_TEXTS.items()):
            if case.changed:
                record = _set(case.make(number), case.changed, value)
                yield _delivered_or_rejected(trial, case, record, case.changed, kind)
        for number, (kind, value) in enumerate(_SINGLE.items() if case.opened else ()):
            path = f"{case.opened}.value {number}"
            yield _delivered_or_rejected(trial, case, _set(case.make(20 + number), path, value), path, kind)
        for count in (40, 250, 251) if case.opened else ():
            record = {**case.make(50 + count), str(case.opened): {f"many {one}": one for one in range(count)}}
            yield _delivered_or_rejected(trial, case, record, str(case.opened), f"{count} fields")


def _places(case: WriteCase) -> list[str]:
    return [*([case.changed] if case.changed else []), *([f"{case.opened}.nested"] if case.opened else [])]


def _delivered_or_rejected(trial: Trial, case: WriteCase, record: Record, path: str, kind: str) -> Finding:
    writing = trial.write(case, [record])
    held = [field(one, path) for one in trial.held(case, record)]
    sent, outcomes = field(record, path), writing.outcomes
    well = (outcomes == ["sent"] and len(held) == 1 and _same(sent, held[0])) or (
        outcomes == ["rejected"] and bool(writing.receipts[0].reason) and held in ([], [None])
    )
    got = f"{outcomes}, held {shown(held)}{f', {shown(writing.error)}' if writing.error else ''}"
    return holds(f"{case.name}, {path}, {kind}", f"{shown(sent)} held, or rejected with a reason", got, well)


def _same(sent: object, held: object) -> bool:
    """Say whether two values are equal, or the same number or time in another notation."""
    if isinstance(sent, Decimal):
        return isinstance(held, (int, float, str)) and Decimal(str(held)) == sent
    return sent == held or (_time(sent) is not None and _time(sent) == _time(held))


def _time(value: object) -> datetime | None:
    """Return the time that a value is; without a zone it is in UTC."""
    try:
        time = value if isinstance(value, datetime) else datetime.fromisoformat(_readable(str(value)))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=timezone.utc)


def _readable(time: str) -> str:
    """Return an ISO 8601 time in the one form that Python 3.10 reads, too: no Z, 3 or 6 digits of a second."""
    return re.sub(r"\.(\d+)", lambda digits: f".{digits[1][:6]:0<6}", time.replace("Z", "+00:00"))


def _only(record: Record, key: tuple[str, ...]) -> Record:
    return {name: record[name] for name in key}


def _set(record: Record, path: str, value: object) -> Record:
    name, _, rest = path.partition(".")
    return {**record, name: _set(record.get(name) or {}, rest, value) if rest else value}

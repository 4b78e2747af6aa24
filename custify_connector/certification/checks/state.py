"""Group E: states, from which a read continues."""

from __future__ import annotations

import json
import random
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal, holds, nothing, shown
from custify_connector.certification.trials import Trial
from custify_connector.contract import ConnectorError, IncompleteRead, StateError
from custify_connector.contract.testbed import InjectedFault, NotOffered


@check("E2", "rehearsed", seconds=60)
def a_read_stopped_after_any_batch_goes_on_without_loss(bench: Bench) -> Iterator[Finding]:
    """Stopped after each batch and resumed from its state, the two parts together are all that the service holds."""
    trial = bench.open()
    for stream in trial.streams:
        held = {bench.name(stream, record) for record in trial.service.truth(stream)}
        whole = trial.read(stream)
        for stop in range(1, len(whole.batches)):
            first = trial.read(stream, batches=stop)
            rest = trial.read(stream, first.state)
            came = {bench.name(stream, record) for record in (*first.records, *rest.records)}
            yield nothing(f"{stream}, stopped after batch {stop}", f"all {len(held)} records", held - came)


@check("E1", "rehearsed")
def a_second_read_delivers_what_changed(bench: Bench) -> Iterator[Finding]:
    """From the state of a whole incremental read, the next delivers every change since, and not all over again.

    It may give again what a cursor that includes its own moment gives, and what it looks back for: the records of the
    hour before the last moment that it had read.
    """
    for stream, cursor, trial in _incremental(bench, size=30):
        first = trial.read(stream, mode="incremental")
        truth = trial.service.truth(stream)
        before, last = {bench.name(stream, one) for one in truth}, max(str(one.get(cursor)) for one in truth)
        trial.service.change(stream, creates=2, updates=2, fields={cursor: _moment()})
        changed = {bench.name(stream, one) for one in trial.service.truth(stream)} - before
        second = trial.read(stream, first.state, mode="incremental")
        came = [bench.name(stream, one) for one in second.records]
        yield nothing(stream, "the new and changed records", changed - set(came))
        few = [one for one in trial.service.truth(stream) if str(one.get(cursor)) >= _hour_before(last)]
        yield holds(stream, f"at most {len(few)} records: those that changed, and those of the hour before {last}",
                    f"{len(came)} records", len(came) <= len(few))  # fmt: skip


@check("E3", "hardened", seconds=60)
def a_read_killed_at_any_point_goes_on_without_loss(bench: Bench) -> Iterator[Finding]:
    """A process that is killed leaves what it handed out; from its last state another delivers all the rest."""
    chance = random.Random(_SEED)  # noqa: S311 - the same points every time
    trial = bench.open(page_cap=4, latency_seconds=0.01)
    stream = trial.streams[0]
    held = {bench.name(stream, record) for record in trial.service.truth(stream)}
    for _ in range(_KILLS):
        process = trial.read_apart(stream)
        lines = list(islice(process.lines(), chance.randint(1, 6)))
        time.sleep(chance.random() / 20)
        process.kill()
        process.wait()
        if not lines:
            yield holds(f"{stream}, in a process of its own", "a batch", "none came", true=False)
            return
        rest = trial.read(stream, lines[-1]["state"])
        came = {bench.name(stream, one) for line in lines for one in line["records"]}
        came |= {bench.name(stream, one) for one in rest.records}
        yield nothing(f"{stream}, killed after batch {len(lines)}", f"all {len(held)} records", held - came)


_SEED, _KILLS = 3, 3


@check("E4", "hardened", seconds=60)
def equal_cursors_across_a_page_border_lose_nothing(bench: Bench) -> Iterator[Finding]:
    """Many records may share one moment, more than a page holds: none is passed over, wherever a read stops."""
    for stream, cursor, trial in _incremental(bench, size=24, page_cap=5, quirks=frozenset({"unstable_ties"})):
        trial.service.change(stream, updates=17, fields={cursor: _moment()})
        yield from _every_stop(bench, trial, stream)


@check("E5", "hardened", seconds=60)
def no_order_lets_a_state_run_ahead(bench: Bench) -> Iterator[Finding]:
    """Where a service does not keep the order asked for, a state still never passes a record that was not read."""
    for stream, _, trial in _incremental(bench, size=24, page_cap=5, quirks=frozenset({"unordered"})):
        yield from _every_stop(bench, trial, stream)


def _every_stop(bench: Bench, trial: Trial, stream: str) -> Iterator[Finding]:
    held = {bench.name(stream, record) for record in trial.service.truth(stream)}
    whole = trial.read(stream, mode="incremental")
    for stop in range(1, len(whole.batches) + 1):
        first = trial.read(stream, batches=stop, mode="incremental")
        rest = trial.read(stream, first.state, mode="incremental").records if stop < len(whole.batches) else []
        came = {bench.name(stream, record) for record in (*first.records, *rest)}
        yield nothing(f"{stream}, stopped after batch {stop}", f"all {len(held)} records", held - came)


@check("E6", "rehearsed")
def records_that_come_late_are_picked_up(bench: Bench) -> Iterator[Finding]:
    """A record may appear with a moment shortly before the last read: the next one looks back far enough for it."""
    for stream, cursor, trial in _incremental(bench, size=12):
        first = trial.read(stream, mode="incremental")
        before = {bench.name(stream, one) for one in trial.service.truth(stream)}
        trial.service.change(stream, creates=1, fields={cursor: _moment(minutes=-1)})
        late = {bench.name(stream, one) for one in trial.service.truth(stream)} - before
        came = {bench.name(stream, one) for one in trial.read(stream, first.state, mode="incremental").records}
        yield nothing(stream, "the record of a minute ago", late - came)


@check("E7", "rehearsed")
def a_state_of_the_far_future_delivers_nothing_and_stays(bench: Bench) -> Iterator[Finding]:
    """Nothing is newer than such a state; it is handed back as it was, and at most reported as an incomplete read."""
    for stream, _, trial in _incremental(bench, size=12):
        last = trial.read(stream, mode="incremental").state
        future = json.loads(_MOMENT.sub("2099-01-01T00:00:00.000Z", json.dumps(last)))
        if future == last:
            raise NotOffered(f"the state of {stream} names no moment")
        reading = trial.read(stream, future, mode="incremental")
        yield equal(f"{stream}, records", [], reading.records)
        error = None if isinstance(reading.error, IncompleteRead) else reading.error
        yield equal(f"{stream}, error and state", (None, future), (error, reading.state))


@check("E8", "rehearsed")
def a_state_is_json_and_names_its_version(bench: Bench) -> Iterator[Finding]:
    """A host stores it as JSON and gives it to a later release; the end of a read leaves no mark of how it went."""
    trial = bench.open()
    for stream in trial.streams:
        readings = [trial.read(stream) for _ in range(2)]
        states = [batch.state for batch in readings[0].batches]
        yield nothing(stream, "a version in each", (one for one in states if not isinstance(one.get("version"), int)))
        yield nothing(stream, "the same through JSON", (one for one in states if json.loads(json.dumps(one)) != one))
        yield equal(f"{stream}, at the end of two reads", readings[0].state, readings[1].state)
        counts = [sum(len(batch.records) for batch in one.batches) for one in readings]
        yield equal(f"{stream}, records in batches", [len(trial.service.truth(stream))] * 2, counts)


@check("E9", "rehearsed")
def a_damaged_state_is_refused_clearly(bench: Bench) -> Iterator[Finding]:
    """A state that was cut, altered or made by a later release is a StateError, never a silent start over.

    One that an earlier release left is taken.
    """
    trial = bench.open()
    for stream in trial.streams[:2]:
        good = trial.read(stream, batches=1).state or {}
        damaged: list[Any] = [{"nonsense": 1}, {**good, "version": 999}, {**good, "version": "one"}, [good], "text"]
        for one in damaged:
            before = trial.requests
            reading = trial.read(stream, one)
            asked = trial.requests - before
            yield holds(f"{stream}, state {shown(one)}", "a StateError, and no request",
                        f"{asked} requests, {shown(reading.error) if reading.error else 'no error'}",
                        isinstance(reading.error, StateError) and not asked)  # fmt: skip
    with suppress(NotOffered):
        for stream, state in trial.service.released().states.items():
            yield equal(f"{stream}, a state of the last release", None, trial.read(stream, dict(state)).error)


@check("E10", "hardened")
def the_failure_of_one_stream_leaves_the_others(bench: Bench) -> Iterator[Finding]:
    """One stream that fails spoils neither the state of another, nor the next read of its own."""
    trial = bench.open(page_cap=5)
    streams = trial.streams[:2]
    states = {stream: trial.read(stream, batches=1) for stream in streams}
    trial.service.inject(InjectedFault("status", status=400, after=1))
    failed = trial.read(streams[0])
    yield holds(f"{streams[0]}, failing", "an error of the contract", failed.error or "none",
                isinstance(failed.error, ConnectorError))  # fmt: skip
    for stream, first in states.items():
        held = {bench.name(stream, record) for record in trial.service.truth(stream)}
        rest = trial.read(stream, first.state)
        came = {bench.name(stream, record) for record in (*first.records, *rest.records)}
        yield nothing(f"{stream}, from its own state", f"all {len(held)} records", held - came)


@check("E11", "hardened")
def cursors_in_other_zones_or_missing_lose_nothing(bench: Bench) -> Iterator[Finding]:
    """A moment with another zone, and a record without one, are delivered like any other."""
    for value in ("2026-03-01T02:00:00+05:00", "2026-03-01", None):
        for stream, cursor, trial in _incremental(bench, size=12, page_cap=5):
            trial.service.change(stream, updates=2, fields={cursor: value})
            held = {bench.name(stream, record) for record in trial.service.truth(stream)}
            reading = trial.read(stream, mode="incremental")
            came = {bench.name(stream, record) for record in reading.records}
            yield nothing(f"{stream}, {cursor} {value}", f"all {len(held)} records", held - came)
            yield equal(f"{stream}, {cursor} {value}, error", None, reading.error)


@check("E12", "rehearsed")
def a_state_of_another_account_is_refused(bench: Bench) -> Iterator[Finding]:
    """A cursor of one account passes over the records of another: where a state names its account, that must be met.

    A host stores states with their account; this is the second guard, against a state that was copied or renamed.
    """
    first, second = bench.open(), bench.open()
    led = bench.leading(first, second)
    for stream in first.streams:
        state = first.read(stream, batches=1).state
        if not any(value in json.dumps(state) for value in led.values()):
            bench.lacks.add(f"the states of {stream} name no account")
            continue
        reading = second.read(stream, state)
        yield holds(f"{stream}, a state of another account", "a StateError, and no request",
                    f"{second.requests} requests, {shown(reading.error) if reading.error else 'no error'}",
                    isinstance(reading.error, StateError) and not second.requests)  # fmt: skip


def _incremental(bench: Bench, **setup: Any) -> Iterator[tuple[str, str, Trial]]:  # noqa: ANN401 - see `Bench.sized`
    """Yield each stream that can be sized and read by a cursor, with the cursor."""
    described = bench.incremental(bench.open())
    sized = ((stream, trial) for stream, trial in bench.sized(**setup) if stream in described) if described else ()
    found = False
    for stream, trial in sized:
        found = True
        yield stream, bench.description["sources"][stream]["cursor"], trial
    if described and not found:
        raise NotOffered("no stream that is read by a cursor can be sized")


def _hour_before(moment: str) -> str:
    """Return the moment an hour before one, in its own notation; the same moment where it is no ISO 8601."""
    try:
        at = datetime.fromisoformat(moment.replace("Z", "+00:00")) - timedelta(hours=1)
    except ValueError:
        return moment
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _moment(minutes: float = 0) -> str:
    at = datetime.now(timezone.utc) + timedelta(minutes=minutes)
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")

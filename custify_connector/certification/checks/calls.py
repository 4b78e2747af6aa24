"""Groups F and H, calls: when a wrong argument is refused, how threads share a connector, how a call is left early."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal, holds, nothing, shown
from custify_connector.certification.trials import Trial
from custify_connector.contract import ConfigurationError
from custify_connector.contract.testbed import Record, WriteCase

_SIZES = (5, 9)
_THREADS_EACH = 3
_PATIENCE_SECONDS = 20.0
_MANY, _AFTER_SECONDS = 400, 0.3

Call = Callable[[], object]


@check("H8", "rehearsed")
def a_wrong_argument_is_refused_at_the_call(bench: Bench) -> Iterator[Finding]:
    """A host reports a mistake where it was made: the hook raises a ConfigurationError, not the first `next()` later.

    A hook that is a generator function raises nothing when it is called: check first, then return the iterator.
    """
    trial = bench.open()
    for name, call in _wrong_calls(bench, trial):
        before = trial.requests
        raised = _raised(call)
        yield holds(name, "a ConfigurationError at the call", shown(raised or "nothing was raised"),
                    isinstance(raised, ConfigurationError))  # fmt: skip
        yield equal(f"{name}, requests", 0, trial.requests - before)


def _wrong_calls(bench: Bench, trial: Trial) -> Iterator[tuple[str, Call]]:
    """Yield calls that are wrong in one way each, by hook and argument."""
    hooks, good = bench.connector, trial.service.credentials.good
    required = bench.description["credential"].get("required", ())
    poor: Record = {name: value for name, value in good.items() if name not in required[:1]}
    for stream in trial.streams[:1]:
        source: Any = trial.service.source(stream)
        yield from _each("read_source, source", source, lambda one: hooks.read_source(good, one, None))
        yield "read_source, state", partial(hooks.read_source, good, source, {"nonsense": 1})
        if required:
            yield "read_source, credential", partial(hooks.read_source, poor, source, None)
        if required and bench.has_hook("describe_account", optional=True):
            yield "describe_account, credential", partial(hooks.describe_account, poor)
        if bench.has_hook("plan_source", optional=True):
            yield from _each("plan_source, source", source, lambda one: hooks.plan_source(good, one, 2))
            yield "plan_source, parts", partial(hooks.plan_source, good, source, 0)
    for case in trial.cases("upsert", "create")[:1]:
        to: Any = case.destination
        yield from _each("write_destination, destination", to, lambda one: hooks.write_destination(good, one, []))
        if required:
            yield "write_destination, credential", partial(hooks.write_destination, poor, to, [])


def _each(place: str, argument: Record, call: Callable[[Any], object]) -> Iterator[tuple[str, Call]]:
    yield f"{place}, an unknown word", partial(call, {**argument, "no_such_word": True})
    yield f"{place}, an unknown endpoint", partial(call, {**argument, "endpoint": "no_such_endpoint"})


def _raised(call: Call) -> Exception | None:
    try:
        call()
    except Exception as error:  # noqa: BLE001 - what a connector raises is what is looked at
        return error
    return None


@check("F12", "hardened", seconds=60)
def calls_from_several_threads_do_not_mix(bench: Bench) -> Iterator[Finding]:
    """A host calls one connector from many threads, for many accounts: each call has its own records and receipts.

    All calls are made before the first batch or receipt is taken: what one call needs may not be kept in the connector.
    """
    opened = [next(bench.sized(size=size)) for size in _SIZES]
    trials = [trial for _, trial in opened for _ in range(_THREADS_EACH)]
    stream = opened[0][0]
    readings = _at_once([partial(trial.series, stream) for trial in trials])
    for number, (trial, batches) in enumerate(zip(trials, readings, strict=True)):
        came = Counter(bench.name(stream, record) for batch in batches for record in batch.records)
        held = Counter(bench.name(stream, record) for record in trial.service.truth(stream))
        strange = ((held - came) + (came - held)).elements()
        yield nothing(f"{stream}, thread {number}", f"the {held.total()} records of its account", strange)
    yield from _written_at_once(trials)


def _written_at_once(trials: list[Trial]) -> Iterator[Finding]:
    for index, case in enumerate(trials[0].cases("upsert", "create")):
        work = [
            (trial, trial.cases("upsert", "create")[index], case.make(number)) for number, trial in enumerate(trials)
        ]
        writings = _at_once([partial(trial.receipts, own, [record]) for trial, own, record in work])
        for number, ((trial, own, record), receipts) in enumerate(zip(work, writings, strict=True)):
            place = f"{case.name}, thread {number}"
            yield equal(f"{place}, outcomes", ["sent"], [one.outcome for one in receipts])
            yield equal(f"{place}, records held", 1, len(trial.held(own, record)))


def _at_once(calls: list[Callable[[], Iterator[Any]]]) -> list[list[Any]]:
    """Return what each call gives; each has a thread, and all are made before the first is asked for anything."""
    made = threading.Barrier(len(calls), timeout=_PATIENCE_SECONDS)

    def work(call: Callable[[], Iterator[Any]]) -> list[Any]:
        series = call()
        made.wait()
        return list(series)

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(work, calls))


@check("F13", "hardened")
def a_write_that_is_closed_takes_no_more_records(bench: Bench) -> Iterator[Finding]:
    """A host that leaves a write early closes its iterator: no further record is taken, and no request is sent."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        taken: list[int] = []
        series = trial.receipts(case, _noted(case, taken))
        next(series)
        close = getattr(series, "close", None)
        yield holds(f"{case.name}, the iterator", "has a `close`", type(series).__name__, close)
        if close:
            close()
            before = len(taken), trial.requests
            time.sleep(_AFTER_SECONDS)
            yield equal(f"{case.name}, records taken and requests after it", before, (len(taken), trial.requests))
            yield holds(f"{case.name}, records taken", "not all", f"{len(taken)} of {_MANY}", len(taken) < _MANY,
                        measured=True)  # fmt: skip


def _noted(case: WriteCase, taken: list[int]) -> Iterator[Record]:
    for number in range(_MANY):
        taken.append(number)
        yield case.make(number)

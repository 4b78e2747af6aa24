"""Group G, fourth part: what a host orders with a write, and that the order is kept or refused before any request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.checks.writing import as_sent, differences
from custify_connector.certification.findings import Finding, equal, holds, nothing
from custify_connector.certification.trials import Trial
from custify_connector.contract import ConfigurationError
from custify_connector.contract.testbed import Exchange, InjectedFault, Record, WriteCase

_MANY, _JOBS, _UNLUCKY = 40, 8, 3


@check("G7", "rehearsed")
def a_run_ends_when_too_many_are_rejected(bench: Bench) -> Iterator[Finding]:
    """Above `max_rejects` the rest is not tried, and each of the rest has a receipt that says so; up to it, all go."""
    if not bench.takes("max_rejects"):
        return
    trial = bench.open()
    for case in trial.cases("upsert"):
        records = [case.invalid, case.invalid, *case.records(_MANY)]
        enough = trial.write(case, records[:5], max_rejects=2)
        yield equal(f"{case.name}, two rejects, two allowed", ["rejected"] * 2 + ["sent"] * 3, enough.outcomes)
        writing = trial.write(case, records, max_rejects=1)
        yield equal(f"{case.name}, receipts", len(records), len(writing.receipts))
        yield equal(f"{case.name}, outcome of the last", ["not_tried"], writing.outcomes[-1:])
        yield equal(f"{case.name}, held of the last", 0, len(trial.held(case, records[-1])))
        yield from _counts_every_reject(bench.open(), case)


def _counts_every_reject(trial: Trial, case: WriteCase) -> Iterator[Finding]:
    """Yield that each kind of reject alone ends a run that allows one of them."""
    kinds = {"no record": "no record", "breaks the schema": case.invalid, "refused by the service": case.refused}
    for kind, bad in kinds.items():
        if bad is not None:
            records = [bad, bad, *case.records(_MANY)]
            outcomes = trial.write(case, records, max_rejects=1).outcomes
            yield equal(f"{case.name}, two that are {kind}", ["rejected", "rejected"], outcomes[:2])
            yield equal(f"{case.name}, two that are {kind}, the last", ["not_tried"], outcomes[-1:])


@check("G8", "rehearsed")
def a_bad_record_stops_the_run_only_where_it_was_asked_for(bench: Bench) -> Iterator[Finding]:
    """`on_reject` stop ends at the first bad record; continue sends those after it; any other value is refused."""
    if not bench.takes("on_reject"):
        return
    trial = bench.open()
    for case in trial.cases("upsert"):
        records = [case.make(1), case.invalid, case.make(2)]
        stopped = trial.write(case, records, on_reject="stop")
        yield equal(f"{case.name}, stop", ["sent", "rejected", "not_tried"], stopped.outcomes)
        yield equal(f"{case.name}, stop, held of the last", 0, len(trial.held(case, records[2])))
        going = trial.write(case, records, on_reject="continue")
        yield equal(f"{case.name}, continue", ["sent", "rejected", "sent"], going.outcomes)
        yield from _refused(trial, case, "an order that is not known", on_reject="perhaps")


@check("G9", "rehearsed")
def an_operation_does_what_its_name_says(bench: Bench) -> Iterator[Finding]:
    """Upsert creates and changes, create never changes, update never creates, delete deletes, and that one alone."""
    trial = bench.open()
    for case in trial.cases("upsert", "create", "update", "delete"):
        yield from {"upsert": _upserts, "create": _creates, "update": _updates, "delete": _deletes}[case.operation](
            trial, case
        )


def _upserts(trial: Trial, case: WriteCase) -> Iterator[Finding]:
    record = case.make(1)
    trial.write(case, [record])
    yield from as_sent(trial, case, [record])
    if case.changed:
        changed = {**record, case.changed: "changed"}
        trial.write(case, [changed])
        yield from as_sent(trial, case, [changed])


def _creates(trial: Trial, case: WriteCase) -> Iterator[Finding]:
    record = case.make(1)
    trial.write(case, [record])
    held = trial.held(case, record)
    trial.write(case, [{name: record[name] for name in case.key}])
    yield nothing(f"{case.name}, what was there", "as it was created", differences(record, held))
    yield equal(f"{case.name}, what was there", held, trial.held(case, record)[:1])


def _updates(trial: Trial, case: WriteCase) -> Iterator[Finding]:
    stranger, record = case.make(77), case.make(1)
    outcomes = trial.write(case, [stranger]).outcomes
    yield holds(f"{case.name}, foreign record", "not sent", outcomes, outcomes not in (["sent"], ["unchanged"]))
    yield equal(f"{case.name}, foreign record", [], trial.held(case, stranger))
    trial.write(_made_by(trial, case), [record])
    changed = {**record, str(case.changed): "updated"}
    yield equal(f"{case.name}, outcome", ["sent"], trial.write(case, [changed]).outcomes)
    yield from as_sent(trial, case, [changed])


def _deletes(trial: Trial, case: WriteCase) -> Iterator[Finding]:
    maker = _made_by(trial, case)
    trial.write(maker, [maker.make(1), maker.make(2)])
    before = len(trial.service.held(case))
    yield equal(f"{case.name}, outcome", ["sent"], trial.write(case, [case.make(1)]).outcomes)
    yield equal(f"{case.name}, held of it", [], trial.held(case, case.make(1)))
    yield equal(f"{case.name}, records left", before - 1, len(trial.service.held(case)))


def _made_by(trial: Trial, case: WriteCase) -> WriteCase:
    return next(one for one in trial.service.write_cases if one.name == case.of)


@check("G10", "rehearsed")
def what_is_not_supported_is_refused_at_once(bench: Bench) -> Iterator[Finding]:
    """A destination, word or delivery that the connector does not have is a ConfigurationError, and nothing is sent."""
    trial = bench.open()
    for case in trial.cases("upsert", "create", "update"):
        yield from _refused(trial, case, "an unknown destination", endpoint="no_such_destination")
        yield from _refused(trial, case, "an unknown word", no_such_word=True)
        if "batch" not in bench.description["destinations"][case.name].get("deliveries", ()):
            yield from _refused(trial, case, "a delivery that it has not", delivery="batch")


def _refused(trial: Trial, case: WriteCase, what: str, **words: Any) -> Iterator[Finding]:  # noqa: ANN401 - words of the contract
    before = trial.requests
    writing = trial.write(case, [case.make(1)], **words)
    yield holds(
        f"{case.name}, {what}",
        "a ConfigurationError, and no receipt",
        writing,
        isinstance(writing.error, ConfigurationError) and not writing.receipts,
    )
    yield equal(f"{case.name}, {what}, requests", 0, trial.requests - before)


@check("G21", "rehearsed")
def a_dry_run_sends_nothing_and_shows_what_would_be_sent(bench: Bench) -> Iterator[Finding]:
    """Its receipts are `planned` and hold each request, and the real run then makes just these."""
    if not bench.takes("dry_run"):
        return
    for case in bench.open().cases("upsert", "create", "delete"):
        trial = bench.open()
        records = case.records(3)
        if case.of:
            maker = _made_by(trial, case)
            trial.write(maker, maker.records(3))
        before = trial.requests
        plan = trial.write(case, [*records, case.invalid], dry_run=True)
        yield equal(f"{case.name}, dry run", ["planned"] * 3 + ["rejected"], plan.outcomes)
        yield equal(f"{case.name}, requests of the dry run", 0, trial.requests - before)
        trial.write(case, records)
        made = [_made(one) for one in trial.service.journal()[before:] if one.write]
        planned = [_planned(one.response) for one in plan.receipts[:3]]
        yield equal(f"{case.name}, planned and made", _sorted(planned), _sorted(made))


def _sorted(requests: list[Any]) -> list[str]:
    return sorted(map(repr, requests))


def _planned(request: object) -> tuple[Any, ...]:
    shown = request if isinstance(request, Mapping) else {}
    parts = urlsplit(str(shown.get("path")))
    return shown.get("method"), parts.path, parse_qs(parts.query), shown.get("body")


def _made(one: Exchange) -> tuple[Any, ...]:
    return one.method, one.path, dict(one.query), one.body


@check("G22", "rehearsed")
def too_many_deletes_are_stopped_before_the_first(bench: Bench) -> Iterator[Finding]:
    """With more records than may be deleted, none is, and no request is made; with as many, all are.

    A destination that deletes says so in its description: `destructive`.
    """
    described = bench.endpoints("destinations")
    if described and not any(one.get("destructive") for one in described.values()):
        bench.lacks.add("the description declares no destination that deletes")
    trial = bench.open()
    for case in trial.cases("delete"):
        yield holds(f"{case.name}, `destructive`", "true", described.get(case.name, {}).get("destructive"),
                    described.get(case.name, {}).get("destructive"))  # fmt: skip
        if case.guard is None:
            continue
        maker = _made_by(trial, case)
        trial.write(maker, maker.records(3))
        records, before = case.records(3), trial.requests
        stopped = trial.write(case, records, **case.guard(2))
        yield equal(f"{case.name}, three where two may go", ["not_tried"] * 3, stopped.outcomes)
        yield equal(f"{case.name}, requests", 0, trial.requests - before)
        yield nothing(f"{case.name}, the records", "all there", _gone(trial, case, records))
        yield equal(
            f"{case.name}, three where three may go", ["sent"] * 3, trial.write(case, records, **case.guard(3)).outcomes
        )
        yield equal(f"{case.name}, gone", 3, len(_gone(trial, case, records)))


def _gone(trial: Trial, case: WriteCase, records: list[Record]) -> list[Record]:
    return [record for record in records if not trial.held(case, record)]


@check("G25", "hardened", seconds=60)
def the_outcome_of_a_batch_is_reported_record_by_record(bench: Bench) -> Iterator[Finding]:
    """The records of a batch that failed in part are distinguished; one that the service lost is not called sent."""
    described = bench.endpoints("destinations").values()
    if described and not any("batch" in one.get("deliveries", ()) for one in described):
        bench.lacks.add("the description declares no delivery in batches")
        return
    for case in bench.open().cases("upsert", "create"):
        if "batch" in bench.description["destinations"][case.name].get("deliveries", ()) and case.refused:
            yield from _distinguished(bench.open(), case)
            yield from _forgotten(bench.open(quirks=frozenset({"forgotten_batch"})), case)


def _distinguished(trial: Trial, case: WriteCase) -> Iterator[Finding]:
    good = case.records(_JOBS)
    given = [*good[:4], case.refused, case.invalid, *good[4:]]
    writing = trial.write(case, given, delivery="batch")
    yield equal(f"{case.name}, outcomes", ["sent"] * 4 + ["rejected"] * 2 + ["sent"] * 4, writing.outcomes)
    yield equal(f"{case.name}, places", list(range(len(given))), [one.index for one in writing.receipts])
    yield from as_sent(trial, case, good)
    writes = [one for one in trial.service.journal() if one.write]
    yield holds(f"{case.name}, writes", "fewer than records", len(writes), len(writes) < len(good))


def _forgotten(trial: Trial, case: WriteCase) -> Iterator[Finding]:
    """Yield that the outcome was asked for; the first jobs may be answered at once, the last cannot be."""
    writing = trial.write(case, case.records(_JOBS), delivery="batch")
    asked = [one for one in trial.service.journal() if not one.write]
    yield holds(f"{case.name}, looks at the outcome", "at least one", len(asked), asked)
    yield equal(f"{case.name}, forgotten", ["failed"] * 4, writing.outcomes[-4:])
    silent = [one for one in writing.receipts if one.outcome == "failed" and not one.reason]
    yield nothing(f"{case.name}, forgotten", "a reason for each", silent)


@check("G28", "hardened", seconds=120)
def a_fault_of_records_is_not_taken_for_one_of_the_service(bench: Bench) -> Iterator[Finding]:
    """Records that the service answers with an error of its own cost no other its delivery, and the run continues."""
    for case in bench.open().cases("upsert", "create"):
        trial = bench.open()
        # From 100 on, no number is the beginning of another.
        records = [case.make(100 + number) for number in range(_MANY)]
        for text in _texts_of(case, records[:_UNLUCKY], records):
            trial.service.inject(InjectedFault("status", 503, scope="writes", times=None, about=text))
        writing = trial.write(case, records)
        # What must not be repeated stays unclear.
        repeat = bench.endpoints("destinations").get(case.name, {}).get("repeat", "always")
        ends = {"rejected"} if repeat == "always" else {"rejected", "failed"}
        strange = [outcome for outcome in writing.outcomes[:_UNLUCKY] if outcome not in ends]
        yield nothing(f"{case.name}, the records at fault", " or ".join(sorted(ends)), strange)
        yield equal(f"{case.name}, the others", ["sent"] * (_MANY - _UNLUCKY), writing.outcomes[_UNLUCKY:])
        yield equal(f"{case.name}, raised", None, writing.error)


def _texts_of(case: WriteCase, some: list[Record], records: list[Record]) -> Iterator[str]:
    """Yield, for each of some records, a text of its key that no other record has."""
    for one in some:
        others = [str(other[name]) for other in records if other is not one for name in case.key]
        yield next(text for text in (str(one[name]) for name in case.key) if not any(text in other for other in others))

"""Group G, second part: what is written again: by a host, after a lost answer, or twice in one input."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.checks.writing import as_sent, named
from custify_connector.certification.findings import Finding, equal, holds, nothing
from custify_connector.certification.trials import Trial, Writing
from custify_connector.contract import ConfigurationError, Fault
from custify_connector.contract.events import Event, Sending, listening
from custify_connector.contract.testbed import InjectedFault, Record, WriteCase

_RECORDS = 4
_MANY = 12
_UNEVEN_SECONDS = (0.0, 0.0, 0.2)


@check("G6", "rehearsed")
def what_was_rejected_is_fixed_and_sent_alone(bench: Bench) -> Iterator[Finding]:
    """By the receipts' places a host finds what to fix; sent alone, it completes the run, and nothing goes twice."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        wanted = case.records(_RECORDS)
        given = [case.invalid if number in {1, 2} else record for number, record in enumerate(wanted)]
        rejected = [one.index for one in trial.write(case, given).receipts if one.outcome == "rejected"]
        yield equal(f"{case.name}, rejected", [1, 2], rejected)
        corrected = [wanted[index] for index in rejected if index < len(wanted)]
        before = _writes(trial)
        yield equal(f"{case.name}, outcomes of the corrected", ["sent", "sent"], trial.write(case, corrected).outcomes)
        yield equal(f"{case.name}, writes for them", 2, _writes(trial) - before)
        yield from as_sent(trial, case, wanted)


def _writes(trial: Trial) -> int:
    return sum(one.write for one in trial.service.journal())


@check("G11", "rehearsed")
def the_same_input_twice_leaves_the_same_content(bench: Bench) -> Iterator[Finding]:
    """A second run of the same input changes nothing that the first run left."""
    trial = bench.open()
    for case in _repeatable(trial):
        records = case.records(_RECORDS)
        trial.write(case, records)
        first = _content(trial, case)
        second = trial.write(case, records)
        yield nothing(f"{case.name}, outcomes of the second run", "sent or unchanged", _unwell(second))
        changed = [one for one in _content(trial, case) if one not in first]
        yield nothing(f"{case.name}, the content", "as the first run left it", changed)
        yield equal(f"{case.name}, records held", len(first), len(trial.service.held(case)))


def _unwell(writing: Writing) -> list[str]:
    return [outcome for outcome in writing.outcomes if outcome not in {"sent", "unchanged"}]


def _repeatable(trial: Trial) -> tuple[WriteCase, ...]:
    return tuple(case for case in trial.cases("upsert", "create") if case.repeatable)


def _content(trial: Trial, case: WriteCase) -> list[Record]:
    """Return what is held, without what the service sets at each write."""
    free = {name for name, value in case.adds.items() if value == ()}
    return [{name: one[name] for name in one if name not in free} for one in trial.service.held(case)]


@check("G12", "hardened", seconds=60)
def an_answer_that_is_lost_makes_no_duplicate(bench: Bench) -> Iterator[Finding]:
    """The service applies a write and its answer never comes: the record is held once, and its receipt is honest."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        record = case.make(1)
        trial.service.inject(InjectedFault("reset", scope="writes", applied=True))
        writing = trial.write(case, [record])
        yield from as_sent(trial, case, [record])
        receipt = writing.receipts[0] if writing.receipts else None
        is_honest = receipt is not None and (
            receipt.outcome == "sent" or (receipt.outcome == "failed" and bool(receipt.reason))
        )
        yield holds(f"{case.name}, receipt", "sent, or failed with what is unclear", receipt, is_honest)


@check("G13", "hardened", seconds=60)
def a_batch_that_the_host_repeats_makes_no_duplicate(bench: Bench) -> Iterator[Finding]:
    """A host that lost half a batch sends it whole again; what may not be sent again, the description says."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        records = case.records(_RECORDS)
        if not case.repeatable:
            repeat = bench.description["destinations"][case.name].get("repeat", "always")
            yield holds(f"{case.name}, `repeat` of the description", "anything but always", repeat, repeat != "always")
            continue
        trial.write(case, records[:2])
        trial.write(case, records)
        trial.write(case, records)
        more = len(trial.service.held(case))
        yield from as_sent(trial, case, records)
        trial.write(case, records)
        yield equal(f"{case.name}, records held after one more", more, len(trial.service.held(case)))


@check("G29", "hardened")
def a_record_is_reported_when_its_request_is_about_to_leave(bench: Bench) -> Iterator[Finding]:
    """After a kill, a host takes the records that were reported for unclear: none that left may be missing there.

    Nor may one be there long before it leaves, since an unclear record is not sent again.
    """
    if not bench.description.get("reports_sending"):
        bench.lacks.add("the description does not declare `reports_sending`")
        return
    for case in bench.open().cases("upsert", "create"):
        for delivery in bench.endpoints("destinations")[case.name].get("deliveries", ("single",)):
            yield from _reported(bench.open(), case, delivery)
            yield from _kept_back(bench.open(), case, delivery)


def _reported(trial: Trial, case: WriteCase, delivery: str) -> Iterator[Finding]:
    """Yield which records were reported, and that each report came after the requests of those before it."""
    records, met = [*case.records(_MANY), case.invalid], []

    def hear(event: Event) -> None:
        if isinstance(event, Sending):
            met.append((event.indexes, _writes(trial)))

    with listening(hear):
        trial.write(case, iter(records), delivery=delivery, settings=trial.service.settings(in_flight=1))
    reported = sorted({index for indexes, _ in met for index in indexes})
    yield equal(f"{case.name}, {delivery}, records reported", list(range(_MANY)), reported)
    early = [indexes for number, (indexes, seen) in enumerate(met) if seen < number]
    yield nothing(f"{case.name}, {delivery}, reports", "none before the request of the one before", early)
    if delivery == "single":
        yield equal(f"{case.name}, {delivery}, reports", _MANY, len(met))


def _kept_back(trial: Trial, case: WriteCase, delivery: str) -> Iterator[Finding]:
    """Yield that a host which cannot write the report down keeps the request from leaving."""

    def fail(event: Event) -> None:
        if isinstance(event, Sending):
            raise ConfigurationError((Fault("journal", "cannot be written"),))

    with listening(fail):
        trial.write(case, case.records(1), delivery=delivery)
    yield equal(f"{case.name}, {delivery}, writes that the host did not note", 0, _writes(trial))


@check("G14", "rehearsed")
def of_records_with_one_key_the_last_wins(bench: Bench) -> Iterator[Finding]:
    """When one input has a key twice, the service holds one record of it, as the last one says."""
    trial = bench.open()
    for case in trial.cases("upsert"):
        if case.changed:
            first, last = case.make(1), {**case.make(1), case.changed: "the last"}
            trial.write(case, [first, case.make(2), last])
            yield from as_sent(trial, case, [last, case.make(2)])


@check("G20", "hardened")
def records_of_one_key_are_written_in_their_order(bench: Bench) -> Iterator[Finding]:
    """However many writes are under way, those of one key arrive in their order; destinations have an order, too."""
    trial = bench.open(latency_seconds=0.01)
    if not bench.has("destinations"):
        return
    for case in trial.cases("upsert"):
        if case.changed:
            records = [{**case.make(turn % 3), case.changed: f"turn {turn}"} for turn in range(24)]
            trial.write(case, records)
            for last in records[-3:]:
                yield from as_sent(trial, case, [last])
                yield equal(f"{case.name} {named(last, case.key)}", 1, len(trial.held(case, last)))
    after = {name: one.get("after", []) for name, one in bench.endpoints("destinations").items()}
    unknown = {one for names in after.values() for one in names} - bench.description["destinations"].keys()
    yield nothing("`after` of the destinations", "names of destinations", unknown)
    yield nothing("`after` of the destinations", "none after itself", _in_circles(after))


@check("G27", "hardened", seconds=180)
def records_that_act_on_one_thing_keep_their_order(bench: Bench) -> Iterator[Finding]:
    """However unevenly the service answers, they leave what they leave one after another, in any delivery.

    They name the thing by its key or by another field, or one undoes another, such as a tag that is added and removed.
    """
    for case in bench.open().cases("upsert", "link"):
        if case.turns or case.changed:
            for delivery in bench.endpoints("destinations")[case.name].get("deliveries", ("single",)):
                # A connector that has no other delivery need not know the word.
                words = {} if delivery == "single" else {"delivery": delivery}
                yield from _as_one_after_another(bench, case, words)


def _as_one_after_another(bench: Bench, case: WriteCase, words: dict[str, str]) -> Iterator[Finding]:
    """Yield what one uneven run of records leaves, beside what a run for each of them leaves."""
    records, apart, uneven = _mixed(case), bench.open(), bench.open()
    for record in records:
        apart.write(case, [record])
    random = Random(case.name)  # noqa: S311 - uneven in the same way at every run
    for number in range(len(records)):
        uneven.service.inject(InjectedFault("timeout", after=number, seconds=random.choice(_UNEVEN_SECONDS)))
    writing = uneven.write(case, records, **words)
    name = " ".join((case.name, *words.values()))
    yield equal(f"{name}, receipts", len(records), len(writing.receipts))
    yield nothing(f"{name}, outcomes", "sent or unchanged", _unwell(writing))
    left, wanted = (set(map(repr, _content(trial, case))) for trial in (uneven, apart))
    yield nothing(f"{name}, left by one run", "as by a run for each record", left ^ wanted)


def _mixed(case: WriteCase) -> list[Record]:
    """Return records that act on a few things, those on each in their order, and the things mixed."""
    by_thing = [(case.turns or partial(_turns, case))(number) for number in range(_RECORDS)]
    places = [place for place, turns in enumerate(by_thing) for _ in turns]
    Random(case.name).shuffle(places)  # noqa: S311 - the same at every run
    left = [iter(turns) for turns in by_thing]
    return [next(left[place]) for place in places]


def _turns(case: WriteCase, number: int) -> list[Record]:
    """Return a record that is made, and then changed to and fro: by its key, and by its other field if it has one."""
    made = case.make(number)
    names = [(case.also_key,), case.key] if case.also_key else [(), ()]
    fro, to = ({**{name: made[name] for name in made if name not in others}, str(case.changed): value}
               for others, value in zip(names, ("this", "that"), strict=True))  # fmt: skip
    return [made, fro, to, fro, to, fro]


def _in_circles(after: dict[str, list[str]]) -> list[str]:
    """Return the destinations that have no place in any order."""
    left = dict(after)
    while ready := [name for name, before in left.items() if not any(one in left for one in before)]:
        left = {name: before for name, before in left.items() if name not in ready}
    return list(left)

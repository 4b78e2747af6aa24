"""Group D: reading, held against what the service truly holds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal, holds, nothing, shown
from custify_connector.contract import ConfigurationError
from custify_connector.contract.testbed import NotOffered, Record


@check("D1", "rehearsed")
def every_record_is_delivered_once(bench: Bench) -> Iterator[Finding]:
    """A read delivers the records that the service holds: none lost, none twice, none invented."""
    trial = bench.open()
    for stream in trial.streams:
        reading, truth = trial.read(stream), trial.service.truth(stream)
        yield holds(stream, "a read that ends well", reading.error or "as expected", reading.error is None)
        came = Counter(bench.name(stream, record) for record in reading.records)
        held = Counter(bench.name(stream, record) for record in truth)
        yield nothing(stream, f"all {len(truth)} records: none lost", (held - came).elements())
        yield nothing(stream, "none twice and none invented", (came - held).elements())


@check("D2", "rehearsed")
def keys_are_whole_and_unique(bench: Bench) -> Iterator[Finding]:
    """Every record has its stream's key, no part of it null, and no two records have the same."""
    trial = bench.open()
    for stream in trial.streams:
        if not any(bench.keys(stream)):
            continue
        keys = Counter(bench.key(stream, record) for record in trial.read(stream).records)
        yield holds(stream, "a key in every record", f"{keys[None]} without one", not keys[None])
        yield nothing(stream, "no key twice", (key for key, times in keys.items() if times > 1))


@check("D3", "rehearsed")
def records_fit_their_schema(bench: Bench) -> Iterator[Finding]:
    """A host makes its tables from the schema: every record fits it, types, formats and required fields."""
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - 100 ms that this check alone costs

    trial = bench.open()
    for stream in trial.streams:
        schema = bench.description["sources"][stream]["schema"]
        judge = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
        faults = (f"{fault.json_path}: {fault.message}" for record in trial.read(stream).records
                  for fault in judge.iter_errors(record))  # fmt: skip
        yield nothing(stream, "every record fits the schema", faults)


@check("D4", "rehearsed")
def every_field_arrives_as_it_is_held(bench: Bench) -> Iterator[Finding]:
    """No field is lost or altered, declared or not, and each that is declared is seen, or has a reason not to be."""
    trial = bench.open()
    for stream in trial.streams:
        came = {bench.name(stream, record): record for record in trial.read(stream).records}
        held = {bench.name(stream, record): record for record in trial.service.truth(stream)}
        altered = (f"{name}: {differing(held[name], came[name])}" for name in held.keys() & came.keys()
                   if held[name] != came[name])  # fmt: skip
        yield nothing(stream, "each field as the service holds it", altered)
        declared = bench.description["sources"][stream]["schema"].get("properties", {}).keys()
        seen = {field for record in came.values() for field in record}
        yield nothing(stream, "each declared field in some record",
                      sorted(declared - seen - trial.service.never_seen(stream).keys()))  # fmt: skip
    if all(one["schema"].get("additionalProperties") is False for one in bench.endpoints("sources").values()):
        return  # each says that no other field can come
    for stream, changed in bench.sized(size=3):
        changed.service.change(stream, updates=1, fields={"brand_new": "kept"})
        kept = [record.get("brand_new") for record in changed.read(stream).records]
        yield holds(stream, "an undeclared field", kept, "kept" in kept)


def differing(held: Record, came: Record) -> str:
    """Return the fields that are not the same in both."""
    return ", ".join(sorted(name for name in held.keys() | came.keys() if held.get(name) != came.get(name)))


@check("D5", "rehearsed")
def an_empty_stream_ends_well_and_has_a_state(bench: Bench) -> Iterator[Finding]:
    """Nothing to read is not an error; the state is delivered even so, or the host never moves on."""
    for stream, trial in bench.sized(size=0):
        reading = trial.read(stream)
        yield equal(f"{stream}, records", [], reading.records)
        yield holds(f"{stream}, end", "no error", reading.error or "as expected", reading.error is None)
        yield holds(f"{stream}, state", "a state", reading.state, reading.state is not None)


@check("D8", "rehearsed")
def two_reads_of_the_same_content_deliver_the_same(bench: Bench) -> Iterator[Finding]:
    """Nothing changed in between, so nothing differs: a read has no memory but its state."""
    trial = bench.open()
    for stream in trial.streams:
        first, second = (Counter(whole(record) for record in trial.read(stream).records) for _ in range(2))
        yield nothing(stream, "the same records twice", ((first - second) + (second - first)).elements())


def whole(record: Record) -> str:
    """Return all that a record holds, as one text."""
    return json.dumps(record, sort_keys=True, default=str)


@check("D9", "hardened", seconds=60)
def parallel_and_sequential_reads_deliver_the_same(bench: Bench) -> Iterator[Finding]:
    """Requests under way together change neither the records nor what their states promise."""
    for stream, trial in bench.sized(size=40, page_cap=5, latency_seconds=0.005):
        one, many = (trial.read(stream, settings=trial.service.settings(in_flight=count)) for count in (1, 8))
        first, second = (Counter(bench.name(stream, record) for record in reading.records) for reading in (one, many))
        yield nothing(stream, "the same records", ((first - second) + (second - first)).elements())
        for stop in range(1, len(many.batches)):
            came = many.batches[:stop]
            rest = trial.read(stream, came[-1].state)
            read = {bench.name(stream, record) for batch in (*came, *rest.batches) for record in batch.records}
            yield nothing(f"{stream}, resumed after batch {stop}", "all records", first.keys() - read)


@check("D11", "rehearsed")
def an_unknown_stream_or_mode_is_refused_at_once(bench: Bench) -> Iterator[Finding]:
    """A misspelt stream is a ConfigurationError that names it, before anything is asked or passed."""
    trial = bench.open()
    for stream in trial.streams[:1]:
        for word, value in (("endpoint", "no_such_stream"), ("mode", "sideways")):
            before = trial.requests
            words: dict[str, Any] = {word: value}
            reading = trial.read(stream, **words)
            refusal = shown(reading.error or "no error")
            named = word in refusal or value in refusal
            yield holds(f"{word} {value}", "a ConfigurationError that names the word or its value", refusal,
                        isinstance(reading.error, ConfigurationError) and named)  # fmt: skip
            asked = trial.requests - before
            yield equal(f"{word} {value}, batches and requests", (0, 0), (len(reading.batches), asked))


@check("D14", "hardened", seconds=60)
def memory_does_not_grow_with_the_stream(bench: Bench) -> Iterator[Finding]:
    """Ten times as many records need at most 1.2 times the memory: pages are passed, not collected."""
    peaks: dict[int, int] = {}
    for size in (_FEW, 10 * _FEW):
        stream, trial = next(bench.sized(size=size, page_cap=100))
        for line in trial.read_apart(stream, measured=True).lines():
            peaks[size] = line.get("peak_kilobytes") or peaks.get(size, 0)
    if not all(peaks.values()):
        raise NotOffered("this system does not report how much memory a process held")
    few, many = peaks.values()
    yield holds(f"peak of {10 * _FEW} records", f"at most 1.2 times that of {_FEW}", f"{many:,} kB to {few:,} kB",
                many <= 1.2 * few, measured=True)  # fmt: skip


_FEW = 600

"""Group C: what the connector says it can read and write."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.compatibility import catalogue_breaks, types_of
from custify_connector.certification.findings import Finding, equal, holds, nothing
from custify_connector.certification.shapes import SCALARS, field_faults, shape_faults
from custify_connector.contract.testbed import InjectedFault

_COMMON = {*SCALARS, "object", "array"}
_MODES = {"full", "incremental"}
_WITHHELD = (403, 404)


@check("C1", "declared")
def the_catalogue_is_whole_and_its_names_are_unique(bench: Bench) -> Iterator[Finding]:
    """There is something to read or write, each under its own name; names that differ in case alone are one to many.

    Every entry has what a host relies on: a name, a schema, and lists where lists belong.
    """
    faults = list(shape_faults(bench.description))
    yield nothing("the description", "what every host relies on", faults)
    if faults:
        return  # the rest would stumble over them
    names = {kind: list(bench.description.get(kind, {})) for kind in ("sources", "destinations")}
    yield holds("the catalogue", "at least one source or destination", names, any(names.values()))
    for kind, known in names.items():
        twice = (name for name, times in Counter(map(str.lower, known)).items() if times > 1)
        yield nothing(kind, "no name twice", twice)
        entries = bench.description.get(kind, {}).items()
        yield nothing(kind, "each entry bears its name", (name for name, one in entries if one.get("name") != name))


@check("C2", "declared")
def keys_and_cursors_are_scalar_fields_of_the_schema(bench: Bench) -> Iterator[Finding]:
    """A host that deduplicates by a key or resumes by a cursor needs them in the schema, as plain values."""
    for stream, source in bench.endpoints("sources").items():
        invalid = _schema_error(source["schema"])
        yield holds(f"{stream}, schema", "a valid JSON Schema", invalid or "as expected", not invalid)
        if not invalid:
            yield nothing(f"{stream}, keys and cursor", "plain fields of its schema", field_faults(stream, source))


@check("C3", "rehearsed")
def each_declared_mode_works(bench: Bench) -> Iterator[Finding]:
    """A mode that is declared can be read, and an incremental stream names the cursor that it goes by."""
    for stream, source in bench.endpoints("sources").items():
        modes = set(source.get("modes", ()))
        yield holds(
            f"{stream}, modes", f"some of {', '.join(sorted(_MODES))}", sorted(modes), modes and modes <= _MODES
        )
        yield equal(f"{stream}, a cursor", "incremental" in modes, bool(source.get("cursor")))
    trial = bench.open()
    for stream in trial.streams:
        for mode in bench.description["sources"][stream]["modes"]:
            reading = trial.read(stream, mode=mode, batches=1)
            yield holds(f"{stream}, {mode}", "a read without error", reading.error or "as expected", not reading.error)


@check("C4", "declared")
def fields_have_types_that_every_host_has(bench: Bench) -> Iterator[Finding]:
    """A column has one type: no field of a record has two, null aside; one of no known type says why."""
    for stream, source in bench.endpoints("sources").items():
        yield nothing(stream, "one common type a field", _odd_types(source["schema"], stream))


@check("C5", "declared")
def every_stream_has_a_key_or_says_why_not(bench: Bench) -> Iterator[Finding]:
    """A host cannot deduplicate without a key: name one, or say in `keyless` why there is none."""
    for stream, source in bench.endpoints("sources").items():
        known = source.get("key") or source.get("keyless")
        yield holds(stream, "a key, or a reason in keyless", known, known)


@check("C6", "rehearsed")
def nothing_of_the_last_release_is_gone(bench: Bench) -> Iterator[Finding]:
    """What was built on the last release still stands: every stream, field, type, key, cursor and mode is there."""
    released = bench.open().service.released().description
    counts = [len(released.get(kind, {})) for kind in ("sources", "destinations")]
    yield holds("the last release", "something to compare with", counts, any(counts))
    yield nothing("the catalogue", "nothing taken away", catalogue_breaks(released, bench.description))


@check("C7", "rehearsed")
def the_catalogue_can_be_stored_and_chosen_from(bench: Bench) -> Iterator[Finding]:
    """A host stores the catalogue and asks for it again: it comes back the same, and a read delivers what was asked."""
    stored = json.loads(json.dumps(bench.description))
    bench.description.setdefault("sources", {}).clear()
    again = bench.connector.describe()
    yield holds("the description, stored and asked again", "the same", len(again), again == stored)
    bench.description.update(again)
    trial = bench.open()
    for stream in trial.streams:
        wanted = tuple(dict.fromkeys(name for key in bench.keys(stream) for name in key))[:1]
        chosen = trial.service.selection(stream, wanted) if wanted else None
        if chosen is not None:
            records = trial.read(stream, **chosen).records
            others = {name for record in records for name in record} - {name.split(".")[0] for name in wanted}
            yield nothing(f"{stream}, {', '.join(wanted)} alone", "no other field", sorted(others))


@check("C8", "hardened")
def the_accounts_own_fields_are_found(bench: Bench) -> Iterator[Finding]:
    """Fields that the account defines are described; where the account reports none, the fixed schema serves."""
    if not bench.has_hook("describe_account"):
        return
    trial = bench.open()
    found = bench.connector.describe_account(trial.service.credentials.good)["sources"]
    for stream in trial.streams:
        for name in sorted(trial.service.account_fields(stream)):
            declared = _declared(found[stream]["schema"], name)
            yield holds(f"{stream}.{name}", "in the description", declared, declared is not None)
    for status in _WITHHELD:
        silent = bench.open()
        silent.service.inject(InjectedFault("status", status, times=None))
        fixed = bench.connector.describe_account(silent.service.credentials.good)["sources"]
        changed = [name for name, one in fixed.items() if one["schema"] != bench.description["sources"][name]["schema"]]
        yield nothing(f"when the account answers {status}", "the fixed schema of every stream", changed)


def _schema_error(schema: dict[str, Any]) -> str:
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"{error.json_path}: {error.message}"
    return ""


def _kinds(declared: dict[str, Any]) -> set[str]:
    return types_of(declared) - {"null"}


def _odd_types(schema: dict[str, Any], place: str) -> Iterator[str]:
    kinds = _kinds(schema)
    if len(kinds) > 1 or not kinds <= _COMMON:
        yield f"{place}: {schema['type']}"
    if not kinds and not schema.get("description"):
        yield f"{place}: no type, and no reason"
    for name, one in schema.get("properties", {}).items():
        yield from _odd_types(one, f"{place}.{name}")
    if isinstance(schema.get("items"), dict):
        yield from _odd_types(schema["items"], f"{place}[]")


def _declared(schema: dict[str, Any], name: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = schema
    for inner in name.split("."):
        found = (found or {}).get("properties", {}).get(inner)
    return found


@check("C9", "rehearsed")
def the_fields_that_lead_to_an_account_are_described(bench: Bench) -> Iterator[Finding]:
    """What a host keeps of a run, it keeps for one account: `account` names the fields that lead to another one.

    A host that takes two accounts for one calls records sent that only the other one has. A key is no such field.
    """
    named = bench.description.get("account", ())
    led = bench.leading(bench.open(), bench.open())
    yield nothing("`account` of the description", f"{', '.join(led)}, which lead elsewhere", set(led) - set(named))
    properties = bench.description["credential"].get("properties", {})
    secret = [name for name in named if properties.get(name, {}).get("writeOnly") or name not in properties]
    yield nothing("`account` of the description", "fields of the credential, and no secret", secret)


@check("C10", "rehearsed")
def the_description_of_an_account_is_a_whole_one(bench: Bench) -> Iterator[Finding]:
    """A host draws an account from it alone: it has all that `describe` has, is JSON, and costs no write."""
    if not bench.has_hook("describe_account"):
        return
    trial = bench.open()
    found: dict[str, Any] = {**bench.connector.describe_account(trial.service.credentials.good)}
    for kind in ("sources", "destinations"):
        yield equal(f"{kind} of the account", sorted(bench.description.get(kind, {})), sorted(found.get(kind, {})))
    yield nothing("the catalogue of the account", "nothing taken away", catalogue_breaks(bench.description, found))
    own = (name for name in bench.description if name not in {"sources", "destinations"})
    yield nothing("the rest", "as `describe` has it", (one for one in own if found.get(one) != bench.description[one]))
    yield holds(
        "the description of the account", "the same after JSON", len(found), json.loads(json.dumps(found)) == found
    )
    yield nothing("requests", "none that writes", (str(one) for one in trial.service.journal() if one.write))

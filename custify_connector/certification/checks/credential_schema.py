"""Group A: the schema of the credential, by which a host draws its form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.compatibility import input_breaks, old_configs, types_of
from custify_connector.certification.findings import Finding, equal, holds, nothing
from custify_connector.certification.trials import Trial
from custify_connector.contract.testbed import NotOffered

_NAMES_OF_SECRETS = ("key", "token", "secret", "password", "passphrase")
_SHOWN = {"string", "integer", "number", "boolean", "array", "object"}
_OLD_CONFIGS = 50


@check("A1", "declared")
def there_is_one_valid_schema(bench: Bench) -> Iterator[Finding]:
    """A host draws the form from one JSON Schema of an object: it must be valid, and refer to nothing outside."""
    schema = bench.description.get("credential")
    yield holds(
        "credential", "a schema of an object", schema, isinstance(schema, dict) and schema.get("type") == "object"
    )
    yield holds("credential", "a valid JSON Schema", _schema_error(schema) or "valid", not _schema_error(schema))
    yield nothing("credential", "no reference that leads nowhere", _unresolved(schema, schema))


@check("A2", "rehearsed")
def a_missing_field_is_refused_by_its_name(bench: Bench) -> Iterator[Finding]:
    """Sample credentials are valid; without a required field a test reports an invalid credential, and names it."""
    trial, schema = bench.open(), bench.description["credential"]
    for number, sample in enumerate([trial.service.credentials.good, *schema.get("examples", ())]):
        yield nothing(f"sample {number}", "valid", _errors(schema, sample))
    for name in schema.get("required", ()):
        report = trial.test(_without(trial.service.credentials.good, name))
        yield equal(f"without {name}", (False, "invalid_credential"), (report.ok, report.code))
        yield holds(f"without {name}", f"a message that names {name}", report.message, name in report.message)


@check("A3", "rehearsed")
def required_fields_are_enough(bench: Bench) -> Iterator[Finding]:
    """A credential with the required fields alone works; `address` of the testbed stays, because it leads there."""
    trial = bench.open()
    credentials, required = trial.service.credentials, set(bench.description["credential"].get("required", ()))
    least = {name: value for name, value in credentials.good.items() if name in required | credentials.address}
    yield equal(f"{', '.join(sorted(least))} alone", (True, "ok"), _tested(trial, least))


@check("A4", "declared")
def secrets_are_marked(bench: Bench) -> Iterator[Finding]:
    """A host hides a field that is marked, and shows any other: mark each secret with `writeOnly: true`.

    The mark fits a text alone, and a credential without any secret is one whose secret was overlooked.
    """
    properties = bench.description["credential"].get("properties", {})
    marked = {name for name, one in properties.items() if one.get("writeOnly") is True}
    yield holds("credential", "at least one field with writeOnly: true", sorted(marked), marked)
    for name, one in properties.items():
        if name in marked:
            yield holds(f"credential.{name}", "a marked field is a text", one.get("type"), one.get("type") == "string")
        elif any(word in name.lower().split("_") for word in _NAMES_OF_SECRETS):
            yield holds(f"credential.{name}", "writeOnly: true", one, true=False)


@check("A5", "declared")
def every_host_can_show_each_field(bench: Bench) -> Iterator[Finding]:
    """A form needs one type a field (or it and null), distinct choices, and no object without fields of its own."""
    for name, one in bench.description["credential"].get("properties", {}).items():
        yield nothing(f"credential.{name}", "what every host can show", _unshowable(one))


@check("A6", "rehearsed")
def an_unknown_field_does_what_the_schema_says(bench: Bench) -> Iterator[Finding]:
    """A field that the schema does not have is harmless; where the schema closes itself, the report names the field."""
    trial = bench.open()
    report = trial.test({**trial.service.credentials.good, "unheard_of": "x"})
    if bench.description["credential"].get("additionalProperties") is False:
        yield equal("one field too many", (False, "invalid_credential"), (report.ok, report.code))
        yield holds("one field too many", "a message that names it", report.message, "unheard_of" in report.message)
    else:
        yield equal("one field too many", (True, "ok"), (report.ok, report.code))


@check("A7", "rehearsed")
def credentials_of_the_last_release_are_still_valid(bench: Bench) -> Iterator[Finding]:
    """Stored credentials outlive a release: nothing newly required, removed, of another type or with fewer values."""
    released = bench.open().service.released()
    old, new = released.description["credential"], bench.description["credential"]
    yield nothing("credential", "nothing taken away", input_breaks(old, new, "credential"))
    samples = [one for one in [*old_configs(old, _OLD_CONFIGS), *released.credentials] if not list(_errors(old, one))]
    yield holds("credentials of the last release", "some to try", len(samples), samples)
    refused = (fault for one in samples for fault in _errors(new, one))
    yield nothing(f"{len(samples)} credentials of the last release", "valid", refused)


@check("A8", "rehearsed")
def old_credentials_still_work_and_are_left_alone(bench: Bench) -> Iterator[Finding]:
    """A credential stored by the last release works with the key of today, twice alike, and is not changed by it."""
    trial = bench.open()
    credentials, schema = trial.service.credentials, bench.description["credential"]
    stored = trial.service.released().credentials
    if not stored:
        raise NotOffered("the last release stored no credential to try")
    live = {name for name, one in schema["properties"].items() if one.get("writeOnly")} | credentials.address
    for number, old in enumerate(stored):
        given = _Stored({**old, **{name: credentials.good[name] for name in live if name in credentials.good}})
        before = dict(given)
        yield equal(f"old credential {number}", [(True, "ok")] * 2, [_tested(trial, given) for _ in range(2)])
        yield holds(f"old credential {number}", "left as it was", sorted(given), given == before)


class _Stored(dict[str, Any]):
    """A credential of a class of its own: a plain dict is handed in as a copy, whose change would not show."""


def _tested(trial: Trial, credential: Mapping[str, Any]) -> tuple[bool, str]:
    report = trial.test(credential)
    return report.ok, report.code


def _without(credential: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {known: value for known, value in credential.items() if known != name}


def _schema_error(schema: Any) -> str:  # noqa: ANN401 - whatever a connector describes
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return error.message
    return ""


def _errors(schema: Mapping[str, Any], value: object) -> Iterator[str]:
    """Yield the place and the rule of each fault; never the value, which may be a key."""
    for error in Draft202012Validator(schema).iter_errors(value):
        yield f"{error.json_path}: {error.validator}"


def _unresolved(node: object, root: object) -> Iterator[str]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str) and not _leads_somewhere(reference, root):
            yield reference
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _unresolved(inner, root)


def _leads_somewhere(reference: str, root: object) -> bool:
    if not reference.startswith("#"):
        return False
    for name in reference.lstrip("#/").split("/") if reference != "#" else ():
        if not isinstance(root, dict) or name not in root:
            return False
        root = root[name]
    return True


def _unshowable(one: Mapping[str, Any]) -> Iterator[str]:
    named = types_of(one)
    if "oneOf" in one:
        constants = [[name for name, inner in option.get("properties", {}).items() if "const" in inner]
                     for option in one["oneOf"]]  # fmt: skip
        yield from (f"a choice with {len(names)} constants, not one" for names in constants if len(names) != 1)
    elif len(named - {"null"}) != 1 or not named <= {*_SHOWN, "null"}:
        yield f"the type {one.get('type', [])!r}"
    yield from (f"the word {word}" for word in ("$ref", "anyOf", "if") if word in one)
    if "object" in named and not one.get("properties") and "oneOf" not in one:
        yield "an object without fields"
    choices = one.get("enum", [])
    if len(choices) != len({repr(choice) for choice in choices}):
        yield "a choice that is there twice"

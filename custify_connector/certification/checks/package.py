"""Group J: the connector as a package, and as people meet it."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import Any
from urllib.parse import urlsplit

from custify_connector.certification import importing
from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, equal, holds, nothing
from custify_connector.certification.listening import connections
from custify_connector.contract import CONTRACT_VERSION, HOOKS, PROJECT, ConnectorHooks
from custify_connector.contract.testbed import NotOffered

_NEEDED = {"sources": "read_source", "destinations": "write_destination"}
_IMPORT_SECONDS = 2.0
"""Of processor time, on any machine that is still in use; a good connector takes a tenth of it."""


@check("J1", "declared")
def the_connector_loads_and_has_the_hooks_it_describes(bench: Bench) -> Iterator[Finding]:
    """Its entry point loads, pluggy takes its hooks, and what it describes has a hook that does it."""
    for point in entry_points(group=PROJECT, name=bench.subject.name):
        yield holds(f"entry point {point.value}", "an object", type(point.load()).__name__, point.load() is not None)
    needed = ["describe", "test_credential", *(hook for kind, hook in _NEEDED.items() if bench.description.get(kind))]
    callers = bench.connector._manager  # noqa: SLF001 - what pluggy took is in its manager alone
    for name in needed:
        taken = getattr(callers.hook, name).get_hookimpls()
        yield equal(f"the hook {name}", 1, len(taken))


@check("J2", "declared")
def every_hook_has_the_published_arguments(bench: Bench) -> Iterator[Finding]:
    """A hook that leaves out an argument of the contract never sees it; pluggy lets that pass without a word."""
    for name in HOOKS:
        hook = getattr(bench.subject.plugin, name, None)
        if hook is not None:
            published = [word for word in inspect.signature(getattr(ConnectorHooks, name)).parameters if word != "self"]
            yield equal(name, published, list(inspect.signature(hook).parameters))


@check("J3", "declared", seconds=90)
def importing_it_is_quick_and_calls_nothing(bench: Bench) -> Iterator[Finding]:
    """A host imports every connector to list them: it must not wait for one, nor for the network."""
    if bench.subject.origin is None:
        raise NotOffered("the connector is not an attribute of a module, so it cannot be imported apart")
    seen = importing.watched(bench.subject.origin.module)
    yield equal("the import", "", seen["error"])
    yield holds("the import", f"under {_IMPORT_SECONDS:g} s of processor time", f"{seen['seconds'] < _IMPORT_SECONDS}",
                seen["seconds"] < _IMPORT_SECONDS)  # fmt: skip
    yield nothing("the import", "no connection", seen["connections"])


@check("J4", "declared")
def the_description_is_json(bench: Bench) -> Iterator[Finding]:
    """A host in another language reads the description: plain JSON, with a name and a version.

    A version of the contract, where it is named, is one that this certification knows.
    """
    try:
        same = json.loads(json.dumps(bench.description, allow_nan=False)) == bench.description
    except (TypeError, ValueError) as error:
        yield holds("the description", "plain JSON", error, true=False)
        return
    yield holds("the description", "the same after JSON", "as expected" if same else "it changed", same)
    for word in ("name", "version"):
        yield holds(word, "a text", bench.description.get(word), isinstance(bench.description.get(word), str))
    if "contract" in bench.description:
        named, known = bench.description["contract"], CONTRACT_VERSION.partition(".")[0]
        yield holds("contract", f"a version such as {CONTRACT_VERSION}", named,
                    isinstance(named, str) and re.fullmatch(rf"{known}\.\d+", named))  # fmt: skip


@check("J5", "declared")
def every_endpoint_parameter_and_field_is_explained(bench: Bench) -> Iterator[Finding]:
    """People choose by what they read: each endpoint, parameter and field has a title, summary or description."""
    yield nothing("credential", "each field explained", _unexplained(bench.description["credential"]))
    for kind in ("sources", "destinations"):
        for name, one in bench.endpoints(kind).items():
            yield holds(name, "a title or a summary", one.get("title") or one.get("summary"),
                        one.get("title") or one.get("summary"))  # fmt: skip
            yield nothing(f"{name}, parameters", "each explained", _unexplained(one.get("parameters", {})))
            yield nothing(f"{name}, fields", "each explained", _unexplained(one["schema"]))


@check("J6", "rehearsed")
def a_refusal_says_what_and_where(bench: Bench) -> Iterator[Finding]:
    """To correct a record, a user needs the field and the reason: a receipt that rejects has a code, and both."""
    trial = bench.open()
    for case in trial.cases("upsert", "create"):
        for receipt in trial.write(case, [case.invalid]).receipts:
            says = {"code": receipt.code, "reason": receipt.reason, "field": receipt.field}
            yield holds(f"{case.name}, a record that breaks the schema", "a code, a reason and a field", says,
                        all(says.values()))  # fmt: skip


@check("J7", "rehearsed")
def it_talks_to_the_service_alone(bench: Bench) -> Iterator[Finding]:
    """A test, a read and a write connect to the address of the credential and to nothing else: no telemetry."""
    trial = bench.open()
    known = _addresses(trial.service.credentials.good)
    with connections() as seen:
        trial.test()
        for stream in trial.streams[:1]:
            trial.read(stream)
        for case in trial.cases("upsert", "create")[:1]:
            trial.write(case, [case.make(1)])
    yield holds("connections", "at least one to the service", len(seen), any(one in known for one in seen))
    yield nothing("connections", "none to another address", sorted({one for one in seen if one not in known}))


def _addresses(credential: Any) -> set[str]:  # noqa: ANN401 - a credential of any connector
    parts = [urlsplit(str(value)) for value in credential.values() if "://" in str(value)]
    return {f"{one.hostname}:{one.port}" for one in parts}


def _unexplained(schema: dict[str, Any], place: str = "") -> Iterator[str]:
    for name, one in schema.get("properties", {}).items():
        if not (one.get("title") or one.get("description")):
            yield f"{place}{name}"

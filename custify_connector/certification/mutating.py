"""What a mutant is, the list of them, and the ways to break a healthy connector: its hooks wrapped, one at a time.

A mutant works on any connector of the contract: it never looks inside, it changes what goes in or what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from inspect import getdoc
from typing import Any

from custify_connector.certification.subject import Mutant, Subject
from custify_connector.contract import HOOKS, Batch, CredentialReport, Receipt, hookimpl

Plugin = Any
"""Any object with the hooks of the contract, as it was registered."""
CredentialTest = Callable[[Mapping[str, Any]], CredentialReport]
Read = Callable[[Mapping[str, Any], Any], Iterator[Batch]]
Write = Callable[[Mapping[str, Any], Iterable[Any]], Iterator[Receipt]]
"""The healthy hooks, as a mutant calls them: a read of a source from a state, a write of records to a destination."""


_MUTANTS: list[Mutant] = []


def mutant(check: str) -> Callable[[Callable[[Plugin], object]], Callable[[Plugin], object]]:
    """Enter the decorated function: given a healthy plugin, it returns one that this check must refuse."""

    def enter(break_plugin: Callable[[Plugin], object]) -> Callable[[Plugin], object]:
        _enter(check, break_plugin, lambda subject: replace(subject, plugin=break_plugin(subject.plugin)))
        return break_plugin

    return enter


def certifier_mutant(check: str) -> Callable[[Callable[[Subject], Subject]], Callable[[Subject], Subject]]:
    """Enter the decorated function: given a healthy subject, it returns one whose checks or mutants are wrong."""

    def enter(break_subject: Callable[[Subject], Subject]) -> Callable[[Subject], Subject]:
        _enter(check, break_subject, break_subject)
        return break_subject

    return enter


def _enter(check: str, function: Callable[..., object], apply: Callable[[Subject], Subject]) -> None:
    name = function.__name__

    def marked(subject: Subject) -> Subject:
        """Break the subject, and leave word for other processes to do the same."""
        broken = apply(subject)
        return replace(broken, origin=replace(broken.origin, mutant=name) if broken.origin else None)

    _MUTANTS.append(Mutant(check, name, getdoc(function) or "", marked))


def entered() -> tuple[Mutant, ...]:
    """Return the mutants that were entered so far, in the order of their checks."""
    return tuple(sorted(_MUTANTS, key=lambda one: (one.check[0], int(one.check[1:]))))


def without(*words: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Return what leaves these words out of a source, a destination or a state."""
    return lambda argument: {name: value for name, value in argument.items() if name not in words}


class Broken:
    """The hooks of a healthy plugin, but for those that are given by name."""

    def __init__(self, healthy: object, **hooks: Callable[..., Any]) -> None:
        for name in HOOKS:
            hook = hooks.get(name) or getattr(healthy, name, None)
            if hook is not None:
                setattr(self, name, hook)


def with_description(healthy: Plugin, change: Callable[[dict[str, Any]], object]) -> Broken:
    """Break the description: `change` alters it in place."""

    @hookimpl
    def describe() -> dict[str, Any]:
        description: dict[str, Any] = deepcopy(healthy.describe())
        change(description)
        return description

    return Broken(healthy, describe=describe)


def with_credential_test(
    healthy: Plugin, change: Callable[[Mapping[str, Any], CredentialTest], CredentialReport]
) -> Broken:
    """Break the test of a credential: `change` is given the credential and the healthy test."""

    @hookimpl
    def test_credential(credential: Mapping[str, Any]) -> CredentialReport:
        return change(credential, lambda given: healthy.test_credential(credential=given))

    return Broken(healthy, test_credential=test_credential)


def with_report(healthy: Plugin, change: Callable[[CredentialReport], CredentialReport]) -> Broken:
    """Break the report on a credential."""
    return with_credential_test(healthy, lambda given, test: change(test(given)))


def with_read(healthy: Plugin, change: Callable[[Read, dict[str, Any], Any], Iterable[Batch]]) -> Broken:
    """Break a read: `change` is given the healthy one, and the source and state to read."""

    @hookimpl
    def read_source(
        credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None
    ) -> Iterator[Batch]:
        def read(source: Mapping[str, Any], state: Any) -> Iterator[Batch]:  # noqa: ANN401 - also what is not a state
            batches: Iterator[Batch] = healthy.read_source(credential=credential, source=source, state=state)
            return batches

        return iter(change(read, dict(source), state))

    return Broken(healthy, read_source=read_source)


def with_batches(
    healthy: Plugin,
    change: Callable[[Iterator[Batch]], Iterable[Batch]] = lambda batches: batches,
    source: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    state: Callable[[Any], Any] = lambda given: given,
) -> Broken:
    """Break a read: `change` alters its batches, `source` and `state` what it is given."""
    return with_read(healthy, lambda read, given, from_state: change(read(source(given), state(from_state))))


def with_each_batch(healthy: Plugin, change: Callable[[Batch], Batch]) -> Broken:
    """Break each batch that is read, without regard to the others."""
    return with_batches(healthy, lambda batches: map(change, batches))


def with_records(healthy: Plugin, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Broken:
    """Break each record that is read."""
    return with_each_batch(healthy, lambda batch: replace(batch, records=[change(one) for one in batch.records]))


def with_write(healthy: Plugin, change: Callable[[Write, dict[str, Any], Iterable[Any]], Iterable[Receipt]]) -> Broken:
    """Break a write: `change` is given the healthy one, and the destination and records to write."""

    @hookimpl
    def write_destination(
        credential: Mapping[str, Any], destination: Mapping[str, Any], records: Iterable[Mapping[str, Any]]
    ) -> Iterator[Receipt]:
        def write(destination: Mapping[str, Any], records: Iterable[Any]) -> Iterator[Receipt]:
            given = {"destination": destination, "records": records}
            receipts: Iterator[Receipt] = healthy.write_destination(credential=credential, **given)
            return receipts

        return iter(change(write, dict(destination), records))

    return Broken(healthy, write_destination=write_destination)


def with_written(
    healthy: Plugin,
    records: Callable[[Iterable[Any]], Iterable[Any]] = lambda given: given,
    receipts: Callable[[Iterator[Receipt]], Iterable[Receipt]] = lambda given: given,
    destination: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Broken:
    """Break a write: `records` and `destination` alter what goes in, `receipts` what comes out."""
    return with_write(healthy, lambda write, to, given: receipts(write(destination(to), records(given))))


def with_each_written(healthy: Plugin, change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Broken:
    """Break each record that is written, if it is one; whatever else comes is handed on."""

    def changed(records: Iterable[Any]) -> Iterator[Any]:
        return (change(record) if isinstance(record, Mapping) else record for record in records)

    return with_written(healthy, records=changed)


def with_each_receipt(healthy: Plugin, change: Callable[[Receipt], Receipt]) -> Broken:
    """Break each receipt, without regard to the others."""
    return with_written(healthy, receipts=lambda receipts: map(change, receipts))

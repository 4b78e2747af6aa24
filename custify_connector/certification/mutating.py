"""What a mutant is, the list of them, and the ways to break a healthy connector: its hooks wrapped, one at a time.

A mutant works on any connector of the contract: it never looks inside, it changes what goes in or what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from inspect import getdoc
from typing import TYPE_CHECKING, Any

from custify_connector.contract import HOOKS, Batch, CredentialReport, Receipt, hookimpl

if TYPE_CHECKING:
    from custify_connector.certification.subject import Subject

Plugin = Any
"""Any object with the hooks of the contract, as it was registered."""


@dataclass(frozen=True)
class Mutant:
    """A way to be wrong: the check made for it, its name, and the function that breaks a healthy subject."""

    check: str
    name: str
    harm: str
    apply: Callable[[Subject], Subject]


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


def all_mutants() -> tuple[Mutant, ...]:
    """Return every mutant, in the order of their checks."""
    from custify_connector.certification import mutants  # noqa: F401, PLC0415 - its modules enter theirs here

    return tuple(sorted(_MUTANTS, key=lambda one: (one.check[0], int(one.check[1:]))))


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
    healthy: Plugin,
    change: Callable[[Mapping[str, Any], Callable[[Mapping[str, Any]], CredentialReport]], CredentialReport],
) -> Broken:
    """Break the test of a credential: `change` is given the credential and the healthy test."""

    @hookimpl
    def test_credential(credential: Mapping[str, Any]) -> CredentialReport:
        return change(credential, lambda given: healthy.test_credential(credential=given))

    return Broken(healthy, test_credential=test_credential)


def with_batches(
    healthy: Plugin,
    change: Callable[[Iterator[Batch]], Iterable[Batch]],
    source: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    state: Callable[[Any], Any] = lambda given: given,
) -> Broken:
    """Break a read: `change` alters its batches, `source` and `state` what it is given."""
    changed_source, changed_state = source, state

    @hookimpl
    def read_source(
        credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None
    ) -> Iterator[Batch]:
        given = {"source": changed_source(dict(source)), "state": changed_state(state)}
        return iter(change(healthy.read_source(credential=credential, **given)))

    return Broken(healthy, read_source=read_source)


def with_records(healthy: Plugin, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Broken:
    """Break each record that is read."""
    return with_batches(
        healthy, lambda batches: (replace(batch, records=[change(one) for one in batch.records]) for batch in batches)
    )


def with_written(
    healthy: Plugin,
    records: Callable[[Iterable[Any]], Iterable[Any]] = lambda given: given,
    receipts: Callable[[Iterator[Receipt]], Iterable[Receipt]] = lambda given: given,
    destination: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Broken:
    """Break a write: `records` and `destination` alter what goes in, `receipts` what comes out."""
    changed_records, changed_destination = records, destination

    @hookimpl
    def write_destination(
        credential: Mapping[str, Any], destination: Mapping[str, Any], records: Iterable[Mapping[str, Any]]
    ) -> Iterator[Receipt]:
        given = {"destination": changed_destination(dict(destination)), "records": changed_records(records)}
        return iter(receipts(healthy.write_destination(credential=credential, **given)))

    return Broken(healthy, write_destination=write_destination)

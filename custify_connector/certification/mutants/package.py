"""Mutants of group J: connectors that were not put together as published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from custify_connector.certification.mutating import (
    Broken,
    Plugin,
    certifier_mutant,
    mutant,
    with_credential_test,
    with_description,
    with_each_receipt,
)
from custify_connector.certification.subject import Origin, Subject
from custify_connector.certification.telephone import ring
from custify_connector.contract import Batch, CredentialReport, hookimpl

_CALLING_HOME = "custify_connector.certification.calling_home"


@mutant("J2")
def a_read_never_sees_its_state(healthy: Plugin) -> object:
    """The hook was written without the argument, and starts over each time."""

    @hookimpl
    def read_source(credential: Mapping[str, Any], source: Mapping[str, Any]) -> Iterator[Batch]:
        batches: Iterator[Batch] = healthy.read_source(credential=credential, source=source, state=None)
        return batches

    return Broken(healthy, read_source=read_source)


@mutant("J1")
def what_is_described_cannot_be_read(healthy: Plugin) -> object:
    """The hook that reads was never written."""
    broken = Broken(healthy)
    del broken.read_source  # type: ignore[attr-defined]
    return broken


@certifier_mutant("J3")
def it_calls_home_when_it_is_imported(subject: Subject) -> Subject:
    """Something is asked of the network before anyone has asked the connector for anything."""
    return replace(subject, origin=Origin(_CALLING_HOME, None))


@mutant("J4")
def a_version_is_no_text(healthy: Plugin) -> object:
    """The version is an object of Python, which JSON does not have."""
    return with_description(healthy, lambda description: description.update(version={1, 0}))


@mutant("J4")
def it_keeps_to_a_contract_that_does_not_exist(healthy: Plugin) -> object:
    """The version of the contract has a first number that no host knows."""
    return with_description(healthy, lambda description: description.update(contract="0.9"))


@mutant("J5")
def nothing_is_explained(healthy: Plugin) -> object:
    """The titles and descriptions of the credential are gone."""

    def strip(description: dict[str, Any]) -> None:
        for one in description["credential"]["properties"].values():
            one.pop("title", None)
            one.pop("description", None)

    return with_description(healthy, strip)


@mutant("J6")
def a_refusal_says_nothing(healthy: Plugin) -> object:
    """A record is refused without a reason."""
    return with_each_receipt(healthy, lambda receipt: replace(receipt, reason=None, field=None))


@mutant("J7")
def every_test_is_reported_elsewhere(healthy: Plugin) -> object:
    """A test of a credential counts itself somewhere."""

    def counting(given: Mapping[str, Any], test: Any) -> CredentialReport:  # noqa: ANN401 - the hook itself
        ring()
        report: CredentialReport = test(given)
        return report

    return with_credential_test(healthy, counting)

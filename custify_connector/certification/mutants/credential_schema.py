"""Mutants of group A: a credential's schema that would let a host show or lose something."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from custify_connector.certification.mutating import (
    CredentialTest,
    Plugin,
    mutant,
    with_credential_test,
    with_description,
    with_report,
)
from custify_connector.contract import CredentialReport


def _with_schema(healthy: Plugin, change: Callable[[dict[str, Any]], object]) -> object:
    return with_description(healthy, lambda description: change(description["credential"]))


@mutant("A1")
def the_schema_is_none(healthy: Plugin) -> object:
    """The type is a word that JSON Schema does not have."""
    return _with_schema(healthy, lambda schema: schema.update(type="form"))


@mutant("A1")
def a_reference_leads_nowhere(healthy: Plugin) -> object:
    """A part of the schema was moved to another file, which no host has."""
    return _with_schema(healthy, lambda schema: schema["properties"].update(moved={"$ref": "#/$defs/moved"}))


@mutant("A2")
def a_missing_field_is_not_named(healthy: Plugin) -> object:
    """The report says that something is wrong, and not what."""
    return with_report(healthy, lambda report: replace(report, message="wrong"))


@mutant("A3")
def an_optional_field_is_needed(healthy: Plugin) -> object:
    """The schema does not ask for a field, and the test fails without it."""

    def demanding(given: Mapping[str, Any], test: CredentialTest) -> CredentialReport:
        report = test(given)
        optional = set(given) - set(healthy.describe()["credential"]["required"]) - {"base_url"}
        return report if optional else replace(report, ok=False, code="invalid_credential")

    return with_credential_test(healthy, demanding)


@mutant("A4")
def a_key_is_not_marked(healthy: Plugin) -> object:
    """The form shows the key to a person who looks over a shoulder."""

    def unmark(description: dict[str, Any]) -> None:
        for field in description["credential"]["properties"].values():
            field.pop("writeOnly", None)

    return with_description(healthy, unmark)


@mutant("A5")
def a_field_has_two_types(healthy: Plugin) -> object:
    """A form cannot know whether to draw a text or a number."""
    two = {"type": ["string", "integer"]}
    return _with_schema(healthy, lambda schema: schema["properties"].update(account=two))


@mutant("A6")
def an_unknown_field_is_said_to_be_the_other_way(healthy: Plugin) -> object:
    """The schema says open where the connector is closed, or closed where it is open."""
    return _with_schema(
        healthy, lambda schema: schema.update(additionalProperties=schema.get("additionalProperties") is False)
    )


@mutant("A7")
def a_field_is_newly_required(healthy: Plugin) -> object:
    """Every stored credential lacks it."""

    def demand(schema: dict[str, Any]) -> None:
        schema["properties"]["region"] = {"type": "string"}
        schema["required"] = [*schema["required"], "region"]

    return _with_schema(healthy, demand)


@mutant("A8")
def an_old_credential_is_changed_where_it_lies(healthy: Plugin) -> object:
    """The migration is written into the caller's own mapping, once more each time."""

    def migrating(given: Any, test: CredentialTest) -> CredentialReport:  # noqa: ANN401 - it changes what it may not
        report = test(dict(given))
        given["migrated"] = True
        return report

    return with_credential_test(healthy, migrating)

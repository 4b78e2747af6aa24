"""Mutants of group B: tests of a credential that tell the wrong thing."""

from __future__ import annotations

from dataclasses import replace

from custify_connector.certification.mutating import Plugin, mutant, with_credential_test


@mutant("B1")
def every_key_is_good(healthy: Plugin) -> object:
    """The test looks whether the service answers, not what."""
    return with_credential_test(healthy, lambda given, test: replace(test(given), ok=True, code="ok"))

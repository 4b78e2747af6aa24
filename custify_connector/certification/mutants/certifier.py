"""Mutants of group K: a certifier that proves less than it says."""

from __future__ import annotations

from dataclasses import replace

from custify_connector.certification.mutating import certifier_mutant
from custify_connector.certification.subject import Subject


@certifier_mutant("K1")
def a_check_has_no_mutant(subject: Subject) -> Subject:
    """A check was added, and nobody has seen it fail."""
    return replace(subject, mutants=subject.mutants[1:])

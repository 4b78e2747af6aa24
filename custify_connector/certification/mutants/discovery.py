"""Mutants of group C: descriptions that do not describe."""

from __future__ import annotations

from typing import Any

from custify_connector.certification.mutating import Plugin, mutant, with_description


@mutant("C2")
def a_key_is_none_of_the_fields(healthy: Plugin) -> object:
    """The key was renamed in the schema alone."""

    def rename(description: dict[str, Any]) -> None:
        for source in description["sources"].values():
            source["key"] = ["renamed"]

    return with_description(healthy, rename)

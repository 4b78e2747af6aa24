"""Mutants of group A: a credential's schema that would let a host show or lose something."""

from __future__ import annotations

from typing import Any

from custify_connector.certification.mutating import Plugin, mutant, with_description


@mutant("A4")
def a_key_is_not_marked(healthy: Plugin) -> object:
    """The form shows the key to whoever looks over a shoulder."""

    def unmark(description: dict[str, Any]) -> None:
        for field in description["credential"]["properties"].values():
            field.pop("writeOnly", None)

    return with_description(healthy, unmark)

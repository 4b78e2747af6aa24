"""Mutants of group F: connectors that are no good guests."""

from __future__ import annotations

from typing import Any

from custify_connector.certification.mutating import Plugin, mutant, with_batches


@mutant("F1")
def the_limit_is_not_kept(healthy: Plugin) -> object:
    """The setting that limits the pace is not passed on."""

    def unlimited(source: dict[str, Any]) -> dict[str, Any]:
        return {**source, "settings": {**source.get("settings", {}), "rate_limit": None}}

    return with_batches(healthy, lambda batches: batches, source=unlimited)

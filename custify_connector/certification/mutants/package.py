"""Mutants of group J: connectors that were not put together as published."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from custify_connector.certification.mutating import Broken, Plugin, mutant
from custify_connector.contract import Batch, hookimpl


@mutant("J2")
def a_read_never_sees_its_state(healthy: Plugin) -> object:
    """The hook was written without the argument, and starts over each time."""

    @hookimpl
    def read_source(credential: Mapping[str, Any], source: Mapping[str, Any]) -> Iterator[Batch]:
        batches: Iterator[Batch] = healthy.read_source(credential=credential, source=source, state=None)
        return batches

    return Broken(healthy, read_source=read_source)

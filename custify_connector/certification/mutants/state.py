"""Mutants of group E: states that promise more than was delivered."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from custify_connector.certification.mutating import Plugin, mutant, with_batches
from custify_connector.contract import Batch


@mutant("E2")
def a_state_runs_ahead_of_its_batch(healthy: Plugin) -> object:
    """Each batch comes with the state of the one after it."""

    def ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
        taken = list(batches)
        for batch, following in zip(taken, [*taken[1:], *taken[-1:]], strict=True):
            yield replace(batch, state=following.state)

    return with_batches(healthy, ahead)

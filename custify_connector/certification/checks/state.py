"""Group E: states, from which a read goes on."""

from __future__ import annotations

from collections.abc import Iterator

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, nothing


@check("E2", "rehearsed", seconds=60)
def a_read_stopped_after_any_batch_goes_on_without_loss(bench: Bench) -> Iterator[Finding]:
    """Stopped after each batch and resumed from its state, the two parts together are all that the service holds."""
    trial = bench.open()
    for stream in trial.streams:
        held = {bench.name(stream, record) for record in trial.service.truth(stream)}
        whole = trial.read(stream)
        for stop in range(1, len(whole.batches)):
            first = trial.read(stream, batches=stop)
            rest = trial.read(stream, first.state)
            came = {bench.name(stream, record) for record in (*first.records, *rest.records)}
            yield nothing(f"{stream}, stopped after batch {stop}", f"all {len(held)} records", held - came)

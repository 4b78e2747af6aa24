"""What a release publishes, stored for the next one to be compared with: description, credentials, states.

A maintainer runs it once at each release, when the version is set and before the tag:
`custify certify custify --release schemas/released.json`
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from custify_connector.certification.bench import Bench
from custify_connector.certification.subject import Subject
from custify_connector.contract.testbed import Release

_PROSE = {"title", "description", "summary"}


def release(of: Subject) -> Release:
    """Return what a connector publishes now; its testbed is read for a state of each stream."""
    bench = Bench(of)
    try:
        trial = bench.open()
        readings = {stream: trial.read(stream, batches=1) for stream in trial.streams}
    finally:
        bench.close()
    states = {stream: reading.state for stream, reading in readings.items() if reading.state}
    return Release(_bare(bench.description), tuple(bench.description["credential"].get("examples", ())), states)


def stored(published: Release) -> str:
    """Return a release as the text of its file, the same each time."""
    return json.dumps(asdict(published), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _bare(node: Any, *, names: bool = False) -> Any:  # noqa: ANN401 - JSON of any shape
    """Return the description without its prose, which is no promise; `names` says that the keys are names of fields."""
    if isinstance(node, list):
        return [_bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value if key == "examples" else _bare(value, names=key in {"properties", "sources", "destinations"})
        for key, value in node.items()
        if names or key not in _PROSE
    }

"""How much an installation adds to an empty environment."""

from __future__ import annotations

from .environments import ALL, OURS
from .scale import Scale
from .tables import Section, number, times

_HOW = "What `pip install` adds to an empty environment's site-packages: megabytes of files, compiled ones included."
_NAMES = {"custify": "custify-connector", "singer": "singer-sdk", "airbyte": "airbyte-cdk", "dlt": "dlt"}


def measured(_scale: Scale) -> Section:
    """Measure."""
    sizes = {each.name: each.megabytes() for each in ALL}
    rows = []
    for environment in ALL:
        versions = environment.versions()
        name, size = _NAMES[environment.name], sizes[environment.name]
        ratio = times(size / sizes[OURS.name])
        rows.append((f"{name} {versions[name]}", number(size), str(len(versions)), ratio))
    return Section("h", "Install size", _HOW, ("distribution", "MB", "distributions", "x custify"), rows)

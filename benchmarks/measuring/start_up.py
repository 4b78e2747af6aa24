"""How long it takes to start, over a bare interpreter."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .environments import AIRBYTE, DLT, OURS, SINGER
from .processes import Command, measure
from .rounds import median
from .scale import Scale
from .tables import Section, Target, seconds

_HOW = """Medians of {starts} interleaved starts of a whole process; `over bare` is what is added to an interpreter that
does nothing."""
BARE, IMPORT, VERSION, DESCRIBE = "python -c pass", "import custify_connector", "custify --version", "custify describe"
HELP, CREDENTIALS = "custify --help", "custify credential list"


def measured(scale: Scale) -> Section:
    """Measure."""
    commands = {
        BARE: [OURS.python, "-c", "pass"],
        IMPORT: [OURS.python, "-c", IMPORT],
        VERSION: [OURS.command("custify"), "--version"],
        HELP: [OURS.command("custify"), "--help"],
        CREDENTIALS: [OURS.command("custify"), "credential", "list"],
        DESCRIBE: [OURS.command("custify"), "describe"],
        "import singer_sdk": [SINGER.python, "-c", "import singer_sdk"],
        "import airbyte_cdk": [AIRBYTE.python, "-c", "import airbyte_cdk"],
        "import dlt": [DLT.python, "-c", "import dlt"],
    }
    found: dict[str, list[float]] = {name: [] for name in commands}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(scale.starts):
            for name, command in commands.items():
                found[name].append(measure(Command(command, Path(folder)), 60).seconds)
    medians = {name: median(values) for name, values in found.items()}
    added = {name: value - medians[BARE] for name, value in medians.items()}
    return Section(
        "g",
        "Start-up",
        _HOW.format(starts=scale.starts),
        ("what", "seconds", "over bare"),
        [(f"`{name}`", seconds(medians[name]), seconds(added[name])) for name in commands],
        (
            _quick(IMPORT, added, 0.1),
            _quick(DESCRIBE, added, 0.3),
            _quick(HELP, added, 0.15),
            _quick(CREDENTIALS, added, 0.15),
        ),
    )


def _quick(name: str, added: dict[str, float], bound: float) -> Target:
    return Target(f"`{name}` over a bare interpreter (under {bound:g} s)", f"{added[name]:.3f} s", added[name] < bound)

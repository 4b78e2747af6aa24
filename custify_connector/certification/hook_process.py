"""The process of one hook call: the connector is imported, its hook called, and what it gives printed as lines of JSON.

Started by `processes.start` as a program; the order comes through standard input.
"""

from __future__ import annotations

import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from custify_connector.certification import catalogue
from custify_connector.certification.subject import Origin, Subject


def found(name: str, origin: Origin) -> Subject:
    """Return the subject that was ordered: the connector, and on it the mutant that was named."""
    module = importlib.import_module(origin.module)
    healthy = catalogue.of(name, module if origin.attribute is None else getattr(module, origin.attribute))
    applied = (one.apply(healthy) for one in healthy.mutants if one.name == origin.mutant)
    return next(applied, healthy)


def main() -> None:
    """Call the hook that standard input orders, and print what it hands out."""
    order = json.load(sys.stdin)
    connector = found(order["name"], Origin(**order["origin"])).connector()
    for one in getattr(connector, order["hook"])(**order["arguments"]):
        sys.stdout.write(f"{json.dumps(asdict(one))}\n")
        sys.stdout.flush()
    sys.stdout.write(f"{json.dumps({'peak_kilobytes': _peak_kilobytes()})}\n" if order.get("measured") else "")


def _peak_kilobytes() -> int | None:
    """Return the most memory that this process ever held; None where the system does not report it."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), None)


if __name__ == "__main__":
    main()

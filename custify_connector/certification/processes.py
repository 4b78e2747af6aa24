"""A read or a write in a process of its own, to be killed, or to share an account with others.

Started as a program, this module is that process: it takes its order from standard input (a key stands in no argument
list) and prints each batch or receipt as a line of JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from custify_connector.contract.testbed import NotOffered

if TYPE_CHECKING:
    from custify_connector.certification.subject import Subject

_PATIENCE_SECONDS = 30


class Process:
    """A running process of a connector; what it prints is read while it runs."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._running = subprocess.Popen(  # noqa: S603 - this very module
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )
        if self._running.stdin:
            self._running.stdin.write(json.dumps(order))
            self._running.stdin.close()

    def lines(self) -> Iterator[dict[str, Any]]:
        """Yield what it hands out, each as soon as it is there; a line cut by its death is left out."""
        for line in self._running.stdout or ():
            if line.endswith("\n"):
                yield json.loads(line)

    def kill(self) -> None:
        """End it at once, wherever it is."""
        self._running.kill()

    def wait(self) -> int:
        """Wait for its end; returns its exit code, negative when it was killed."""
        return self._running.wait(_PATIENCE_SECONDS)

    def close(self) -> None:
        """End it if it still runs, and give back its pipe."""
        self._running.kill()
        self._running.wait(_PATIENCE_SECONDS)
        if self._running.stdout:
            self._running.stdout.close()


@dataclass(frozen=True)
class Origin:
    """Where another process finds the connector: a module, an attribute (None: the module itself), and its mutant."""

    module: str
    attribute: str | None
    mutant: str | None = None


def origin_of(plugin: object) -> Origin | None:
    """Return where a plugin can be imported from; None when no module has it under a name."""
    if isinstance(plugin, ModuleType):
        return Origin(plugin.__name__, None)
    module = sys.modules.get(type(plugin).__module__)
    named = (name for name, value in vars(module).items() if value is plugin) if module else iter(())
    attribute = next(named, None)
    return Origin(type(plugin).__module__, attribute) if attribute else None


def start(subject: Subject, hook: str, *, measured: bool = False, **arguments: Any) -> Process:  # noqa: ANN401 - the arguments of either hook
    """Start a process that calls one hook of the connector; NotOffered when it cannot be imported there.

    One that is `measured` prints `peak_kilobytes` as its last line.
    """
    if subject.origin is None:
        raise NotOffered("the connector is not an attribute of a module, so no other process can import it")
    origin = asdict(subject.origin)
    order = {"name": subject.name, "origin": origin, "hook": hook, "measured": measured, "arguments": arguments}
    return Process(order)


def found(name: str, origin: Origin) -> Subject:
    """Return the subject that was ordered: the connector, and on it the mutant that was named."""
    from custify_connector.certification import subject  # noqa: PLC0415 - it names this module

    module = importlib.import_module(origin.module)
    healthy = subject.of(name, module if origin.attribute is None else getattr(module, origin.attribute))
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
    """Return the most memory that this process ever held; None where the system does not tell it."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), None)


if __name__ == "__main__":
    main()

"""A read or a write in a process of its own, to be killed, or to share an account with others.

The process itself is `hook_process`. Its order goes through standard input: an argument list is no place for a key.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from custify_connector.certification.subject import Subject
from custify_connector.contract.testbed import NotOffered

_PROGRAM = "custify_connector.certification.hook_process"
_PATIENCE_SECONDS = 30


class Process:
    """A running process of a connector; what it prints is read while it runs."""

    def __init__(self, order: Mapping[str, Any]) -> None:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        self._running = subprocess.Popen(  # noqa: S603 - a module of this package
            [sys.executable, "-m", _PROGRAM],
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


def start(subject: Subject, hook: str, *, measured: bool = False, **arguments: Any) -> Process:  # noqa: ANN401 - the arguments of either hook
    """Start a process that calls one hook of the connector; NotOffered when it cannot be imported there.

    One that is `measured` prints `peak_kilobytes` as its last line.
    """
    if subject.origin is None:
        raise NotOffered("the connector is not an attribute of a module, so no other process can import it")
    origin = asdict(subject.origin)
    order = {"name": subject.name, "origin": origin, "hook": hook, "measured": measured, "arguments": arguments}
    return Process(order)

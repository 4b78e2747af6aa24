"""The import of a connector in a process of its own: what it costs there, and whether it reaches for the network.

Started as a program with a module's name, this module is that process, and prints what it saw as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
from typing import Any

_PATIENCE_SECONDS = 60


def watched(module: str) -> dict[str, Any]:
    """Import a module apart; returns `seconds` of processor time, and the `connections` that were tried."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    order = [sys.executable, "-m", __name__, module]
    done = subprocess.run(  # noqa: S603 - this very module
        order, capture_output=True, text=True, check=False, env=environment, timeout=_PATIENCE_SECONDS
    )
    if done.returncode:
        return {"seconds": 0.0, "connections": [], "error": done.stderr.strip().rsplit("\n", 1)[-1]}
    seen: dict[str, Any] = json.loads(done.stdout.strip().rsplit("\n", 1)[-1])
    return seen


def main(module: str) -> None:
    """Import the module and print what that took."""
    from custify_connector.certification.listening import connections  # noqa: PLC0415 - part of what is not measured

    with connections() as seen:
        began = time.process_time()
        importlib.import_module(module)
        spent = time.process_time() - began
    sys.stdout.write(f"\n{json.dumps({'seconds': spent, 'connections': seen, 'error': ''})}\n")


if __name__ == "__main__":
    main(sys.argv[1])

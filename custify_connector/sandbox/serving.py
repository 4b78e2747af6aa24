"""A sandbox in the foreground, until it is told to end.

Decided here: the line it prints when it is ready, and which signals end it. This file does not know HTTP.
"""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

import orjson

from .emulator import Sandbox

if TYPE_CHECKING:
    from .settings import Settings

_POLL_SECONDS = 0.2


def serve(settings: Settings, *, output: TextIO | None = None) -> None:
    """Serve until SIGTERM or SIGINT, after one JSON line with base_url and api_key to `output` (default: stdout)."""
    ended = threading.Event()
    ready = sys.stdout if output is None else output
    with Sandbox(**{**asdict(settings), "quirks": settings.quirks}) as sandbox:
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: ended.set())
        line = orjson.dumps({"base_url": sandbox.base_url, "api_key": sandbox.api_key})
        ready.write(f"{line.decode()}\n")
        ready.flush()
        while not ended.wait(_POLL_SECONDS):
            pass

"""A call to an address where nothing listens, for the mutants that talk to others: the harness's one network use."""

from __future__ import annotations

import socket
from contextlib import suppress


def ring() -> None:
    """Try to connect to a port of this machine on which nothing listens."""
    with socket.socket() as line, suppress(OSError):
        line.connect(("127.0.0.1", 9))

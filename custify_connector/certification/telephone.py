"""A call to somebody who is not there, for the mutants that talk to others: the one network use of the harness."""

from __future__ import annotations

import socket
from contextlib import suppress


def ring() -> None:
    """Try to connect to a port of this machine on which nobody listens."""
    with socket.socket() as line, suppress(OSError):
        line.connect(("127.0.0.1", 9))

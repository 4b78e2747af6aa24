"""A module that reaches for the network when it is imported; nobody answers where it calls."""

from __future__ import annotations

import socket
from contextlib import suppress

with socket.socket() as _line, suppress(OSError):
    _line.connect(("127.0.0.1", 9))

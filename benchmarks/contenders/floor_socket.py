# ruff: noqa: INP001 - scripts, not a package
"""What the floor's two scripts share: one raw socket, and the least that HTTP asks for.

Knows only what it needs of the answers that it will get: it is the limit of what is possible, and no client.
"""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

_ROOM = 1 << 20


class FloorSocket:
    """One kept-alive connection to the server that the environment names."""

    def __init__(self) -> None:
        address = urlsplit(os.environ["CUSTIFY_BASE_URL"])
        assert address.hostname  # noqa: S101 - the benchmark has set it
        assert address.port  # noqa: S101 - as above
        self._socket = socket.create_connection((address.hostname, address.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._view = memoryview(bytearray(_ROOM))
        key = os.environ["CUSTIFY_API_KEY"]
        self._headers = f"Host: {address.netloc}\r\nAuthorization: Bearer {key}\r\nAccept: application/json\r\n"

    def get(self, target: str) -> bytes:
        """Return a ready-made GET request."""
        return f"GET {target} HTTP/1.1\r\n{self._headers}\r\n".encode()

    def post(self, target: str, body: bytes) -> bytes:
        """Return a ready-made POST request."""
        length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"POST {target} HTTP/1.1\r\n{self._headers}{length}\r\n".encode() + body

    def ask(self, request: bytes) -> memoryview:
        """Send a request, and return the body of its answer; it is overwritten by the next one."""
        self._socket.sendall(request)
        view = self._view
        filled = self._socket.recv_into(view)
        head = bytes(view[:1024])
        end = head.index(b"\r\n\r\n") + 4
        total = end + int(head[: end - 2].split(b"Content-Length: ", 1)[1].split(b"\r\n", 1)[0])
        while filled < total:
            filled += self._socket.recv_into(view[filled:])
        if not head.startswith(b"HTTP/1.1 2"):
            raise SystemExit(head.split(b"\r\n", 1)[0].decode())
        return view[end:total]

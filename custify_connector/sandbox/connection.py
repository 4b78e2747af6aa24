"""One connection: requests are read from it one after another, and answered in the manner decided.

Decided here: what a whole, cut, reset, trickled or endless answer is in bytes on the wire.
This file does not know what is asked or answered.
"""

from __future__ import annotations

import socket
import struct
import time
from typing import TYPE_CHECKING

from .refusals import error_body
from .wire import Delivery, Reply, head_of, parse_head

if TYPE_CHECKING:
    from collections.abc import Callable

    from .wire import Request

_READ = 65_536
_LONGEST_HEAD = 65_536
_ENDLESS_CHUNK = b"x" * 65_536
_TRICKLE_STEPS = 200
_COPIED = 16_384
_ENDLESS_LENGTH = 1 << 40


class Connection:
    """Serves one client until it goes away, asks to close, or is cut off."""

    def __init__(self, connected: socket.socket, answer: Callable[[Request], Delivery]) -> None:
        self._socket = connected
        self._answer = answer
        self._buffer = b""

    def serve(self) -> None:
        """Read and answer requests; a client that vanishes ends it quietly."""
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while self._serve_one():
                pass
        except OSError:
            pass
        finally:
            self._socket.close()

    def _serve_one(self) -> bool:
        head = self._read_head()
        if head is None:
            return False
        try:
            request = parse_head(head)
            body = self._read_body(request.headers)
        except ValueError:
            self._send_whole(Reply(400, error_body(400, "this is not an HTTP request")), close=True)
            return False
        asked = type(request)(request.method, request.path, request.query, request.headers, body)
        close = request.headers.get("connection", "").lower() == "close"
        return self._deliver(self._answer(asked), close=close)

    def _read_head(self) -> bytes | None:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            received = self._socket.recv(_READ)
            if not received or len(self._buffer) > _LONGEST_HEAD:
                return None
            self._buffer += received
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        return head

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._read_chunks()
        length = int(headers.get("content-length", "0"))
        return self._take(length) if length else b""

    def _read_chunks(self) -> bytes:
        chunks = []
        while size := int(self._line(), 16):
            chunks.append(self._take(size))
            self._line()
        while self._line():
            pass
        return b"".join(chunks)

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            self._more()
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
        return line

    def _take(self, size: int) -> bytes:
        parts, missing = [self._buffer[:size]], size - len(self._buffer)
        self._buffer = self._buffer[size:]
        while missing > 0:
            self._more()
            parts.append(self._buffer[:missing])
            self._buffer, missing = self._buffer[missing:], missing - len(self._buffer)
        return b"".join(parts)

    def _more(self) -> None:
        received = self._socket.recv(_READ)
        if not received:
            raise ConnectionError("the client went away in the middle of a request")
        self._buffer += received

    def _deliver(self, delivery: Delivery, *, close: bool) -> bool:
        """Send an answer; return whether the connection continues."""
        if delivery.manner == "reset":
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if delivery.manner == "cut":
            body = delivery.reply.body
            self._socket.sendall(head_of(delivery.reply, len(body)) + body[: len(body) // 2])
            return False
        if delivery.manner == "endless":
            self._send_endless(delivery)
            return False
        if delivery.manner == "trickle":
            self._send_trickling(delivery)
        else:
            self._send_whole(delivery.reply, close=close)
        return not close

    def _send_whole(self, reply: Reply, *, close: bool) -> None:
        head, body = head_of(reply, len(reply.body), close=close), reply.body
        if len(body) < _COPIED:
            self._socket.sendall(head + body)
            return
        sent = self._socket.sendmsg((head, body)) - len(head)
        if sent < len(body):
            self._socket.sendall(memoryview(body)[sent:] if sent >= 0 else head[sent:] + body)

    def _send_trickling(self, delivery: Delivery) -> None:
        body = delivery.reply.body
        self._socket.sendall(head_of(delivery.reply, len(body)))
        step = max(1, -(-len(body) // _TRICKLE_STEPS))
        pieces = [body[start : start + step] for start in range(0, len(body), step)]
        for piece in pieces:
            time.sleep(delivery.spread / len(pieces))
            self._socket.sendall(piece)

    def _send_endless(self, delivery: Delivery) -> None:
        self._socket.sendall(head_of(delivery.reply, _ENDLESS_LENGTH) + b'"')
        for _ in range(max(1, delivery.size // len(_ENDLESS_CHUNK))):
            self._socket.sendall(_ENDLESS_CHUNK)

"""Recorded replies: read from their files, and given again by a server on loopback that knows nothing else.

A file is one read: where its replies come from, the source, each request with its reply, and the records expected.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

_UNKNOWN = {"status": 501, "body": {"message": "no reply to this request was recorded"}}


@dataclass(frozen=True)
class Recording:
    """One recorded read. `origin` says whether an account answered so, or only the documentation says that it would.

    Each exchange has a `request` (`method`, `path`, and in `query` what must be asked for) and its `reply` (`status`,
    `body`).
    """

    origin: Literal["account", "documentation"]
    note: str
    source: Mapping[str, Any]
    exchanges: tuple[Mapping[str, Any], ...]
    records: tuple[Mapping[str, Any], ...]


@dataclass
class Replay:
    """A running server: its address, and the requests to which it knew no reply."""

    url: str
    unknown: list[str] = field(default_factory=list)


def recordings(folder: Path) -> dict[str, Recording]:
    """Return the recordings of a folder by the names of their files; ValueError for a file that is none."""
    return {file.stem: _recording(file) for file in sorted(folder.glob("*.json"))}


def _recording(file: Path) -> Recording:
    value = json.loads(file.read_bytes())
    if value.get("origin") not in {"account", "documentation"}:
        raise ValueError(f"{file.name}: origin must be account or documentation: where do these replies come from?")
    return Recording(
        value["origin"], value["note"], value["source"], tuple(value["exchanges"]), tuple(value["records"])
    )


@contextmanager
def replayed(recording: Recording) -> Iterator[Replay]:
    """Serve a recording on loopback for the length of a `with`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        replay = Replay(f"http://127.0.0.1:{server.server_port}")
        server.recording, server.replay = recording, replay  # type: ignore[attr-defined] # read by the handler
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="replay server")
        thread.start()
        try:
            yield replay
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        asked = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(asked.query).items()}
        server: Any = self.server
        exchanges = server.recording.exchanges
        known = (one["reply"] for one in exchanges if _answers(one["request"], self.command, asked.path, query))
        reply = next(known, None)
        if reply is None:
            server.replay.unknown.append(f"{self.command} {self.path}")
        self._send(reply or _UNKNOWN)

    def _send(self, reply: Mapping[str, Any]) -> None:
        content = json.dumps(reply["body"]).encode()
        self.send_response(reply["status"])
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Write nothing: a journal of requests is kept by who asks for one."""


def _answers(request: Mapping[str, Any], method: str, path: str, query: Mapping[str, str]) -> bool:
    wanted = request.get("query", {}).items()
    return (request["method"], request["path"]) == (method, path) and wanted <= query.items()

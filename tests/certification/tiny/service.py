"""A small notes service over HTTP: `GET /notes?after=N` answers a page, `PUT /notes/N` stores one.

A page has five notes, unless another number is set. It knows one key, keeps a journal, and enforces a limit of its own.
"""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PAGE = 5


class Notes(ThreadingHTTPServer):
    """The server, what it holds, and what it was asked."""

    daemon_threads = True

    def __init__(self, key, count, limit, page=PAGE):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.key, self.limit, self.page = key, limit, page
        self.notes = {number: {"id": number, "text": f"note {number}"} for number in range(1, count + 1)}
        self.journal = []

    def refused(self, now):
        """Say whether a request that arrives now is one too many."""
        if self.limit is None:
            return False
        requests, seconds = self.limit
        return sum(one["counted"] and now - one["at"] < seconds for one in self.journal) >= requests


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        after = int(parse_qs(urlsplit(self.path).query).get("after", ["0"])[0])
        self._answer(
            lambda: [note for number, note in sorted(self.server.notes.items()) if number > after][: self.server.page]
        )

    def do_PUT(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer(lambda: self.server.notes.setdefault(body["id"], {}).update(body), write=True)

    def _answer(self, work, *, write=False):
        now, known = time.monotonic(), self.headers["X-Key"] == self.server.key
        status = 401 if not known else 429 if self.server.refused(now) else 200
        entry = {"at": now, "method": self.command, "path": urlsplit(self.path).path, "status": status}
        entry |= {"authorised": known, "write": write, "applied": write and status == 200, "counted": status == 200}
        self.server.journal.append(entry)
        content = json.dumps(work() if status == 200 else {}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass

"""Requests to the service: paced by its limit, sent again where it fails; each failure is an error of the contract."""

import http.client
import json
import threading
import time
from collections import defaultdict, deque
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode, urlsplit

from custify_connector.contract import CredentialRefused, PermissionRefused, ServiceUnavailable, UnexpectedReply

TRIES = 5
PATIENCE_SECONDS = 20.0
FAILURES = (OSError, http.client.HTTPException)
"""What the network raises."""


@dataclass(frozen=True)
class Reply:
    """One answer: its status, its headers, and its body as bytes."""

    status: int
    headers: object
    content: bytes

    def json(self):
        """Return the body; raises UnexpectedReply when it is no JSON."""
        try:
            return json.loads(self.content)
        except ValueError:
            raise UnexpectedReply(f"the service answered {self.status} with a body that is no JSON") from None


class Pace:
    """At most so many requests in any window, over all threads.

    A request holds its place until its answer came: the service counted it before that.
    """

    def __init__(self):
        self._turn, self._ended, self._open = threading.Condition(), deque(), 0

    @contextmanager
    def place(self, limit):
        """Wait for a place of the limit (`requests`, `seconds`); None is no limit."""
        with self._turn:
            while limit and not self._is_free(limit):
                self._turn.wait(self._ended[0] + limit["seconds"] - time.monotonic() if self._ended else None)
            self._open += 1
        try:
            yield
        finally:
            with self._turn:
                self._open -= 1
                self._ended.append(time.monotonic())
                self._turn.notify_all()

    def _is_free(self, limit):
        while self._ended and self._ended[0] <= time.monotonic() - limit["seconds"]:
            self._ended.popleft()
        return len(self._ended) + self._open < limit["requests"]


_paces = defaultdict(Pace)
"""One for each account, shared by all calls."""


class Exchange:
    """The requests of one call of a hook; `auth` holds the header with the key."""

    def __init__(self, url, auth, limit, timeout_seconds=PATIENCE_SECONDS):
        self._parts, self._auth, self._limit, self._timeout = urlsplit(url), auth, limit, timeout_seconds
        self._pace = _paces[(url, *auth.values())]

    def ask(self, method, path, query=None, body=None):
        """Return the answer to a request that may be repeated; raises without one, or when the key is refused."""
        return self.repeat(lambda: self.once(method, path, query, body))

    def repeat(self, attempt_once):
        """Return the reply of what may be done again as a whole; raises as `ask` does."""
        for attempt in range(TRIES):
            failure, pause = "", 0.1 * 2**attempt
            try:
                reply = attempt_once()
            except FAILURES as error:
                failure = type(error).__name__
            else:
                if reply.status != 429 and reply.status < 500:
                    return _accepted(reply)
                failure, pause = f"status {reply.status}", max(pause, _retry_after(reply.headers))
            if attempt < TRIES - 1:
                time.sleep(pause)
        met = f"no usable answer from {self._parts.netloc}; the last try met {failure}"
        raise ServiceUnavailable(f"{met}: run again later")

    def once(self, method, path, query=None, body=None):
        """Send a request once and return its reply, whatever its status; raises what the network raises."""
        target = f"{self._parts.path.rstrip('/')}{path}{f'?{urlencode(query)}' if query else ''}"
        content = None if body is None else json.dumps(body).encode()
        with self._pace.place(self._limit):
            return self._send(method, target, content)

    def _send(self, method, target, content):
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = kind(self._parts.hostname, self._parts.port, timeout=self._timeout)
        deadline = time.monotonic() + self._timeout
        headers = {
            **self._auth,
            "Accept": "application/json",
            "Content-Type": "application/json",
            "Connection": "close",
        }
        try:
            connection.request(method, target, content, headers)
            response = connection.getresponse()
            return Reply(response.status, response.headers, _body(response, deadline))
        finally:
            connection.close()


def _body(response, deadline):
    """Return the whole body; raises when it drips past the deadline, or ends too early."""
    content = b""
    while chunk := response.read1(65536):
        content += chunk
        if time.monotonic() > deadline:
            raise TimeoutError("the reply did not end in time")
    missing = int(response.headers.get("Content-Length", len(content))) - len(content)
    if missing > 0:
        raise http.client.IncompleteRead(b"", missing)
    return content


def _accepted(reply):
    if reply.status == 401:
        raise CredentialRefused("the service does not accept this key (401): ask its owner for another")
    if reply.status == 403:
        raise PermissionRefused("the key may not do this (403): ask its owner to allow it")
    return reply


def _retry_after(headers):
    """Return the seconds that the service asks to wait: a number or a date; 0 where it does not say."""
    text = headers.get("Retry-After", "")
    try:
        return float(text) if text.isdigit() else parsedate_to_datetime(text).timestamp() - time.time()
    except (TypeError, ValueError):
        return 0.0

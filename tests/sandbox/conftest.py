"""A sandbox for each test, and a plain HTTP client for it."""

from __future__ import annotations

import contextlib
import http.client
import json
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from custify_connector.sandbox import Sandbox


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def json(self):
        """The decoded body."""
        return json.loads(self.raw)

    @property
    def message(self):
        """The sentence of an error."""
        return self.json["message"]


class Client:
    """Sends requests to a sandbox over one kept-alive connection."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.port = int(sandbox.base_url.rsplit(":", 1)[1])
        self.key = sandbox.api_key
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def send(self, method, path, body=None, *, key=None, headers=None, **query):
        """Send one request; query values that are no text go out as JSON."""
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in query.items()}
        target = f"{path}?{urlencode(texts)}" if texts else path
        data = body if isinstance(body, bytes | None) else json.dumps(body)
        sent = {"Authorization": f"Bearer {key or self.key}", "Content-Type": "application/json", **(headers or {})}
        self.connection.request(method, target, body=data, headers=sent)
        response = self.connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read())

    def get(self, path, **query):
        """Send a GET."""
        return self.send("GET", path, **query)

    def post(self, path, body, **query):
        """Send a POST with a JSON body."""
        return self.send("POST", path, body, **query)

    def put(self, path, body, **query):
        """Send a PUT with a JSON body."""
        return self.send("PUT", path, body, **query)

    def delete(self, path, **query):
        """Send a DELETE."""
        return self.send("DELETE", path, **query)

    def rows(self, path, key, **query):
        """Return the rows of one page, whatever stands around them."""
        page = self.get(path, **query).json
        page = page[0] if isinstance(page, list) else page
        return page[key]


@pytest.fixture
def make():
    """Return a maker of running sandboxes with a client each; small, and without a limit unless one is asked for."""
    with contextlib.ExitStack() as stack:

        def made(**settings):
            settings = {"people": 60, "companies": 30, "rate_limit": None, **settings}
            sandbox = stack.enter_context(Sandbox(**settings))
            client = Client(sandbox)
            stack.callback(client.connection.close)
            return sandbox, client

        yield made


@pytest.fixture
def sandbox(make):
    """Return a small sandbox; `client` speaks to it."""
    made, made.client = make()
    return made


@pytest.fixture
def client(sandbox):
    """Return the client of `sandbox`."""
    return sandbox.client

"""A console behind a real socket, and a browser's part played by hand: cookie, token, headers."""

import http.client
import re
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlencode

import pytest
import uvicorn

from custify_connector.console import serving
from custify_connector.console.application import application
from custify_connector.contract import plugin_manager


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict
    text: str


@dataclass
class Client:
    """Asks a console as a browser would; everything it was answered is kept."""

    console: object
    cookie: str = ""
    bodies: list = field(default_factory=list)

    @property
    def host(self):
        return f"127.0.0.1:{self.console.gate.port}"

    def ask(self, method, path, form=None, /, **headers):
        """Send one request, with the session's cookie unless another is given; underscores in names are dashes.

        A client with a cookie asks below the prefix of the console, and is answered with addresses without it.
        """
        prefix = self.console.gate.prefix
        path = f"{prefix}{path}" if self.cookie and not path.startswith(prefix) else path
        sent = {"Host": self.host, **({"Cookie": self.cookie} if self.cookie else {})}
        body = None
        if form is not None:
            body = form if isinstance(form, bytes) else urlencode(form).encode()
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{self.host}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.console.gate.port, timeout=30)
        try:
            connection.request(method, path, body, {name: value for name, value in sent.items() if value is not None})
            reply = connection.getresponse()
            text = reply.read().decode()
        finally:
            connection.close()
        self.bodies.append(str(reply.getheaders()) + text)
        headers = {name.lower(): value for name, value in reply.getheaders()}
        headers |= {name: headers[name].removeprefix(prefix) for name in ("location", "hx-redirect") if name in headers}
        return Answer(reply.status, headers, text.replace(prefix, ""))

    def open(self):
        opened = self.ask("GET", f"/?token={self.console.gate.token}")
        self.cookie = opened.headers["set-cookie"].partition(";")[0]
        return opened

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, /, _headers=None, **form):
        return self.ask("POST", path, {"form_token": self.console.gate.form_token, **form}, **(_headers or {}))

    def wait_for(self, path, text, seconds=60):
        """Ask until a page says something, or a command has ended otherwise."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            answer = self.get(path)
            if text in answer.text:
                return answer
            if "It could not go on" in answer.text:
                break
            time.sleep(0.1)
        raise AssertionError(f"{path} never said {text!r}: {answer.text}")


def started(answer):
    """Return the address that an answer leads to."""
    assert answer.status == 303, re.sub(r"\s+", " ", answer.text)
    return answer.headers["location"]


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "folder"
    path.mkdir()
    return path


@pytest.fixture
def manager():
    return plugin_manager()


@pytest.fixture
def stranger(folder, manager):
    """Serve a console; return a client that it does not know yet."""
    config = serving.settings_of(0)
    socket = config.bind_socket()
    console = serving.console_of(folder, socket.getsockname()[1], manager)
    config.app = application(console)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([socket],), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server ended before it had started"
        time.sleep(0.01)
    yield Client(console)
    server.should_exit = True
    thread.join(20)
    socket.close()
    console.commands.close()


@pytest.fixture
def client(stranger):
    """Return a client that has opened the console."""
    stranger.open()
    return stranger


@pytest.fixture
def signed_in(client, sandbox, canary):
    """Return a client with a credential, acme, for the sandbox."""
    added = client.post("/custify/credentials/add", name="acme", api_key=canary, base_url=sandbox.base_url)
    assert added.status == 303, added.text
    return client

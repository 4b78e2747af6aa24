"""An empty page of a service that counts nothing, over HTTP: it is not the end while records stand below it."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import pytest

from custify_connector.contract.errors import IncompleteRead
from custify_connector.plugin import connector

PEOPLE = [
    {"id": f"{number:024x}", "signed_up_at": when, "created_at": when, "updated_at": when}
    for number in range(1000)
    for when in [f"2026-01-01T{23 - number // 60:02}:{59 - number % 60:02}:00.000Z"]
]


@pytest.fixture
def serve():
    """Start a server of people that shows nothing of a stretch of them; returns its address, and what it was asked."""
    servers = []

    def start(hidden, empty, times=None):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                query = dict(parse_qsl(urlsplit(self.path).query))
                size = int(query["itemsPerPage"])
                first = (int(query["page"]) - 1) * size
                is_holed = times is None or sum(asked) < times
                shown = [
                    one
                    for place, one in enumerate(PEOPLE[first : first + size], first)
                    if place not in hidden or not is_holed
                ]
                asked.append(len(shown) < len(PEOPLE[first : first + size]))
                status, body = (200, {"people": shown}) if shown else empty
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_words):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}", asked

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def read(address, **source):
    """Return the ids that came, the last state, and what was raised at the end."""
    credential = {"name": "raw", "api_key": "a-key-of-this-test", "base_url": address}
    settings = {"rate_limit": None, "max_in_flight": 4}
    came, state = [], None
    try:
        for batch in connector.read_source(credential, {"endpoint": "people", "settings": settings, **source}, None):
            came += [record["id"] for record in batch.records]
            state = batch.state
    except IncompleteRead as error:
        return came, state, str(error)
    return came, state, None


EMPTY = {
    "an empty list": (200, {"people": []}),
    "a count of none": (200, {"people": [], "total": 0}),
    "an array": (200, [{"people": []}]),
    "404": (404, {"message": "not found"}),
}


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["full", "incremental"])
@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize("hidden", [range(200, 400), range(600, 800), range(400, 800)], ids=str)
def test_pages_that_stay_empty_make_a_read_incomplete_and_move_no_cursor(serve, hidden, empty, mode):
    address, _ = serve(hidden, EMPTY[empty])
    came, state, error = read(address, mode=mode)
    assert sorted(came) == [one["id"] for place, one in enumerate(PEOPLE) if place not in hidden]
    assert "pages that should hold records were empty" in error
    assert "cursor" not in state
    assert "position" not in state


@pytest.mark.parametrize("empty", EMPTY)
def test_a_page_that_is_empty_for_once_hides_nothing(serve, empty):
    address, _ = serve(range(400, 600), EMPTY[empty], times=1)
    came, _, error = read(address)
    assert sorted(came) == [one["id"] for one in PEOPLE]
    assert error is None


def test_a_list_that_is_whole_costs_three_requests_more(serve):
    address, asked = serve(range(0), EMPTY["an empty list"])
    came, _, error = read(address)
    assert (len(came), error) == (1000, None)
    assert len(asked) <= 6 + 1 + 3

"""The testbed of the notes service: what it offers is written here, all else is not offered."""

import json
import threading
from contextlib import contextmanager
from pathlib import Path

from custify_connector.contract.testbed import Credentials, Exchange, NotOffered, Release, Service, WriteCase

from .service import PAGE, Notes

KEY = "tiny-testbed-key"


class Emulated(Service):
    """A running notes service."""

    streams = ("notes",)

    def __init__(self, server, limit):
        self._server = server
        rate = {"requests": limit.requests, "seconds": limit.seconds} if limit else None
        self._settings = {"rate_limit": rate}
        self.write_cases = (
            WriteCase(
                "put_note",
                {"endpoint": "put_note", "settings": self._settings},
                make=lambda n: {"id": 1000 + n, "text": f"made {n}"},
                key=("id",),
                invalid={"id": 999, "text": 7},
                nameless={"text": "no one's"},
                changed="text",
            ),
        )

    @property
    def credentials(self):
        """One key is known, no other is."""
        url = f"http://127.0.0.1:{self._server.server_port}"
        return Credentials({"url": url, "key": KEY}, {"url": url, "key": "wrong"}, (KEY,), address=frozenset({"url"}))

    def source(self, stream):
        """Return the stream, at the pace that the service allows."""
        return {"endpoint": stream, "settings": self._settings}

    def selection(self, stream, fields):
        """Return the stream with the fields that are wanted."""
        return {**self.source(stream), "fields": list(fields)}

    def truth(self, _stream):
        """All notes: there is one stream."""
        return list(self._server.notes.values())

    def held(self, _case):
        """All notes: there is one destination."""
        return list(self._server.notes.values())

    def journal(self):
        """Return what the server noted."""
        return [Exchange(**entry) for entry in self._server.journal]

    def released(self):
        """Return what is stored beside this file."""
        return Release(**json.loads(Path(__file__).with_name("released.json").read_bytes()))


@contextmanager
def open_service(setup):
    """Start a notes service of the size and with the limit that the setup asks for."""
    if setup.quirks or setup.drift or setup.sizes.keys() - {"notes"}:
        raise NotOffered("the notes service knows no quirks and no drift, and holds notes alone")
    limit = setup.rate_limit
    rate = (limit.requests, limit.seconds) if limit else None
    with Notes(KEY, setup.sizes.get("notes", 12), rate, setup.page_cap or PAGE) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield Emulated(server, limit)
        finally:
            server.shutdown()
            thread.join()

"""A connector of the notes service: all it knows of this project is the contract."""

import json
import threading
import time
import urllib.error
import urllib.request

from custify_connector.contract import Batch, CredentialReport, Receipt, hookimpl

from .testbed import open_service

FIELDS = {"id": {"type": "integer"}, "text": {"type": ["string", "null"]}}
SCHEMA = {"type": "object", "required": ["id"], "properties": FIELDS}
CREDENTIAL = {
    "type": "object",
    "required": ["url", "key"],
    "properties": {"url": {"type": "string"}, "key": {"type": "string", "writeOnly": True}},
}


class Connector:
    """Reads notes and writes them, one request at a time, never sooner than the limit allows."""

    def __init__(self):
        self._lock, self._next, self._gaps = threading.Lock(), {}, {}

    @hookimpl
    def describe(self):
        """Tell what there is."""
        notes = {"name": "notes", "key": ["id"], "modes": ["full"], "cursor": None, "schema": SCHEMA}
        put = {"name": "put_note", "identity": [["id"]], "schema": SCHEMA}
        about = {"name": "tiny", "version": "1.0", "credential": CREDENTIAL}
        return {**about, "sources": {"notes": notes}, "destinations": {"put_note": put}}

    @hookimpl
    def test_credential(self, credential):
        """Ask for one page."""
        status, _ = self._ask(credential, {}, "GET", "/notes")
        code = {200: "ok", 401: "unauthorized"}.get(status, "upstream_error")
        return CredentialReport(status == 200, code, status, f"the service answered {status}", None, 0)

    @hookimpl
    def read_source(self, credential, source, state):
        """Read page after page, from the last id on."""
        return self._pages(credential, source, (state or {}).get("after", 0))

    def _pages(self, credential, source, after):
        while notes := self._ask(credential, source, "GET", f"/notes?after={after}")[1]:
            after = notes[-1]["id"]
            yield Batch("notes", notes, {"after": after})

    @hookimpl
    def write_destination(self, credential, destination, records):
        """Put one note after another."""
        if destination.get("endpoint") != "put_note" or set(destination) - {"endpoint", "settings"}:
            raise LookupError("there is put_note, and it takes settings")
        return (self._put(credential, destination, *numbered) for numbered in enumerate(records))

    def _put(self, credential, destination, index, record):
        named = isinstance(record, dict) and type(record.get("id")) is int
        if not named or not isinstance(record.get("text"), str | None) or set(record) - set(FIELDS):
            reason = "a note has a whole number as id, and a text"
            key = {"id": record["id"]} if named else None
            return Receipt(index, "rejected", key, code="invalid", reason=reason, field="text" if named else "id")
        status, _ = self._ask(credential, destination, "PUT", f"/notes/{record['id']}", record)
        return Receipt(index, "sent" if status == 200 else "failed", key={"id": record["id"]}, status=status)

    @hookimpl
    def testbed(self):
        """Tell how the service is emulated."""
        return open_service

    def _ask(self, credential, argument, method, path, body=None):
        self._wait(credential["url"], argument.get("settings"))
        content = None if body is None else json.dumps(body).encode()
        headers = {"X-Key": credential["key"]}
        url = credential["url"] + path
        request = urllib.request.Request(url, content, headers, method=method)  # noqa: S310 - loopback
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code, None

    def _wait(self, account, settings):
        with self._lock:
            if settings:
                limit = settings["rate_limit"]
                self._gaps[account] = limit["seconds"] / (limit["requests"] - 1) if limit else 0.0
            now = time.monotonic()
            begin = max(now, self._next.get(account, now))
            time.sleep(begin - now)
            self._next[account] = begin + self._gaps.get(account, 0.1)


connector = Connector()

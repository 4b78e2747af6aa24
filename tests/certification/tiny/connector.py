"""A connector of the notes service: all it knows of this project is the contract."""

import difflib
import json
import threading
import time
import urllib.error
import urllib.request

from custify_connector.contract import (
    Batch,
    ConfigurationError,
    CredentialReport,
    Fault,
    Receipt,
    StateError,
    hookimpl,
)

from .testbed import open_service

FIELDS = {
    "id": {"type": "integer", "title": "Number"},
    "text": {"type": ["string", "null"], "title": "Text"},
}
SCHEMA = {"type": "object", "required": ["id"], "properties": FIELDS}
CREDENTIAL = {
    "type": "object",
    "required": ["url", "key"],
    "examples": [{"url": "http://127.0.0.1:1", "key": "a-key"}],
    "properties": {
        "url": {"type": "string", "title": "Address"},
        "key": {"type": "string", "title": "Key", "writeOnly": True},
    },
}


class Connector:
    """Reads notes and writes them, one request at a time, never sooner than the limit allows."""

    def __init__(self):
        self._lock, self._next, self._gaps = threading.Lock(), {}, {}

    @hookimpl
    def describe(self):
        """Describe what there is."""
        notes = {"name": "notes", "title": "Notes", "key": ["id"], "modes": ["full"], "cursor": None, "schema": SCHEMA}
        put = {"name": "put_note", "title": "Put a note", "identity": [["id"]], "schema": SCHEMA}
        about = {"name": "tiny", "version": "1.0", "credential": CREDENTIAL, "account": ["url"]}
        return {**about, "sources": {"notes": notes}, "destinations": {"put_note": put}}

    @hookimpl
    def test_credential(self, credential):
        """Ask for one page."""
        missing = [name for name in CREDENTIAL["required"] if name not in credential]
        if missing:
            return CredentialReport(False, "invalid_credential", None, f"{', '.join(missing)} is missing", None, 0)  # noqa: FBT003
        status, _ = self._ask(credential, {}, "GET", "/notes")
        code = {200: "ok", 401: "unauthorized"}.get(status, "upstream_error")
        return CredentialReport(status == 200, code, status, f"the service answered {status}", None, 0)

    @hookimpl
    def read_source(self, credential, source, state):
        """Read page after page, from the last id on."""
        _refuse_incomplete(credential)
        _refuse_unknown(source, "source", "notes")
        if state is not None and (not isinstance(state, dict) or state.get("version") != 1 or "after" not in state):
            raise StateError((Fault("state", "is damaged, or of another version: start without it"),))
        return self._pages(credential, source, (state or {}).get("after", 0))

    def _pages(self, credential, source, after):
        more = True
        while more:
            notes = self._ask(credential, source, "GET", f"/notes?after={after}")[1] or []
            more = bool(notes)
            after = notes[-1]["id"] if more else after
            wanted = source.get("fields") or FIELDS
            chosen = [{name: value for name, value in note.items() if name in wanted} for note in notes]
            yield Batch("notes", chosen, {"version": 1, "after": after})

    @hookimpl
    def write_destination(self, credential, destination, records):
        """Put one note after another."""
        _refuse_incomplete(credential)
        _refuse_unknown(destination, "destination", "put_note")
        return (self._put(credential, destination, *numbered) for numbered in enumerate(records))

    def _put(self, credential, destination, index, record):
        if not _is_note(record):
            named = isinstance(record, dict) and type(record.get("id")) is int
            reason, key = "a note has a whole number as id, and a text", {"id": record["id"]} if named else None
            return Receipt(index, "rejected", key, code="invalid", reason=reason, field="text" if named else "id")
        status, _ = self._ask(credential, destination, "PUT", f"/notes/{record['id']}", record)
        return Receipt(index, "sent" if status == 200 else "failed", key={"id": record["id"]}, status=status)

    @hookimpl
    def testbed(self):
        """Return what starts the emulated service."""
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


WORDS = ("endpoint", "mode", "fields", "settings")


def _refuse_incomplete(credential):
    missing = tuple(
        Fault(f"credential.{name}", "is missing") for name in CREDENTIAL["required"] if name not in credential
    )
    if missing:
        raise ConfigurationError(missing)


def _refuse_unknown(argument, place, name):
    for word in argument:
        if word not in WORDS:
            near = difflib.get_close_matches(word, WORDS, 1)
            reason = f"is an unknown word{f', did you mean {near[0]}?' if near else ''}"
            raise ConfigurationError((Fault(f"{place}.{word}", reason),))
    for word, known in (("endpoint", name), ("mode", "full")):
        if argument.get(word, known) != known:
            raise ConfigurationError((Fault(f"{place}.{word}", f"must be {known}, not {argument[word]}"),))


def _is_note(record):
    named = isinstance(record, dict) and type(record.get("id")) is int
    return named and isinstance(record.get("text"), str | None) and set(record) <= set(FIELDS)


connector = Connector()

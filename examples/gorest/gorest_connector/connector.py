"""The hooks of a connector of GoREST, a public API of made-up users: https://gorest.co.in.

Users come in pages, newest first; the headers count them. A user is found by the e-mail address, which is unique there,
then updated, else created.
"""

import difflib
import ssl
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator

from custify_connector.contract import (
    CONTRACT_VERSION,
    Batch,
    ConfigurationError,
    CredentialRefused,
    CredentialReport,
    Fault,
    IncompleteRead,
    Receipt,
    ServiceUnavailable,
    StateError,
    UnexpectedReply,
    hookimpl,
)

from . import __version__
from .exchange import FAILURES, PATIENCE_SECONDS, Exchange

NAME, TITLE = "gorest", "GoREST"
URL, HEADER = "https://gorest.co.in/public/v2", "Authorization"
STREAM, DESTINATION, PATH = "users", "upsert_user", "/users"
KEY, NAMED_BY, TOTAL = "id", "email", "X-Pagination-Total"
PAGE_PARAMETER, SIZE_PARAMETER, PAGE_SIZE = "page", "per_page", 100
LIMIT = {"requests": 90, "seconds": 60}

FIELDS = {
    "name": {"type": "string", "minLength": 1, "maxLength": 200, "title": "Name"},
    "email": {"type": "string", "minLength": 3, "maxLength": 200, "title": "E-mail address, unique"},
    "gender": {"enum": ["male", "female"], "type": "string", "title": "Gender"},
    "status": {"enum": ["active", "inactive"], "type": "string", "title": "Status"},
}
RECORD = {
    "type": "object",
    "required": [KEY],
    "properties": {KEY: {"type": "integer", "title": "GoREST's id"}, **FIELDS},
}
SCHEMA = {"type": "object", "required": list(FIELDS), "additionalProperties": False, "properties": FIELDS}
CREDENTIAL = {
    "type": "object",
    "required": ["key"],
    "examples": [{"url": URL, "key": "a-key"}],
    "properties": {
        "url": {"type": "string", "title": "Address", "description": "Where the service is.", "default": URL},
        "key": {"type": "string", "title": "Key", "description": "The API key.", "writeOnly": True},
    },
}
_SETTINGS = ("rate_limit", "timeout_seconds")
_VALIDATOR = Draft202012Validator(SCHEMA)


class Connector:
    """One source, one destination; it keeps nothing between calls."""

    @hookimpl
    def describe(self):
        """Return what there is, as a value of the caller's own."""
        shared = {"key": [KEY], "modes": ["full"], "cursor": None, "page_size": PAGE_SIZE}
        source = {"name": STREAM, "title": STREAM.capitalize(), **shared, "schema": _copy(RECORD)}
        named = {"name": DESTINATION, "title": "Upsert user", "identity": [[NAMED_BY]]}
        destination = {**named, "repeat": "always", "deliveries": ["single"], "schema": _copy(SCHEMA)}
        about = {"contract": CONTRACT_VERSION, "name": NAME, "title": TITLE, "version": __version__, "account": ["url"]}
        return {**about, "rate_limit": dict(LIMIT), "credential": _copy(CREDENTIAL),
                "sources": {STREAM: source}, "destinations": {DESTINATION: destination}}  # fmt: skip

    @hookimpl
    def test_credential(self, credential):
        """Ask for one page, once."""
        began = time.monotonic()
        faults = _credential_faults(credential)
        if faults:
            return _report("invalid_credential", None, "; ".join(map(str, faults)), began)
        try:
            reply = _exchange(credential, {}).once("GET", PATH, {PAGE_PARAMETER: 1, SIZE_PARAMETER: 1})
        except TimeoutError:
            return _report("timeout", None, "the service did not answer in time", began)
        except ssl.SSLError as error:
            return _report("tls_error", None, f"no secure connection: {error.reason}", began)
        except FAILURES as error:
            return _report("unreachable", None, f"the service could not be reached ({type(error).__name__})", began)
        known = {401: "unauthorized", 403: "forbidden", 429: "rate_limited"}
        code = known.get(reply.status, "upstream_error" if reply.status >= 400 else "ok")
        if code == "ok" and not _is_page(reply):
            code = "unexpected_reply"
        return _report(code, reply.status, f"the service answered {reply.status}", began)

    @hookimpl
    def read_source(self, credential, source, state):
        """Check the arguments, then return the batches."""
        _check(credential, source, "source", STREAM, {"mode": ("full",)})
        return _batches(_exchange(credential, source), _resumed(state))

    @hookimpl
    def write_destination(self, credential, destination, records):
        """Check the arguments, then return the receipts."""
        _check(credential, destination, "destination", DESTINATION, {})
        return _receipts(_exchange(credential, destination), records)

    @hookimpl
    def testbed(self):
        """Return what starts the emulated service."""
        from .testbed import open_service  # noqa: PLC0415 - only a certification needs it

        return open_service


# --------------------------------------------------------------------------------------------- reading


@dataclass(frozen=True)
class Progress:
    """Where a read stands: the next page, the last id delivered, how many were, and how many the first page counted."""

    page: int = 1
    last: int | None = None
    delivered: int = 0
    total: int | None = None


def _batches(exchange, progress):
    """Yield page after page. A user that is created meanwhile moves the others on: ids that came are left out."""
    while True:
        records, counted = _page(exchange, progress.page)
        if not records:
            break
        new = [one for one in records if progress.last is None or one[KEY] < progress.last]
        progress = Progress(
            progress.page + 1,
            new[-1][KEY] if new else progress.last,
            progress.delivered + len(new),
            counted if progress.total is None else progress.total,
        )
        yield Batch(STREAM, new, {"version": 1, **asdict(progress)})
    yield Batch(STREAM, [], {"version": 1, **asdict(Progress())})
    if progress.total is not None and progress.delivered < progress.total:
        found = f"the service counted {progress.total} users and showed {progress.delivered}"
        raise IncompleteRead(f"{STREAM}: {found}: read again")


def _page(exchange, page):
    """Return the users of a page, and how many the service counts in all."""
    reply = exchange.ask("GET", PATH, {PAGE_PARAMETER: page, SIZE_PARAMETER: PAGE_SIZE})
    if reply.status == 404 and page > 1:
        return [], None
    body = reply.json()
    if reply.status != 200 or not _is_users(body):
        raise UnexpectedReply(f"{STREAM}: the service answered {reply.status} in a form that is not known")
    counted = reply.headers.get(TOTAL)
    return (body if isinstance(body, list) else [body]), int(counted) if counted else None


def _is_users(body):
    return isinstance(body, list) or (isinstance(body, dict) and KEY in body)


def _is_page(reply):
    try:
        return _is_users(reply.json())
    except UnexpectedReply:
        return False


def _resumed(state):
    if state is None:
        return Progress()
    words = {name: value for name, value in state.items() if name != "version"} if isinstance(state, dict) else {}
    whole = all(type(one) is int or (one is None and name in {"last", "total"}) for name, one in words.items())
    if not whole or words.keys() != asdict(Progress()).keys() or state["version"] != 1:
        raise StateError((Fault("state", "is damaged, or of another version: start without it"),))
    return Progress(**words)


# --------------------------------------------------------------------------------------------- writing


def _receipts(exchange, records):
    """Yield one receipt for each record; what affects the whole run is raised after the last."""
    stopped = None
    for index, record in enumerate(records):
        if stopped:
            yield Receipt(index, "not_tried", code="stopped", reason="the run ended before this record")
        else:
            receipt, stopped = _put(exchange, index, record)
            yield receipt
    if stopped:
        raise stopped


def _put(exchange, index, record):
    """Return the receipt of a record, and the error that ends the run, if one does."""
    fault = _record_fault(record)
    key = {NAMED_BY: record[NAMED_BY]} if isinstance(record, dict) and NAMED_BY in record else None
    if fault:
        return Receipt(index, "rejected", key, code="invalid", reason=fault.reason, field=fault.place), None
    try:
        reply = exchange.repeat(lambda: _upserted(exchange, record))
    except CredentialRefused as error:
        return Receipt(index, "failed", key, code="refused", reason=str(error)), error
    except ServiceUnavailable as error:
        return _unavailable(exchange, index, key, error)
    if reply.status < 300:
        return Receipt(index, "sent", key, status=reply.status), None
    field, reason = _refusal(reply)
    return Receipt(index, "rejected", key, reply.status, f"http_{reply.status}", reason, field), None


def _upserted(exchange, record):
    """Update the user with this address, or create one; as a whole it may be repeated, since it looks first."""
    found = exchange.ask("GET", PATH, {NAMED_BY: record[NAMED_BY]})
    if found.status != 200:
        return found
    ids = [one[KEY] for one in found.json() if one[NAMED_BY] == record[NAMED_BY]]
    return (
        exchange.once("PATCH", f"{PATH}/{ids[0]}", None, record) if ids else exchange.once("POST", PATH, None, record)
    )


def _refusal(reply):
    """Return the field at fault and the reason: 422 answers a list of them."""
    try:
        first = reply.json()[0]
        return first["field"], f"{first['field']} {first['message']}"
    except (UnexpectedReply, LookupError, TypeError):
        return NAMED_BY, f"the service refused the user ({reply.status})"


def _unavailable(exchange, index, key, error):
    """Return what becomes of a record without an answer: it is at fault where the service answers others."""
    try:
        exchange.ask("GET", PATH, {PAGE_PARAMETER: 1, SIZE_PARAMETER: 1})
    except ServiceUnavailable:
        return Receipt(index, "failed", key, code="unclear", reason=str(error)), error
    reason = f"the service answers other requests, and not this one: {error}"
    return Receipt(index, "rejected", key, code="not_accepted", reason=reason, field=NAMED_BY), None


def _record_fault(record):
    if not isinstance(record, dict):
        return Fault(NAMED_BY, f"a record must be an object, not {type(record).__name__}")
    error = next(iter(sorted(_VALIDATOR.iter_errors(record), key=lambda one: list(map(str, one.path)))), None)
    if error is None:
        return None
    missing = [name for name in SCHEMA["required"] if name not in record]
    place = ".".join(map(str, error.path)) or next(
        iter(missing or sorted(map(str, set(record) - set(FIELDS)))), NAMED_BY
    )
    return Fault(place, f"does not fit the schema: {error.validator}")


# ------------------------------------------------------------------------------------------- arguments


def _check(credential, argument, place, endpoint, choices):
    """Raise ConfigurationError with all that is wrong with a credential and a source or destination."""
    faults = _credential_faults(credential)
    words = ("endpoint", "settings", *choices)
    faults += [_unknown(f"{place}.{word}", word, words) for word in argument if word not in words]
    settings = argument.get("settings", {})
    faults += [_unknown(f"{place}.settings.{word}", word, _SETTINGS) for word in settings if word not in _SETTINGS]
    for word, known in {"endpoint": (endpoint,), **choices}.items():
        if argument.get(word, known[0]) not in known:
            faults.append(Fault(f"{place}.{word}", f"must be {' or '.join(known)}, not {argument[word]}"))
    if faults:
        raise ConfigurationError(tuple(faults))


def _unknown(place, word, known):
    near = difflib.get_close_matches(word, known, 1)
    return Fault(place, f"unknown word{f'; did you mean {near[0]}?' if near else ''}")


def _credential_faults(credential):
    if not isinstance(credential, dict):
        return [Fault("credential", "must be an object")]
    missing = (name for name in CREDENTIAL["required"] if name not in credential)
    faults = [Fault(f"credential.{name}", "is missing") for name in missing]
    texts = (name for name in CREDENTIAL["properties"] if not isinstance(credential.get(name, ""), str))
    faults += [Fault(f"credential.{name}", "must be a text") for name in texts]
    parts = urlsplit(str(credential.get("url", URL)))
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
        faults.append(Fault("credential.url", "must begin with https://: the key would travel in the clear"))
    return faults


def _exchange(credential, argument):
    settings = argument.get("settings", {})
    limit, patience = settings.get("rate_limit", LIMIT), settings.get("timeout_seconds", PATIENCE_SECONDS)
    return Exchange(credential.get("url", URL), {HEADER: f"Bearer {credential['key']}"}, limit, patience)


def _report(code, status, message, began):
    now = datetime.now(timezone.utc).isoformat(timespec="seconds") if code == "ok" else None
    return CredentialReport(code == "ok", code, status, message, now, round((time.monotonic() - began) * 1000))


def _copy(value):
    return {name: _copy(one) if isinstance(one, dict) else one for name, one in value.items()}


connector = Connector()

"""`Send` over requests: the only network, and the only place that reveals the key.

Every exception of the library ends here and becomes a `Failure`. Does not retry, pace, follow redirects or judge.
"""

from __future__ import annotations

import hmac
import html
import os
import re
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from traceback import walk_tb
from typing import Protocol
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, LocationValueError, NameResolutionError, NewConnectionError, ReadTimeoutError
from urllib3.filepost import encode_multipart_formdata
from urllib3.util import Retry

from custify_connector import __version__
from custify_connector.checking.json_values import dumps
from custify_connector.checking.secret import Secret, redacted
from custify_connector.checking.texts import Json
from custify_connector.exchange.connections import Adapter, Calls
from custify_connector.exchange.credential import Credential, is_loopback
from custify_connector.exchange.watchdog import Watchdog
from custify_connector.exchange.wire import Failure, Request, Response, Undecoded, Writing, decode

MAXIMUM_BYTES = 64_000_000
"""No reply may be larger, unpacked: a page of 200 records is a quarter of a megabyte."""

MOST_VALUES = 1_000_000
"""No reply may hold more objects and lists: a page of 200 records holds a few thousand."""

CONNECT_SECONDS = 10.0
_PIECE = 262_144
_SOON_DECODED = 8_192
"""So few bytes are decoded at once, whatever the caller asks for."""

_TEXT_KEPT = 500


class _Bearer(AuthBase):
    """Sets the key on a request that is about to be sent, and nowhere else."""

    def __init__(self, key: Secret) -> None:
        self._header = _Opaque(key)

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared.headers["Authorization"] = self._header
        return prepared


class _Opaque(str):
    """The value of the header that has the key: it shows itself to no one but the connection, which encodes it.

    A header lies in the local variables of the libraries while a request is under way, where a traceback with locals,
    or a crash reporter, would show it.
    """

    __slots__ = ("_key",)
    _key: Secret

    def __new__(cls, key: Secret) -> _Opaque:  # noqa: PYI034 - Self needs Python 3.11
        """Return a text that says only that there is a key."""
        made = super().__new__(cls, "Bearer ***")
        made._key = key
        return made

    def encode(self, encoding: str = "latin-1", errors: str = "strict") -> bytes:
        """Return the header itself."""
        return f"Bearer {self._key.reveal()}".encode(encoding, errors)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, str) and hmac.compare_digest(self.encode(), other.encode("latin-1", "replace"))

    def __hash__(self) -> int:
        return hash(self._key)


class _TooLarge(Exception):
    """Never leaves this file."""


class _Unreadable(Exception):
    """Never leaves this file."""


class _TooSlow(Exception):
    """Never leaves this file."""


class _RawBody(Protocol):
    @property
    def headers(self) -> Mapping[str, str]: ...

    def read1(self, amount: int, decode_content: bool) -> bytes: ...


class HttpSend:
    """A `Send` for one credential; call it from as many threads as `connections`. Close it, or use it in a `with`."""

    def __init__(self, credential: Credential, *, timeout_seconds: float = 30.0, connections: int = 8) -> None:
        self._base_url = credential.base_url
        self._key = credential.key
        self._written = _ways_to_write(credential.key)
        self._auth = _Bearer(credential.key)
        self._timeout = timeout_seconds
        self._session = _session(connections)
        self._watchdog = Watchdog()
        # Read once: asking the environment for each request costs a seventh of the whole call, and lets a netrc
        # entry replace the key.
        host = urlsplit(credential.base_url).hostname or ""
        # To this machine itself the key may go in the open, but not by way of a proxy, which would see it.
        self._proxies = {} if is_loopback(host) else get_environ_proxies(credential.base_url)
        self._trusted_by, self._verify = _trusted()
        self._templates: dict[str, requests.PreparedRequest] = {}
        self._lock = threading.Lock()
        self._calls = Calls()

    def __call__(self, request: Request) -> Response | Failure:
        """Send one request once; whatever trickles in, it ends at the time limit."""
        return self.watched(request)

    def watched(self, request: Request, writing: Writing | None = None) -> Response | Failure:
        """Send one request once, and report when it is about to be written."""
        with self._calls.call(writing) as call, self._watchdog.watching(call, self._timeout) as deadline:
            outcome = self._tried(request, deadline)
        # Whatever a shut socket looked like: an answer without a length seems whole.
        return Failure(call.cut_as, call.cut, arrived=call.written) if call.cut else outcome

    def abort(self) -> None:
        """Shut every connection under way; no later call is sent. What was written may have arrived."""
        self._calls.end("the run was stopped before the response arrived")

    def _tried(self, request: Request, deadline: float) -> Response | Failure:
        try:
            return self._exchange(request, deadline)
        except _Unreadable:
            return Failure("unreachable", "the file to upload can no longer be read", arrived=False)
        except _TooLarge:
            return Failure("too_large", f"the reply is larger than {MAXIMUM_BYTES:,} bytes", arrived=True)
        except _TooSlow:
            return Failure("timeout", f"the reply took longer than {self._timeout:g} s", arrived=True)
        except (requests.RequestException, HTTPError, OSError, ValueError, TypeError) as error:
            if isinstance(self._verify, str) and not Path(self._verify).exists():
                reason = f"{self._trusted_by} names a file that is not there: {self._verify}"
                return Failure("tls", reason, arrived=False)
            return _failure(error, self._timeout, has_proxy=bool(self._proxies))

    def close(self) -> None:
        """Close every connection."""
        self._watchdog.close()
        self._session.close()

    def __enter__(self) -> HttpSend:  # noqa: PYI034 - Self needs Python 3.11
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _exchange(self, request: Request, deadline: float) -> Response | Failure:
        prepared = self._prepare(request)
        # Not the session's own way: that reads the body of a redirect whole, and its address, to no use.
        reply = self._session.get_adapter(prepared.url or "").send(
            prepared,
            stream=True,
            timeout=(min(CONNECT_SECONDS, self._timeout), self._timeout),
            verify=self._verify,
            proxies=self._proxies,
            cert=None,
        )
        try:
            content = _content(reply.raw, deadline)
            if time.monotonic() > deadline:  # the end may be that of the connection, which the watchdog shut
                raise _TooSlow
        finally:
            reply.close()
        if reply.status_code < 200:  # noqa: PLR2004 - an interim status
            # The final answer may come yet: no later request may read it as its own.
            self._session.close()
            return Failure("broken", f"answered {reply.status_code}, which is not a final status", arrived=True)
        return self._understand(reply, content, later=request.decoded_later)

    def _prepare(self, request: Request) -> requests.PreparedRequest:
        prepared = self._template(request.method).copy()
        prepared.url = self._base_url + request.target
        if request.upload is not None:
            fields = {**(request.body or {}), "file": (request.upload.name, _file(request.upload))}
            prepared.body, prepared.headers["Content-Type"] = encode_multipart_formdata(fields)
            prepared.headers["Content-Length"] = str(len(prepared.body))
        elif request.body is not None:
            prepared.body = dumps(request.body)
            prepared.headers["Content-Type"] = "application/json"
            prepared.headers["Content-Length"] = str(len(prepared.body))
        elif request.method in {"POST", "PUT", "PATCH"}:
            prepared.headers["Content-Length"] = "0"
        return self._auth(prepared)

    def _template(self, method: str) -> requests.PreparedRequest:
        """Return a request of this method prepared once, without its key: copying it costs a fifth of preparing."""
        with self._lock:
            if method not in self._templates:
                self._templates[method] = self._session.prepare_request(requests.Request(method, self._base_url))
                self._templates[method].headers.pop("Content-Length", None)
            return self._templates[method]

    def _understand(self, reply: requests.Response, content: bytes, *, later: bool) -> Response | Failure:
        headers = {name.lower(): self._key.redact(value) for name, value in reply.raw.headers.itermerged()}
        if reply.status_code == _PARTIAL or 300 <= reply.status_code < 400:  # noqa: PLR2004 - the range of redirects
            return _not_followed(reply.status_code)
        if reply.status_code == _PROXY_REFUSES and self._proxies:
            return _PROXY_AUTHENTICATION
        if _holds_too_much(content):
            raise _TooLarge
        if reply.status_code < 300 and later and len(content) > _SOON_DECODED:  # noqa: PLR2004 - the range of success
            return Response(reply.status_code, Undecoded(content), headers)
        decoded, body = decode(content)
        if decoded:
            # An error may echo what was sent, in any of JSON's ways to write it: what was read is looked at.
            is_page = reply.status_code < 300 and len(content) > _SOON_DECODED  # noqa: PLR2004 - as above
            return Response(reply.status_code, body if is_page else _without(self._written, body), headers)
        text = _without(self._written, content.decode("utf-8", "replace"))[:_TEXT_KEPT]
        if reply.status_code < 300:  # noqa: PLR2004 - as above
            kind = headers.get("content-type", "no content type")
            damaged = _damaged(content)
            reason = damaged or f"with {kind} that is not JSON"
            return Failure(
                "not_utf8" if damaged else "not_json", f"answered {reply.status_code} {reason}", arrived=True
            )
        return Response(reply.status_code, text, headers)


def _not_followed(status: int) -> Failure:
    """Return the failure of an answer that is a part of one, or leads to another place."""
    if status == _PARTIAL:
        return Failure("broken", f"answered {status}, a part of the response", arrived=True)
    return Failure("redirected", f"answered {status}, which is never followed", arrived=True)


def _damaged(content: bytes) -> str:
    """Return what is wrong with an answer that would be JSON if each byte of it were UTF-8; nothing for any other."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        if not decode(content.decode("utf-8", "replace").encode())[0]:
            return ""
        ids = _ID.findall(content[: error.start])
        near = f", at or after the id {ids[-1].decode()}," if ids else ""
        place = f"byte {error.start + 1:,} of {len(content):,}{near} is not UTF-8"
        return f"with JSON in which {place}: correct that text in Custify, or report it to Custify"
    return ""


_ID = re.compile(rb'"_?id"\s*:\s*"([0-9a-fA-F]{24})"')


def _holds_too_much(content: bytes) -> bool:
    """Return whether an answer holds so many values that reading it would take many times its size in memory."""
    return len(content) > MOST_VALUES and content.count(b"{") + content.count(b"[") > MOST_VALUES


def _without(written: tuple[Secret, ...], body: Json) -> Json:
    """Return a value without the key, in whatever way it is written in it."""
    if all(redacted(written, text) == text for text in _texts(body)):
        return body
    try:
        return _rewritten(written, body)
    except RecursionError:
        return "an answer that has the key in it"


def _texts(body: Json) -> Iterator[str]:
    left = [body]  # not a recursion: a value may be nested as deeply as the parser goes
    while left:
        item = left.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):
            left += (*item, *item.values())
        elif isinstance(item, list):
            left += item


def _rewritten(written: tuple[Secret, ...], body: Json) -> Json:
    if isinstance(body, str):
        return redacted(written, body)
    if isinstance(body, dict):
        return {redacted(written, name): _rewritten(written, value) for name, value in body.items()}
    return [_rewritten(written, value) for value in body] if isinstance(body, list) else body


def _ways_to_write(key: Secret) -> tuple[Secret, ...]:
    text = key.reveal()
    escaped = dumps(text).decode()[1:-1]
    ways = (text, escaped, escaped.replace("/", "\\/"), quote(text, safe=""), quote(text), html.escape(text))
    in_hex = text.encode().hex()
    return tuple(map(Secret, dict.fromkeys((*ways, *_in_base64(text.encode()), in_hex, in_hex.upper()))))


def _in_base64(key: bytes) -> Iterator[str]:
    """Yield what base64 makes of a key, wherever it stands in a longer text: each three bytes become four letters.

    The letters at both ends have a part of what stands beside the key. A key of few letters is not looked for so.
    """
    for before in range(3):
        written = b64encode(bytes(before) + key)
        whole = written[-(-before * 8 // 6) : (before + len(key)) * 8 // 6]
        if len(whole) >= _LONG_ENOUGH:
            yield whole.decode()
            yield whole.translate(bytes.maketrans(b"+/", b"-_")).decode()


_LONG_ENOUGH = 8


def _trusted() -> tuple[str, str | bool]:
    """Return the variable that names the certificates to trust, and their file; True for the usual ones."""
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return next(((name, os.environ[name]) for name in names if os.environ.get(name)), ("", True))


def _session(connections: int) -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    adapter = Adapter(pool_connections=1, pool_maxsize=connections, max_retries=Retry(0, read=False))
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    session.headers.update({"Accept": "application/json", "User-Agent": f"custify-connector/{__version__}"})
    return session


def _file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise _Unreadable from None


def _content(raw: _RawBody, deadline: float) -> bytes:
    """Read a body whole, in pieces, so that neither its size nor a trickle goes past its bound."""
    pieces: list[bytes] = []
    size = 0
    # The library copies each piece twice to unpack it, also where nothing is packed.
    packed = raw.headers.get("content-encoding", "")
    if "," in packed:
        # Packed twice, a few thousand bytes become gigabytes before they can be counted.
        raise _TooLarge
    while piece := raw.read1(_PIECE, decode_content=bool(packed)):
        pieces.append(piece)
        size += len(piece)
        if size > MAXIMUM_BYTES:
            raise _TooLarge
        if time.monotonic() > deadline:
            raise _TooSlow
    return b"".join(pieces)


def _failure(error: Exception, timeout: float, *, has_proxy: bool) -> Failure:
    """Translate a library's exception; its own text is never shown, since it may quote a request."""
    cause = _cause(error)
    if isinstance(error, requests.exceptions.SSLError) and not _while_connecting(error):
        return Failure("broken", "the TLS connection broke after the request was sent", arrived=True)
    is_unusable = has_proxy and isinstance(error, (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema))
    if is_unusable or isinstance(error, requests.exceptions.ProxyError):
        return _PROXY_URL if is_unusable else _proxy_failure(cause)
    for kinds, failure in _FAILURES:
        if isinstance(error, kinds) or isinstance(cause, kinds):
            return failure
    if isinstance(error, (requests.exceptions.Timeout, ReadTimeoutError)):
        return Failure("timeout", f"no response within {timeout:g} s", arrived=True)
    if isinstance(error, (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError, HTTPError)):
        return Failure("broken", "the connection broke before the whole response arrived", arrived=True)
    return Failure("unreachable", f"the request could not be made ({type(error).__name__})", arrived=False)


_FAILURES: tuple[tuple[type[Exception], Failure], ...] = (
    (requests.exceptions.SSLError, Failure("tls", "the TLS connection cannot be trusted", arrived=False)),
    (requests.exceptions.ConnectTimeout, Failure("timeout", "no connection within the time limit", arrived=False)),
    (LocationValueError, Failure("unreachable", "the API URL has no valid host name", arrived=False)),
    (NameResolutionError, Failure("unreachable", "the host name cannot be resolved", arrived=False)),
    (NewConnectionError, Failure("unreachable", "the connection was refused", arrived=False)),
)


def _while_connecting(error: BaseException) -> bool:
    """Return whether a TLS error is from before anything was sent; the libraries tell neither by type nor by text."""
    reasons: list[object] = [error]
    for reason in reasons:
        if isinstance(reason, BaseException):
            if any(frame.f_code.co_name == "connect" for frame, _ in walk_tb(reason.__traceback__)):
                return True
            inner = (getattr(reason, "reason", None), *reason.args[:1], reason.__cause__)
            reasons += [one for one in inner if not any(one is known for known in reasons)]
    return False


_PARTIAL, _PROXY_REFUSES = 206, 407
_PROXY_AUTHENTICATION = Failure(
    "proxy", "the proxy asks for a name and a password (407): write them into its URL, http://name:password@host:port",
    arrived=False,
)  # fmt: skip
_PROXY_URL = Failure("proxy", "the proxy's URL cannot be used: write http://host:port", arrived=False)
_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")


def _proxy_failure(cause: object) -> Failure:
    """Return what a proxy did: it asks for a password, refuses the connection, or is not there."""
    inner = getattr(cause, "original_error", cause)
    refused = _TUNNEL.search(str(inner))
    if refused is None:
        return Failure("unreachable", "the proxy cannot be reached", arrived=False)
    if int(refused[1]) == _PROXY_REFUSES:
        return _PROXY_AUTHENTICATION
    return Failure("unreachable", f"the proxy did not connect to Custify: it answered {refused[1]}", arrived=False)


def _cause(error: Exception) -> object:
    """Return the innermost reason that urllib3 wrapped."""
    inner: object = error.args[0] if error.args else error
    return getattr(inner, "reason", inner)

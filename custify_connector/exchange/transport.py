"""`Send` over requests: the only network, and the only place that reveals the key.

Every exception of the library ends here and becomes a `Failure`. Does not retry, pace, follow redirects or judge.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from traceback import walk_tb
from typing import Protocol

import requests
from requests.auth import AuthBase
from requests.utils import get_environ_proxies
from urllib3.exceptions import HTTPError, LocationValueError, NameResolutionError, NewConnectionError, ReadTimeoutError
from urllib3.filepost import encode_multipart_formdata
from urllib3.util import Retry

from custify_connector import __version__
from custify_connector.checking.json_values import dumps
from custify_connector.checking.secret import Secret
from custify_connector.exchange.connections import Adapter, Calls
from custify_connector.exchange.credential import Credential
from custify_connector.exchange.wire import Failure, Request, Response, Undecoded, Writing, decode

MAXIMUM_BYTES = 64_000_000
"""No reply may be larger, unpacked: a page of 200 records is a quarter of a megabyte."""

CONNECT_SECONDS = 10.0
_PIECE = 262_144
_SOON_DECODED = 8_192
"""So few bytes are decoded at once, whoever takes them."""

_TEXT_KEPT = 500


class _Bearer(AuthBase):
    """Sets the key on a request that is about to be sent, and nowhere else."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def __call__(self, prepared: requests.PreparedRequest) -> requests.PreparedRequest:
        prepared.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        return prepared


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
        self._auth = _Bearer(credential.key)
        self._timeout = timeout_seconds
        self._session = _session(connections)
        # Read once: asking the environment for each request costs a seventh of the whole call, and lets a netrc
        # entry replace the key.
        self._proxies = get_environ_proxies(credential.base_url)
        self._verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
        self._templates: dict[str, requests.PreparedRequest] = {}
        self._lock = threading.Lock()
        self._calls = Calls()

    def __call__(self, request: Request) -> Response | Failure:
        """Send one request once."""
        return self.watched(request)

    def watched(self, request: Request, writing: Writing | None = None) -> Response | Failure:
        """Send one request once, and report when it is about to be written."""
        with self._calls.call(writing) as call:
            outcome = self._outcome(request)
        # Whatever a shut socket looked like: an answer without a length seems whole.
        return Failure("broken", call.cut, arrived=call.written) if call.cut else outcome

    def abort(self) -> None:
        """Shut every connection under way; no later call is sent. What was written may have arrived."""
        self._calls.end("the run was ended before the answer came")

    def _outcome(self, request: Request) -> Response | Failure:
        deadline = time.monotonic() + self._timeout
        try:
            return self._exchange(request, deadline)
        except _Unreadable:
            return Failure("unreachable", "the file to upload cannot be read any more", arrived=False)
        except _TooLarge:
            return Failure("too_large", f"the reply is larger than {MAXIMUM_BYTES:,} bytes", arrived=True)
        except _TooSlow:
            return Failure("timeout", f"the reply took longer than {self._timeout:g} s", arrived=True)
        except (requests.RequestException, HTTPError, OSError, ValueError, TypeError) as error:
            return _failure(error, self._timeout)

    def close(self) -> None:
        """Close every connection."""
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
        finally:
            reply.close()
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
        if 300 <= reply.status_code < 400:  # noqa: PLR2004 - the range of redirects
            return Failure("redirected", f"answered {reply.status_code}, which is never followed", arrived=True)
        if reply.status_code >= 400:  # noqa: PLR2004 - the range of errors, which may echo what was sent
            content = self._key.redact(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        elif later and len(content) > _SOON_DECODED:
            return Response(reply.status_code, Undecoded(content), headers)
        decoded, body = decode(content)
        if decoded:
            return Response(reply.status_code, body, headers)
        text = content.decode("utf-8", "replace")[:_TEXT_KEPT]
        if reply.status_code < 300:  # noqa: PLR2004 - the same
            kind = headers.get("content-type", "no content type")
            return Failure("not_json", f"answered {reply.status_code} with {kind} that is no JSON", arrived=True)
        return Response(reply.status_code, text, headers)


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
    packed = "content-encoding" in raw.headers
    while piece := raw.read1(_PIECE, decode_content=packed):
        pieces.append(piece)
        size += len(piece)
        if size > MAXIMUM_BYTES:
            raise _TooLarge
        if time.monotonic() > deadline:
            raise _TooSlow
    return b"".join(pieces)


def _failure(error: Exception, timeout: float) -> Failure:
    """Translate a library's exception; its own text is never shown, since it may quote a request."""
    cause = _cause(error)
    if isinstance(error, requests.exceptions.SSLError) and not _while_connecting(error):
        return Failure("broken", "the TLS connection broke after the request was sent", arrived=True)
    for kinds, failure in _FAILURES:
        if isinstance(error, kinds) or isinstance(cause, kinds):
            return failure
    if isinstance(error, (requests.exceptions.Timeout, ReadTimeoutError)):
        return Failure("timeout", f"no answer within {timeout:g} s", arrived=True)
    if isinstance(error, (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError, HTTPError)):
        return Failure("broken", "the connection broke before the whole answer was there", arrived=True)
    return Failure("unreachable", f"the request could not be made ({type(error).__name__})", arrived=False)


_FAILURES: tuple[tuple[type[Exception], Failure], ...] = (
    (requests.exceptions.SSLError, Failure("tls", "the TLS connection cannot be trusted", arrived=False)),
    (requests.exceptions.ConnectTimeout, Failure("timeout", "no connection within the time limit", arrived=False)),
    (requests.exceptions.ProxyError, Failure("unreachable", "the proxy cannot be reached", arrived=False)),
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


def _cause(error: Exception) -> object:
    """Return the innermost reason that urllib3 wrapped."""
    inner: object = error.args[0] if error.args else error
    return getattr(inner, "reason", inner)

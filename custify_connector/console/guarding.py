"""Who may ask this console for something: the browser that was opened with the one-time token, and no other page.

Pure but for the token, which is spent. Decides on the head of a request; it does not know what is asked for.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every answer carries: no script or style but our own files, no other page around it or beside it."""

_ADDRESS = re.compile(r"""(?:\b(?:href|src|action|formaction|hx-get|data-keep)="|content="0; url=)/""")
_READING = frozenset({"GET", "HEAD"})
_OWN_SITE = frozenset({"", "none", "same-origin"})


@dataclass(frozen=True)
class Head:
    """The head of a request, as far as it says who asks; what was not sent is empty."""

    method: str
    host: str
    origin: str = ""
    site: str = ""
    mode: str = ""
    cookie: str = ""
    token: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why a request is refused, with the HTTP status."""

    status: int
    reason: str


@dataclass
class Gate:
    """What the console of one process knows its browser by."""

    port: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    session: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    prefix: str = field(default_factory=lambda: f"/{secrets.token_urlsafe(16)}", repr=False)
    spent: bool = False

    def inner(self, path: str) -> str | None:
        """Return a path below the prefix as the screens know it; None for one that is not there.

        Cookies of one host go to all of its ports. That of this console is for paths below its prefix, which no other
        server can know: a browser never sends it there.
        """
        first, slash, rest = path.removeprefix("/").partition("/")
        return f"/{rest}" if slash and _same(f"/{first}", self.prefix) else None

    def placed(self, path: str) -> str:
        """Return a path of a screen as the browser asks for it."""
        return f"{self.prefix}{path}" if path.startswith("/") else path

    def page(self, text: str) -> str:
        """Return a page whose addresses are below the prefix; within what it shows, no quotation mark is bare."""
        return _ADDRESS.sub(lambda found: f"{found[0][:-1]}{self.prefix}/", text)

    @property
    def cookie_name(self) -> str:
        """The cookie's name, by which two consoles of one browser differ."""
        return f"custify_console_{self.port}"

    @property
    def form_token(self) -> str:
        """What each form of this session sends along, so that no other page can send it."""
        return hmac.new(self.session.encode(), b"form", hashlib.sha256).hexdigest()

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names under which the console is asked; any other was made to point here by a third party."""
        return (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    def opens(self, head: Head) -> bool:
        """Take the one-time token, once; a request that would only look does not spend it."""
        right = head.method == "GET" and bool(head.token) and _same(head.token, self.token)
        if not right or self.spent:
            return False
        self.spent = True
        return True

    def accepts_form(self, token: str) -> bool:
        """Say whether a form was made by this session."""
        return _same(token, self.form_token)


def refusal_of_place(head: Head, gate: Gate) -> Refusal | None:
    """Say why a request cannot be answered at all: it is for another host, or comes from another page."""
    if head.host not in gate.hosts:
        return Refusal(421, "This console answers on loopback alone, under the address that it printed.")
    if head.origin and head.origin not in {f"http://{host}" for host in gate.hosts if host == head.host}:
        return Refusal(403, "Another page asked for this; only the console's own pages may.")
    if head.site not in _OWN_SITE and not (head.method in _READING and head.mode == "navigate"):
        return Refusal(403, "Another page asked for this; only the console's own pages may.")
    if head.method not in _READING and not head.origin and head.site != "same-origin":
        return Refusal(403, "It is not known which page sent this; use a current browser.")
    return None


def refusal_of_stranger(head: Head, gate: Gate) -> Refusal | None:
    """Say why a request cannot be answered for who asks: it has no session."""
    if head.cookie and _same(head.cookie, gate.session):
        return None
    if head.token:
        return Refusal(403, "This link was used already, or is of another run. Start the console again for a new one.")
    return Refusal(403, "Open the console with the link that the command printed; it works once.")


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "surrogateescape"), other.encode())

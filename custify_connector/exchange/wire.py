"""What travels: a request, and its result. `Send` is all that the rest knows of a network.

A `Request` holds no key, so a printed, logged or planned one cannot leak it. This file does not know HTTP libraries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

from custify_connector.checking import json_values
from custify_connector.checking.texts import Json

FailureKind = Literal[
    "unreachable",
    "tls",
    "timeout",
    "broken",
    "not_json",
    "not_utf8",
    "too_large",
    "redirected",
    "no_budget",
    "not_recorded",
    "proxy",
]


@dataclass(frozen=True)
class Request:
    """One call: `path` is percent-encoded and relative to the base URL, `body` is a JSON value or None for no body.

    With an `upload`, the body is a form: that file, and the fields of `body`. An answer to one that is
    `decoded_later` may come `Undecoded`; nothing else is changed by that. To decode pages where they are taken, and
    not on the threads that ask, saves a tenth of a read's processor seconds.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Json = None
    upload: Path | None = None
    decoded_later: bool = field(default=False, compare=False)

    @property
    def target(self) -> str:
        """Path and query as they are sent."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def as_mapping(self) -> dict[str, Any]:
        """Return the request as a dry run shows it."""
        shown: dict[str, Any] = {"method": self.method, "path": self.target}
        if self.body is not None:
            shown["body"] = self.body
        return {**shown, "upload": str(self.upload)} if self.upload else shown


@dataclass(frozen=True)
class Undecoded:
    """The bytes of a successful answer to a request that is `decoded_later`; they may turn out to be no JSON."""

    content: bytes = field(repr=False)


def decode(content: bytes) -> tuple[bool, Json]:
    """Return whether the bytes of an answer are JSON, and their value; no content is null."""
    text = content.removeprefix(b"\xef\xbb\xbf")
    if not text.strip():
        return True, None
    try:
        return True, json_values.loads(text)
    except ValueError:
        return False, None


_DATE = re.compile(r"[A-Za-z]{3}, \d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d(?: (?:GMT|UTC|[+-]\d{4}))?(?!\d)", re.ASCII)


def http_date(text: str | None) -> datetime | None:
    """Return the moment of an HTTP date, in UTC where it names no zone; the first where it was sent twice.

    None for what is not a date (RFC 9110, section 5.6.7).
    """
    text = (text or "").strip()
    first = _DATE.match(text)
    try:
        moment = parsedate_to_datetime(first[0] if first else text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


@dataclass(frozen=True)
class Response:
    """An HTTP answer: header names in lower case; `body` the JSON value, None when empty, text when it was no JSON.

    After a request that is `decoded_later`, it may be `Undecoded`.
    """

    status: int
    body: Json = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the status is a success; Custify's clients have seen 200, 201 and 202 for one."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the range of success, as HTTP defines it


@dataclass(frozen=True)
class Failure:
    """No usable answer. `arrived` is False only when the service certainly did not get the request."""

    kind: FailureKind
    message: str
    arrived: bool


Send = Callable[[Request], "Response | Failure"]

Writing = Callable[[bool], None]
"""Is called when the first byte of a request is about to be written; says whether its connection is a new one."""

Watched = Callable[[Request, Writing], "Response | Failure"]
"""What a `Send` may have as its `watched`: it sends, too, and reports when it writes."""

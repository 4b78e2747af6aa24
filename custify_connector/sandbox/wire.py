"""The values of HTTP: a request as it came, a reply as it will go, and the manner in which it is delivered.

Decided here: how bytes become a request and a reply becomes bytes. This file does not know sockets or Custify.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal
from urllib.parse import parse_qsl, unquote

from .refusals import reason

JSON = "application/json; charset=utf-8"
Query = dict[str, list[str]]
Manner = Literal["whole", "cut", "reset", "trickle", "endless"]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Request:
    """One request: `path` decoded and without the query, header names in lower case, `body` as sent."""

    method: str
    path: str
    query: Query
    headers: dict[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Reply:
    """One answer: status, body and the headers beside type and length."""

    status: int = 200
    body: bytes = b"{}"
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Delivery:
    """How a reply goes out: after `delay` seconds, `spread` over seconds (trickle), up to `size` bytes (endless)."""

    reply: Reply
    manner: Manner = "whole"
    delay: float = 0.0
    spread: float = 0.0
    size: int = 0


def parse_head(head: bytes) -> Request:
    """Read request line and headers, without the blank line; ValueError when they are not HTTP."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    path, _, query = target.partition("?")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(method, unquote(path) if "%" in path else path, parse_query(query), headers)


def parse_query(text: str) -> Query:
    """Return the values of every name in a query string, in the order sent."""
    query: Query = {}
    for name, value in _pairs(text):
        query.setdefault(name, []).append(value)
    return query


@lru_cache(maxsize=4096)
def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(parse_qsl(text, keep_blank_values=True))


def head_of(reply: Reply, length: int, *, close: bool = False) -> bytes:
    """Return status line and headers of a reply whose body has `length` bytes, blank line included."""
    lines = [f"HTTP/1.1 {reply.status} {reason(reply.status)}\r\n", f"Date: {http_date(int(time.time()))}\r\n"]
    lines.append(f"Content-Type: {reply.content_type}\r\nContent-Length: {length}\r\n")
    lines.extend(f"{name}: {value}\r\n" for name, value in reply.headers)
    lines.append("Connection: close\r\n\r\n" if close else "\r\n")
    return "".join(lines).encode("latin-1")


@lru_cache(maxsize=16)
def http_date(seconds: int) -> str:
    """Return a time, in seconds since 1970, the way HTTP writes it."""
    at = time.gmtime(seconds)
    day, month = _DAYS[at.tm_wday], _MONTHS[at.tm_mon - 1]
    return f"{day}, {at.tm_mday:02} {month} {at.tm_year} {at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02} GMT"

"""How records are wrapped in a reply: one function for each word of the manifest's `envelope`.

Pure. Decides what in a reply is a record, and what is not a reply of this kind at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from custify_connector.checking.texts import Json
from custify_connector.manifest import Envelope

Record = dict[str, Any]

_ALTERNATIVE_KEYS = ("data", "items")
"""Names that Custify's own client tolerates for the list of records, although no reply was seen to use them."""


@dataclass(frozen=True)
class Unwrapped:
    """The records of one reply, in order, and how many the service says there are in all (None: it did not say)."""

    records: list[Record]
    total: int | None = None


def unwrap(body: Json, envelope: Envelope, path: tuple[str, ...]) -> Unwrapped | None:
    """Return what a successful reply holds; None when it is not wrapped as the manifest says.

    Nothing at all (`{}`, `[]`, an empty body) is no records.
    """
    if body is None or body in ([], {}):
        return Unwrapped([])
    return _ENVELOPES[envelope](body, path)


def _page(body: Json, path: tuple[str, ...]) -> Unwrapped | None:
    """Take `{"people": [...], "total": n}`, also with an array of one around it (Custify's docs are silent on it)."""
    page = body[0] if isinstance(body, list) and len(body) == 1 else body
    if not isinstance(page, dict):
        return None
    holder, name = _descend(page, path)
    found = next((holder[key] for key in (name, *_ALTERNATIVE_KEYS) if isinstance(holder.get(key), list)), None)
    if found is None:
        return Unwrapped([]) if name in holder and holder[name] is None else None
    return _records(found, _total(page.get("total")))


def _descend(page: Record, path: tuple[str, ...]) -> tuple[Record, str]:
    for key in path[:-1]:
        inner = page.get(key)
        page = inner if isinstance(inner, dict) else {}
    return page, path[-1] if path else ""


def _record(body: Json, _path: tuple[str, ...]) -> Unwrapped | None:
    return Unwrapped([body], 1) if isinstance(body, dict) else None


def _list(body: Json, _path: tuple[str, ...]) -> Unwrapped | None:
    """Take a bare list; a single record in its place is a list of one."""
    return Unwrapped([body]) if isinstance(body, dict) else _records(body, None)


def _page_or_record(body: Json, path: tuple[str, ...]) -> Unwrapped | None:
    """Take a page; where its key is missing, the body is the one record (Custify's docs, Deals)."""
    page = _page(body, path)
    if page is not None or not isinstance(body, dict) or ("total" in body and len(body) == 1):
        return page
    return Unwrapped([body])


def _by_type(body: Json, _path: tuple[str, ...]) -> Unwrapped | None:
    """Take an object of lists, such as custom data keyed by its type."""
    if not isinstance(body, dict) or not all(isinstance(records, list) for records in body.values()):
        return None
    return _records([record for records in body.values() for record in records], None)


_ENVELOPES: dict[Envelope, Callable[[Json, tuple[str, ...]], Unwrapped | None]] = {
    "page": _page,
    "record": _record,
    "list": _list,
    "page_or_record": _page_or_record,
    "by_type": _by_type,
}


def _records(found: Json, total: int | None) -> Unwrapped | None:
    if not isinstance(found, list) or not set(map(type, found)) <= {dict}:
        return None
    return Unwrapped(found, total)


def _total(value: Json) -> int | None:
    """Return a usable total; anything but a count is no total."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

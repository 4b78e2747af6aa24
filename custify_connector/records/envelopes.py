"""How records are wrapped in a reply: one function for each word of the manifest's `envelope`.

Pure. Decides what in a reply is a record, and what is not a reply of this kind at all: an error that comes with the
status of a success must never be taken for an empty list, or for a record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import filterfalse
from typing import Any

from custify_connector.checking.identity import field_value
from custify_connector.checking.texts import Json
from custify_connector.manifest import Alternatives, Envelope

Record = dict[str, Any]

_ALTERNATIVE_KEYS = ("data", "items")
"""Names that Custify's own client tolerates for the list of records, although no reply was seen to use them."""


@dataclass(frozen=True)
class Unwrapped:
    """The records of one reply, in order, and how many the service says there are in all (None: it did not say)."""

    records: list[Record]
    total: int | None = None


_ERROR_WORDS = frozenset({"error", "errors", "message", "statusCode", "status_code"})
"""Fields of an error body, as Custify's clients have met them. A record may have such a field beside its key."""

_BESIDE_AN_ERROR = _ERROR_WORDS | {
    "code",
    "detail",
    "details",
    "ok",
    "path",
    "requestId",
    "status",
    "success",
    "timestamp",
}
"""All that an error body holds: where no key is known, an object with other fields is a record."""


def unwrap(body: Json, envelope: Envelope, path: tuple[str, ...], key: Alternatives = ()) -> Unwrapped | None:
    """Return what a successful reply holds; None when it is not wrapped as the manifest says, or is an error.

    An empty body and `[]` are not records, and so is `{}` where a list of any types is expected. `key` holds the fields
    that name a record: an object in place of the list is a record only if it has one of them.
    """
    if body is None or body == []:
        return Unwrapped([])
    found = _ENVELOPES[envelope](body, path)
    if found is None or any(_is_error(record, key) for record in filterfalse(_ERROR_WORDS.isdisjoint, found.records)):
        return None
    stands_alone = envelope != "page" and len(found.records) == 1 and found.records[0] is body
    return None if stands_alone and not _is_record(found.records[0], key) else found


def _is_error(record: Record, key: Alternatives) -> bool:
    if not any(record.get(word) for word in _ERROR_WORDS):
        return False
    return not _is_record(record, key) if key else _BESIDE_AN_ERROR.issuperset(record)


def _is_record(record: Record, key: Alternatives) -> bool:
    """Return whether a record has a field that names it; without a key to look for, whether it holds anything."""
    fields = {field for fields in key for field in fields}
    if not fields:
        return bool(record)
    return any(field_value(record, field) not in (None, "") for field in (*fields, "_id"))


def _page(body: Json, path: tuple[str, ...]) -> Unwrapped | None:
    """Take `{"people": [...], "total": n}`, also with an array of one around it (Custify's docs are silent on it).

    Without a list, only a total of 0 says that there are no records.
    """
    page = body[0] if isinstance(body, list) and len(body) == 1 else body
    if not isinstance(page, dict):
        return None
    holder, name = _descend(page, path)
    total = _total(page.get("total"))
    found = next((holder[key] for key in (name, *_ALTERNATIVE_KEYS) if isinstance(holder.get(key), list)), None)
    if found is None:
        is_none = holder.get(name) is None and total == 0 and not any(map(page.get, _ERROR_WORDS))
        return Unwrapped([], 0) if is_none else None
    if not found and any(map(page.get, ("error", "errors"))):
        return None
    return _records(found, total)


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
    if page is not None or not isinstance(body, dict) or any(name in body for name in path[-1:]):
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
    """Return a usable total; anything but a count is not a total."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

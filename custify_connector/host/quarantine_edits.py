"""Changes of quarantined records: one for many at once, those of a table that came back, or one record by itself.

Pure but for the file that is written again. It does not know why a record was refused.
"""

from __future__ import annotations

import copy
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from custify_connector.checking.json_values import dumps
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.quarantine import record_of
from custify_connector.host.quarantine_index import Lines, content_of, mark_of, rewrite
from custify_connector.host.quarantine_table import Typing, corrected, typed
from custify_connector.host.rows import Table

_DOT = re.compile(r"(?<!\\)[.]")
_ABSENT = object()


@dataclass(frozen=True)
class Edit:
    """What is done to a field: `set` it to `value`, `replace` the text `old` in it by `value`, or `drop` it.

    `field` is a column of the record, or a dotted path in it; `companies[].company_id` is a field of each in a list.
    """

    kind: Literal["set", "replace", "drop"]
    field: str
    value: str = ""
    old: str = ""

    def refuse(self) -> None:
        """Raise ConfigurationError for an edit that says too little."""
        if not self.field.strip():
            raise ConfigurationError((Fault("field", "name the field to change"),))
        if self.kind == "replace" and not self.old:
            raise ConfigurationError((Fault("old", "give the text that is to be replaced"),))


def edited(record: Mapping[str, Any], edit: Edit) -> dict[str, Any]:
    """Return a record after an edit.

    >>> edited({"plan": "Gold"}, Edit("replace", "plan", "gold", "Gold")), edited({"a": {"b": 1}}, Edit("drop", "a.b"))
    ({'plan': 'gold'}, {'a': {}})
    """
    changed: dict[str, Any] = copy.deepcopy(dict(record))
    for holder, name in list(_places(changed, edit.field, make=edit.kind == "set")):
        before = holder.get(name, _ABSENT)
        if edit.kind == "set":
            holder[name] = typed(edit.value, None if before is _ABSENT else before)
        elif before is not _ABSENT and edit.kind == "drop":
            del holder[name]
        elif before is not _ABSENT:
            holder[name] = _replaced(before, edit)
    return changed


def _replaced(before: Any, edit: Edit) -> Any:  # noqa: ANN401 - any JSON value
    text = before if isinstance(before, str) else dumps(before).decode()
    return typed(text.replace(edit.old, edit.value), before) if edit.old in text else before


def _places(record: dict[str, Any], field: str, *, make: bool) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield the objects that hold a field, each with the field's name there."""
    if field in record:
        yield record, field
        return
    first, *rest = _DOT.split(field, maxsplit=1)
    name = re.sub(r"\\(.)", r"\1", first)
    if not rest:
        yield record, name
    elif name.endswith("[]"):
        inner = record.get(name[:-2])
        for each in inner if isinstance(inner, list) else ():
            if isinstance(each, dict):
                yield from _places(each, rest[0], make=make)
    else:
        inner = record.setdefault(name, {}) if make else record.get(name)
        if isinstance(inner, dict):
            yield from _places(inner, rest[0], make=make)


def apply(path: Path, numbers: Iterable[int] | None, edit: Edit, typing: Typing) -> int:
    """Edit the records on some lines of a quarantine, all where `numbers` is None; returns how many it changed.

    Raises ConfigurationError for an edit that says too little.
    """
    edit.refuse()
    chosen = None if numbers is None else set(numbers)

    def new_record(number: int, content: Mapping[str, Any], before: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if chosen is not None and number not in chosen:
            return None
        record = edited(before, edit)
        return typing.typed(record, content) if record != before else None

    return _rewrite(path, new_record)


def take_table(path: Path, table: Table, lines: Lines, typing: Typing) -> tuple[int, list[str]]:
    """Put the records of a table that was exported in their places; returns how many changed, and what was refused."""
    records: dict[int, Mapping[str, Any]] = {}
    refused: list[str] = []
    for each in corrected(table, lines, typing):
        number = lines.number(each.name)
        if each.record is None or number is None:
            refused.append(each.fault or "")
        elif each.record != record_of(lines[each.name]):
            records[number] = each.record
    return _rewrite(path, lambda number, _content, _before: records.get(number)), refused


def fix(path: Path, number: int, mark: str, record: dict[str, Any]) -> None:
    """Put a corrected record in place of the one on a line; raises ConfigurationError when that has changed."""

    def change(place: int, text: bytes) -> bytes | None:
        if place != number:
            return None
        if mark_of(text) != mark:
            raise ConfigurationError((Fault("record", "was changed by another process: look at it again"),))
        return _changed(content_of(text), record)

    rewrite(path, change)


def _rewrite(
    path: Path, new_record: Callable[[int, Mapping[str, Any], Mapping[str, Any]], Mapping[str, Any] | None]
) -> int:
    count = 0

    def change(number: int, text: bytes) -> bytes | None:
        nonlocal count
        content = content_of(text)
        before = record_of(content)
        record = None if before is None else new_record(number, content, before)
        count += record is not None
        return None if record is None else _changed(content, record)

    rewrite(path, change)
    return count


def _changed(content: Mapping[str, Any], record: Mapping[str, Any]) -> bytes:
    """Return a line with another record, marked as changed since it was rejected; times are in milliseconds."""
    meta = content.get("nexlaMetaData")
    marked = {**(meta if isinstance(meta, Mapping) else {}), "changedTime": int(time.time() * 1000)}
    return dumps({**content, "nexlaMetaData": marked, "rawMessage": record}, newline=True)

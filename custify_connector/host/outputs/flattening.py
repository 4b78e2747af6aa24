"""Nested records as flat rows: objects become columns with dotted names, lists stay one value.

Pure. Decides the name of each column and how many there may be. It does not know files, types or databases.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from custify_connector.host.outputs.stream import Names

_DOTS = re.compile(r"(?<!\\)[.]")
_FIRST = re.compile(r"(?:[^\\.]|\\.)*", re.DOTALL)
_CAPITALS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_SEPARATORS = re.compile(r"[^A-Za-z0-9]+")
_LONGEST = 60
"""PostgreSQL cuts names at 63 bytes; a number may follow."""

_OF_POSTGRES = {"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}

DEPTH = 4
"""Objects that are nested deeper than this stay one value, as JSON."""

MOST_COLUMNS = 1000
"""More columns than this are not made of nested fields: the others stay together, as JSON under the outermost name."""


class Columns:
    """The columns of a table by the path of their field, such as `custom_attributes.plan`.

    Names differ by more than capitals, because databases do not tell those apart: a second `Plan` is `Plan_2`. Where
    they have at most `longest` bytes, the names that PostgreSQL gives to columns of its own are taken as well.
    """

    def __init__(
        self, known: Mapping[str, str] | None = None, names: Names = "dotted", longest: int | None = None
    ) -> None:
        self._is_snake = names == "snake"
        self._longest = longest
        self.names: dict[str, str] = dict(known or {})
        self._met: dict[str, dict[str, str]] = {}
        self._taken = {name.lower() for name in self.names.values()} | (_OF_POSTGRES if longest else set())

    def add(self, path: str) -> str:
        """Return the name of a path's column, a new one where there is none yet."""
        name = self.names.get(path)
        if name is None:
            name = self.names[path] = self._free(path)
            self._taken.add(name.lower())
        return name

    def _free(self, path: str) -> str:
        readable = path.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0") or "_"
        wanted = snake(readable) if self._is_snake else readable
        name, number = self._cut(wanted), 1
        while name.lower() in self._taken:
            number += 1
            name = self._cut(wanted, f"_{number}")
        return name

    def _cut(self, name: str, end: str = "") -> str:
        if self._longest is None:
            return name + end
        return name.encode()[: self._longest - len(end)].decode(errors="ignore") + end

    def row(self, record: Mapping[str, Any]) -> dict[str, Any]:
        r"""Return a record's values by the names of their columns.

        A dot within a name is written `\.`; an empty object is a value.

        >>> Columns().row({"id": "a", "custom_attributes": {"plan": "Gold", "a.b": 1, "tags": []}})
        {'id': 'a', 'custom_attributes.plan': 'Gold', 'custom_attributes.a\\.b': 1, 'custom_attributes.tags': []}
        """
        row: dict[str, Any] = {}
        self._fill(row, record, "", 1)
        return row

    def _fill(self, row: dict[str, Any], fields: Mapping[str, Any], prefix: str, depth: int) -> None:
        # The names of the fields of one object are looked up as they stand: to escape each took twice as long.
        known = self._met.setdefault(prefix, {})
        for name, value in fields.items():
            if value and depth < DEPTH and isinstance(value, dict):
                self._fill(row, value, prefix + _escaped(name) + ".", depth + 1)
            elif name in known:
                row[known[name]] = value
            elif (path := prefix + _escaped(name)) in self.names or len(self.names) < MOST_COLUMNS or not prefix:
                row[self.add(path)] = value
                known[name] = self.names[path]
            else:
                self._keep_together(row, path, value)

    def _keep_together(self, row: dict[str, Any], path: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        outermost = _FIRST.match(path)[0]  # type: ignore[index] # it matches any text
        row.setdefault(self.add(outermost), {})[path[len(outermost) + 1 :]] = value


def snake(path: str) -> str:
    r"""Return a field's path as a name of small letters, digits and underscores; fields within fields have two between.

    >>> snake("custom_attributes.Plan Name"), snake("companyNames"), snake("2nd"), snake("HTTPStatus\\.code")
    ('custom_attributes__plan_name', 'company_names', '_2nd', 'http_status_code')
    """
    parts = (_SEPARATORS.sub("_", _CAPITALS.sub("_", _ascii(part))).lower() for part in _DOTS.split(path))
    name = "__".join(part.strip("_") or "_" for part in parts)[:_LONGEST]
    return f"_{name}" if name[0].isdigit() else name


def _ascii(text: str) -> str:
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace(".", "\\.") if "." in name or "\\" in name else name


def flatten(fields: Mapping[str, Any], prefix: str = "", depth: int = 1) -> Iterator[tuple[str, Any]]:
    r"""Yield every field's path and value, for paths that no column may rename.

    >>> list(flatten({"id": "a", "custom_attributes": {"a.b": 1, "tags": []}}))
    [('id', 'a'), ('custom_attributes.a\\.b', 1), ('custom_attributes.tags', [])]
    """
    for name, value in fields.items():
        if value and depth < DEPTH and isinstance(value, dict):
            yield from flatten(value, prefix + _escaped(name) + ".", depth + 1)
        else:
            yield prefix + _escaped(name), value

"""Nested records as flat rows: objects become columns with dotted names, lists stay one value.

Pure. Decides the name of each column and how many there may be. It does not know files, types or databases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

DEPTH = 4
"""Objects that are nested deeper than this stay one value, as JSON."""

MOST_COLUMNS = 1000
"""More columns than this are not made of nested fields: the others stay together, as JSON under the outermost name."""


class Columns:
    """The columns of a table by the path of their field, such as `custom_attributes.plan`.

    Names differ by more than capitals, because databases do not tell those apart: a second `Plan` is `Plan_2`.
    """

    def __init__(self, known: Mapping[str, str] | None = None) -> None:
        self.names: dict[str, str] = dict(known or {})
        self._taken = {name.lower() for name in self.names.values()}

    def add(self, path: str) -> str:
        """Return the name of a path's column, a new one where there is none yet."""
        name = self.names.get(path)
        if name is None:
            name = self.names[path] = self._free(path)
            self._taken.add(name.lower())
        return name

    def _free(self, path: str) -> str:
        wanted = path.encode("utf-8", "backslashreplace").decode().replace("\0", "\\0") or "_"
        name, number = wanted, 1
        while name.lower() in self._taken:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def row(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record's values by the names of their columns."""
        row: dict[str, Any] = {}
        for path, value in flatten(record):
            if path in self.names or len(self.names) < MOST_COLUMNS or "." not in path:
                row[self.add(path)] = value
            else:
                self._keep_together(row, path, value)
        return row

    def _keep_together(self, row: dict[str, Any], path: str, value: Any) -> None:  # noqa: ANN401 - any JSON value
        outermost, _, rest = path.partition(".")
        row.setdefault(self.add(outermost), {})[rest] = value


def flatten(record: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    r"""Yield every field's path and value. A dot within a name is written `\.`; an empty object is a value.

    >>> list(flatten({"id": "a", "custom_attributes": {"plan": "Gold", "tags": []}}))
    [('id', 'a'), ('custom_attributes.plan', 'Gold'), ('custom_attributes.tags', [])]
    """
    return _flatten(record.items(), "", 1)


def _flatten(items: Iterable[tuple[str, Any]], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in items:
        path = prefix + (name.replace("\\", "\\\\").replace(".", "\\.") if "." in name or "\\" in name else name)
        if isinstance(value, dict) and value and depth < DEPTH:
            yield from _flatten(value.items(), path + ".", depth + 1)
        else:
            yield path, value

"""Records of a source as a destination takes them: without the fields that are read-only, and with links in its form.

Pure. Decides by the destination's schema alone: a field whose schema has `x-read-as` is read under that name, such as
`externalIds.custify`. It does not know endpoints, files or hooks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from custify_connector.checking.json_schema import Schema, compile_record_check
from custify_connector.contract import Batch

if TYPE_CHECKING:
    from custify_connector.host.connectors import Hooks

_NOT_TAKEN = object()


class Writable:
    """Turns records into those of a destination; `left_out` counts the values, by field, that it does not take."""

    def __init__(self, schema: Schema) -> None:
        self._properties: Mapping[str, Schema] = schema.get("properties", {})
        self._meets = {name: compile_record_check(each) for name, each in self._properties.items()}
        self._inner_meets = {
            name: compile_record_check(each["additionalProperties"])
            for name, each in self._properties.items()
            if isinstance(each.get("additionalProperties"), dict)
        }
        self._read_as = {name: each["x-read-as"] for name, each in self._properties.items() if "x-read-as" in each}
        self.left_out: dict[str, int] = {}

    def schema_of(self, source: Schema) -> Schema:
        """Return the schema of the records that are left of a source's."""
        properties = source.get("properties", {})
        known = {name: each for name, each in properties.items() if name in self._properties}
        read = {name: properties.get(path, {}) for name, path in self._read_as.items() if _first(path) in properties}
        return {**source, "properties": {**known, **read}}

    def record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return what the destination takes of a record."""
        record = self._renamed(record)
        taken = {name: self._taken(name, value) for name, value in record.items()}
        for name, value in taken.items():
            if value is _NOT_TAKEN and record[name] is not None:
                self.left_out[name] = self.left_out.get(name, 0) + 1
        return {name: value for name, value in taken.items() if value is not _NOT_TAKEN}

    def _renamed(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a record whose fields have the names under which they are written."""
        found = {name: _inside(record, path) for name, path in self._read_as.items() if name not in record}
        found = {name: value for name, value in found.items() if value is not None}
        moved = {_first(self._read_as[name]) for name in found}
        return {**{name: value for name, value in record.items() if name not in moved}, **found} if found else record

    def _taken(self, name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        schema = self._properties.get(name)
        if schema is None:
            return _NOT_TAKEN
        linked = _linked(value, schema)
        if self._meets[name](linked):
            return linked
        return self._inner(name, linked) if isinstance(linked, dict) and name in self._inner_meets else _NOT_TAKEN

    def _inner(self, name: str, value: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
        """Return a field of fields without those that are not taken."""
        inner = {key: item for key, item in value.items() if self._inner_meets[name](item)}
        if not (inner and self._meets[name](inner)):
            return _NOT_TAKEN
        for path in (f"{name}.{key}" for key in value if key not in inner):
            self.left_out[path] = self.left_out.get(path, 0) + 1
        return inner


def _first(path: str) -> str:
    return path.partition(".")[0]


def _inside(record: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - any JSON value
    value: Any = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _linked(value: Any, schema: Schema) -> Any:  # noqa: ANN401 - any JSON value
    """Return a list of ids as the objects with an id that the destination takes."""
    items = schema.get("items", {})
    if not isinstance(value, list) or "id" not in items.get("properties", {}):
        return value
    return [{"id": item} if isinstance(item, str) else item for item in value]


class WritableHooks:
    """The hooks of a connector whose records come as a destination takes them."""

    def __init__(self, hooks: Hooks, writable: Writable) -> None:
        self._hooks = hooks
        self._writable = writable

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any other hook
        return getattr(self._hooks, name)

    def read_source(
        self, credential: Mapping[str, Any], source: Mapping[str, Any], state: Mapping[str, Any] | None
    ) -> Iterator[Batch]:
        """See the contract."""
        batches = self._hooks.read_source(credential=credential, source=source, state=state)
        return (replace(batch, records=[self._writable.record(each) for each in batch.records]) for batch in batches)

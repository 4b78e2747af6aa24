"""The tables that `custify read` fills, as sources of dbt: their descriptions, keys as tests, and freshness by cursor.

Decides which streams are sources and how old they may be. Names of columns are those of the tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from custify_connector.host.outputs.kinds import descriptions
from custify_connector.host.outputs.stream import Names, Stream
from custify_connector.host.outputs.tables import table_of

_HOURS_UNTIL_WARNING = 36
"""A nightly read that was missed once."""


def sources(description: Mapping[str, Any], schema: str, names: Names, *, undocumented: bool = False) -> dict[str, Any]:
    """Return the content of a `sources.yml`; `schema` is the schema of the database that holds the tables."""
    tables = [
        _table(name, source, names)
        for name, source in description["sources"].items()
        if undocumented or not source.get("undocumented")
    ]
    connector = description["name"]
    return {"version": 2, "sources": [{"name": connector, "schema": schema, "tables": tables}]}


def _table(name: str, source: Mapping[str, Any], names: Names) -> dict[str, Any]:
    table = table_of(Stream(name, tuple(source.get("key", ())), source.get("schema", {}), names=names))
    columns = list(_columns(source, table.columns.names))
    found: dict[str, Any] = {"name": name, "description": source.get("summary", ""), "columns": columns}
    key = [table.columns.names[field] for field in source.get("key", ()) if field in table.columns.names]
    if len(key) > 1:  # dbt itself has no test of two columns together
        found["description"] += f" One row for each {' with '.join(key)}."
    cursor = table.columns.names.get(str(source.get("cursor")))
    if cursor is not None:
        late = {"warn_after": {"count": _HOURS_UNTIL_WARNING, "period": "hour"}}
        found["config"] = {"freshness": late, "loaded_at_field": f'"{cursor}"'}
    return found


def _columns(source: Mapping[str, Any], named: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    schema, key = source.get("schema", {}), source.get("key", ())
    required = schema.get("required", ())
    for path, text in descriptions(schema):
        column: dict[str, Any] = {"name": named[path], "quote": True, "description": text}
        tests = ["not_null"] * (path in key and path in required) + ["unique"] * (key == [path])
        if tests:
            column["data_tests"] = tests
        yield column

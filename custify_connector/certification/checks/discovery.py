"""Group C: what the connector says it can read and write."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from custify_connector.certification.bench import Bench
from custify_connector.certification.checking import check
from custify_connector.certification.findings import Finding, holds

_SCALARS = {"string", "integer", "number", "boolean"}


@check("C2", "declared")
def keys_and_cursors_are_scalar_fields_of_the_schema(bench: Bench) -> Iterator[Finding]:
    """A host that deduplicates by a key or resumes by a cursor needs them in the schema, as plain values."""
    for stream, source in bench.endpoints("sources").items():
        cursor = [source["cursor"]] if source.get("cursor") else []
        for name in sorted({*chain(source["key"], *source.get("keys", ())), *cursor}):
            declared = source["schema"].get("properties", {}).get(name.split(".")[0])
            yield holds(f"{stream}.{name}", "a scalar field of the schema", declared, _is_scalar(declared, name))


def _is_scalar(declared: object, name: str) -> bool:
    for inner in name.split(".")[1:]:
        declared = declared.get("properties", {}).get(inner) if isinstance(declared, dict) else None
    if not isinstance(declared, dict):
        return False
    kinds = declared.get("type", [])
    named = {kinds} if isinstance(kinds, str) else set(kinds)
    return bool(named - {"null"}) and named <= {*_SCALARS, "null"}

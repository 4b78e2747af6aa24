"""The first records of a source, to look at: no more is asked for than is shown, where the connector takes a bound.

Decides what can be learned of records from themselves. It knows hooks; it knows no service.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

from custify_connector.host.connectors import Chosen

_TYPES = ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array"), (dict, "object"))


def records(
    chosen: Chosen, credential: Mapping[str, Any], source: Mapping[str, Any], count: int
) -> list[dict[str, Any]]:
    """Return the first records of a source; what comes beyond `count` is left."""
    bound = {"limit": count} if "request" in source or chosen.takes("source", "limit") else {}
    batches = chosen.hooks.read_source(credential, chosen.source({**source, **bound}), None)
    with closing(batches):  # type: ignore[type-var] # a generator, where it is worth closing
        return list(islice((record for batch in batches for record in batch.records), count))


@dataclass(frozen=True)
class Seen:
    """What records show of a field: its types, in how many records it has a value, and the first of those."""

    types: tuple[str, ...]
    count: int
    example: Any


def seen(found: Iterable[Mapping[str, Any]]) -> dict[str, Seen]:
    """Return the fields of records, in the order of their appearance."""
    fields: dict[str, Seen] = {}
    for record in found:
        for name, value in record.items():
            known = fields.get(name, Seen((), 0, None))
            if value is None:
                fields[name] = known
                continue
            types = tuple(dict.fromkeys((*known.types, type_of(value))))
            fields[name] = Seen(types, known.count + 1, value if known.count == 0 else known.example)
    return fields


def type_of(value: object) -> str:
    """Return the JSON type of a value that is not null."""
    return next((name for kind, name in _TYPES if isinstance(value, kind)), "string")

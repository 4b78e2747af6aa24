"""Which filters of a query Custify can answer itself: those that ask for one record, or the few, of one name.

Decides from the manifest alone; Spark filters again whatever comes, so a filter handed on can only leave out what it
must. This file does not know Spark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from custify_connector import manifest
from custify_connector.contract.errors import ConfigurationError
from custify_connector.manifest import SourceEndpoint
from custify_connector.reading.template import expand_source


def lookup(source: Mapping[str, Any], equalities: Iterable[tuple[str, object]]) -> dict[str, Any]:
    """Return the source narrowed by the first of the equalities (field, value) that is a look-up; else as it is.

    A parameter is one where it names a field of the record, and where it turns the pages into one request: then it
    says which record is asked for. Others of the same name, such as a parent's id, are left alone.
    """
    if source.get("params") or source.get("mode") == "incremental":
        return dict(source)
    known = manifest.load()
    endpoint = manifest.find(known.sources, source["endpoint"], "source.endpoint")
    for name, value in equalities:
        if isinstance(value, str) and _is_lookup(endpoint, name, value, known):
            return {**source, "params": {name: value}}
    return dict(source)


def _is_lookup(endpoint: SourceEndpoint, name: str, value: str, known: manifest.Manifest) -> bool:
    fields = known.record_schema(endpoint).get("properties", {})
    if name not in endpoint.parameters or name not in fields:
        return False
    source = {"endpoint": endpoint.name, "params": {name: value}, "settings": {"undocumented": True}}
    try:
        manual = expand_source(source, known)
    except ConfigurationError:
        # A value that cannot stand in an address: Spark finds by itself that there is no such record.
        return False
    return manual.get("page") is None and not manual.get("partitions")

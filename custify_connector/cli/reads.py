"""What `read` reads: each endpoint with its mode, its place, and where its state is kept.

Decides the mode where none was chosen, and which types the columns of a table start from. A source that is configured
by hand is one more stream, of which nothing is described.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from custify_connector.checking.wording import suggestion
from custify_connector.cli import read_places
from custify_connector.cli.options import typed_params
from custify_connector.cli.wanted import Mode, Wanted, names
from custify_connector.contract.errors import Fault, refuse
from custify_connector.host.connectors import Chosen
from custify_connector.host.keeping import Keeping
from custify_connector.host.outputs import Stream, Target
from custify_connector.host.outputs.postgres_engine import LONGEST_NAME
from custify_connector.host.outputs.stream import Cursor
from custify_connector.host.writable import Writable
from custify_connector.manifest import account_fields as discovering


@dataclass(frozen=True)
class Job:
    """One endpoint to be read: the `source` of the hook, where its records go, and where its state is kept."""

    name: str
    source: Mapping[str, Any]
    target: Target
    keeping: Keeping
    stream: Stream
    writable: Writable | None = None


def jobs(wanted: Wanted, settings: Mapping[str, Any], credential: Mapping[str, Any]) -> list[Job]:
    """Return one job for each endpoint; raises ConfigurationError before anything is read."""
    chosen = names(wanted, undocumented=bool(settings.get("undocumented")))
    described = _described(wanted, chosen, credential, settings)
    if not settings.get("undocumented"):
        refuse(tuple(fault for name in chosen for fault in _slips(name, wanted, described.get(name, {}))))
    return [_job(name, wanted, settings, described.get(name, {})) for name in chosen]


def _slips(endpoint: str, wanted: Wanted, described: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the fields that are not documented: records would come without them, and look complete."""
    known = described.get("schema", {}).get("properties", {})
    for name in wanted.fields if known else ():
        if name not in known:
            reason = f"is not a field of {endpoint}{suggestion(name, known)}; --undocumented allows any name"
            yield Fault(f"--field {name}", reason)


def _described(
    wanted: Wanted, chosen: tuple[str, ...], credential: Mapping[str, Any], settings: Mapping[str, Any]
) -> Mapping[str, Mapping[str, Any]]:
    """Return the description of the sources; with the account's own attributes where they become columns."""
    if wanted.source is not None:
        return {}
    connector = wanted.connector
    sources: Mapping[str, Mapping[str, Any]] = connector.description.get("sources", {})
    if wanted.form_chosen != "jsonl" and any(sources[name].get("attributes") for name in chosen):
        return _discovered(connector, credential, settings)
    return sources


def _discovered(
    connector: Chosen, credential: Mapping[str, Any], settings: Mapping[str, Any]
) -> Mapping[str, Mapping[str, Any]]:
    """Return the sources with the account's fields, read at the pace of the run: `describe_account` takes none."""

    def read(name: str) -> list[dict[str, Any]]:
        source = connector.source({"endpoint": name, "settings": {**settings, "undocumented": True}})
        return [record for batch in connector.hooks.read_source(credential, source, None) for record in batch.records]

    sources: Mapping[str, Mapping[str, Any]] = discovering.discover(connector.description, read)["sources"]
    return sources


def _job(name: str, wanted: Wanted, settings: Mapping[str, Any], described: Mapping[str, Any]) -> Job:
    mode = _mode(wanted, wanted.modes(described))
    source = {**_what(name, wanted, described), "mode": mode, "settings": settings}
    if wanted.fields:
        source["fields"] = list(dict.fromkeys(wanted.fields))
    if wanted.limit:
        source["limit"] = wanted.limit
    writable = _writable(wanted)
    stream = _stream(name, _keyed(described, wanted), wanted, mode)
    if writable is not None:
        stream = replace(stream, schema=writable.schema_of(stream.schema), whole=False)
    target = read_places.target(wanted, stream, mode)
    keeping = read_places.keeping(wanted, name, mode, target)
    return Job(name, wanted.connector.source(source), target, keeping, stream, writable)


def _writable(wanted: Wanted) -> Writable | None:
    destinations = wanted.connector.description.get("destinations", {})
    return None if wanted.writable is None else Writable(destinations[wanted.writable]["schema"])


def _what(name: str, wanted: Wanted, described: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is read: the source as it was configured, or the endpoint with its parameters."""
    if wanted.source is not None:
        return dict(wanted.source)
    schemas = described.get("parameters", {}).get("properties", {})
    return {"endpoint": name, "params": typed_params(wanted.params, schemas)}


def _keyed(described: Mapping[str, Any], wanted: Wanted) -> Mapping[str, Any]:
    """Return a description with the key that a source configured by hand names; the hook has not judged it yet."""
    keys = wanted.source.get("key") if wanted.source else None
    first = keys[0] if isinstance(keys, list) and keys else ()
    return {**described, "key": first} if isinstance(first, list) else described


def _mode(wanted: Wanted, offered: list[str]) -> Mode:
    """Return the mode: what was chosen, where it is offered; else changes only where a table can take them."""
    if wanted.mode == "incremental" and wanted.several and "incremental" not in offered:
        return "full"
    if wanted.mode is not None:
        return wanted.mode
    if wanted.source is not None:
        return "incremental" if wanted.source.get("mode") == "incremental" else "full"
    merges = wanted.is_database and not wanted.narrowed and wanted.state is None
    return "incremental" if merges and "incremental" in offered else "full"


def _stream(name: str, described: Mapping[str, Any], wanted: Wanted, mode: Mode) -> Stream:
    schema = described.get("schema", {})
    if wanted.fields:
        properties = {field: kind for field, kind in schema.get("properties", {}).items() if field in wanted.fields}
        schema = {**schema, "properties": properties}
    cursor: Cursor = "replaced" if mode == "incremental" else "forgotten" if wanted.narrowed else "kept"
    return Stream(
        name,
        tuple(described.get("key", ())),
        schema,
        cursor,
        whole=not wanted.narrowed,
        names=wanted.column_names,
        name_bytes=LONGEST_NAME if wanted.form_chosen == "postgres" else None,
    )

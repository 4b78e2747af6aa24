"""What `read` reads: each endpoint with its mode, its place, and where its state is kept.

Decides the mode that nobody chose, and that a folder or a database may take several endpoints. A source that is
configured by hand is one more stream, of which nothing is described.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from custify_connector import discovering, manifest
from custify_connector.cli.connector_option import own
from custify_connector.cli.options import param, types_in
from custify_connector.cli.read_places import keeping
from custify_connector.cli.wanted import Mode, Wanted
from custify_connector.errors import Fault, refuse
from custify_connector.host.connectors import Chosen
from custify_connector.host.keeping import Keeping
from custify_connector.host.outputs import Stream, Target, target_of
from custify_connector.host.outputs.target import STANDARD, Cursor
from custify_connector.validation import suggestion


@dataclass(frozen=True)
class Job:
    """One endpoint to be read: the `source` of the hook, where its records go, and where its state is kept."""

    name: str
    source: Mapping[str, Any]
    target: Target
    keeping: Keeping


def names(wanted: Wanted, *, undocumented: bool) -> tuple[str, ...]:
    """Return the endpoints to read; those that cannot be read without a parameter are not part of all."""
    if wanted.source is not None:
        return (stream_of(wanted.source),)
    known: Mapping[str, Any] = wanted.connector.description.get("sources", {})
    if not wanted.every:
        faults = tuple(
            Fault("source.endpoint", _unknown(name, known)) for name in wanted.endpoints if name not in known
        )
        refuse(faults if wanted.several or not wanted.connector.is_own else ())
        return tuple(dict.fromkeys(wanted.endpoints))
    return tuple(name for name in known if undocumented or not _is_undocumented(wanted.connector, name))


def _is_undocumented(connector: Chosen, name: str) -> bool:
    return connector.is_own and manifest.load().sources[name].undocumented


def stream_of(source: Mapping[str, Any]) -> str:
    """Return what the records of a source are called: its stream, its endpoint, or a name made from its path."""
    request = source.get("request")
    path = request.get("path") if isinstance(request, Mapping) else None
    named = source.get("stream") or source.get("endpoint") or path or "records"
    return re.sub(r"[^\w-]+", "_", str(named)).strip("_") or "records"


def _unknown(name: str, known: Mapping[str, object]) -> str:
    return f"there is no {name!r}{suggestion(name, known)}"


def jobs(wanted: Wanted, settings: Mapping[str, Any], credential: Mapping[str, Any]) -> list[Job]:
    """Return one job for each endpoint; raises ConfigurationError before anything is read."""
    chosen = names(wanted, undocumented=bool(settings.get("undocumented")))
    described = _described(wanted, chosen, credential, settings)
    return [_job(name, wanted, settings, described.get(name, {})) for name in chosen]


def check(wanted: Wanted) -> None:
    """Raise ConfigurationError for what cannot be meant, before anything is made or asked for."""
    if wanted.source is not None and wanted.params:
        refuse((Fault("--param", "goes without --source: write it there, under request.query"),))
    names(wanted, undocumented=False)
    if wanted.several and wanted.output == STANDARD:
        refuse((Fault("--output", "several endpoints need a folder, or a database such as crm.duckdb"),))
    if wanted.several and wanted.state is not None:
        refuse((Fault("--state", "is for one endpoint; several keep their states with the output"),))
    if wanted.several and wanted.params:
        refuse((Fault("--param", "is for one endpoint"),))
    if not wanted.several and Path(wanted.output).is_dir():
        refuse((Fault(wanted.output, "is a directory: name a file in it"),))
    if wanted.form_chosen == "duckdb":
        _check_database(wanted)


def _check_database(wanted: Wanted) -> None:
    """Open the database once, before anything is asked for: it may be in use, or be something else."""
    path = Path(wanted.output)
    if wanted.output == STANDARD:
        refuse((Fault("--output", "a DuckDB database cannot be standard output: name a file"),))
    if path.is_dir():
        refuse((Fault(wanted.output, "is a directory: name a file in it"),))
    from custify_connector.host.outputs.duckdb_engine import connected, duckdb  # noqa: PLC0415 - an extra

    duckdb()
    if path.exists():
        with connected(path):
            pass
        refuse(tuple(_lost(path, wanted)) if wanted.narrowed else ())


def _lost(path: Path, wanted: Wanted) -> Iterator[Fault]:
    """Yield the tables that hold all of a stream, and would hold a part of it after this read."""
    from custify_connector.host.outputs.duckdb_tables import holds_all  # noqa: PLC0415 - an extra

    for name in names(wanted, undocumented=True):
        if holds_all(path, name):
            reason = (
                "holds all records: name another database for a part of them, or leave out --limit, --field, --param"
            )
            yield Fault(f"{path}: table {name}", reason)


def _described(
    wanted: Wanted, chosen: tuple[str, ...], credential: Mapping[str, Any], settings: Mapping[str, Any]
) -> Mapping[str, Mapping[str, Any]]:
    """Return the description of the sources; with the account's own attributes where they become columns."""
    if wanted.source is not None:
        return {}
    description = wanted.connector.description
    if wanted.form_chosen != "jsonl" and wanted.connector.is_own:
        description = _discovered(description, chosen, credential, settings)
    sources: Mapping[str, Mapping[str, Any]] = description.get("sources", {})
    return sources


def _discovered(
    description: dict[str, Any], chosen: tuple[str, ...], credential: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    known, hooks = manifest.load(), own().hooks
    if not any(known.sources[name].attributes for name in chosen if name in known.sources):
        return description

    def read(name: str) -> list[dict[str, Any]]:
        source = {"endpoint": name, "settings": {**settings, "undocumented": True}}
        return [record for batch in hooks.read_source(credential, source, None) for record in batch.records]

    return discovering.discover(description, known, read)


def _job(name: str, wanted: Wanted, settings: Mapping[str, Any], described: Mapping[str, Any]) -> Job:
    mode = _mode(wanted, described.get("modes", ["full"]))
    source = {**_what(name, wanted, described), "mode": mode, "settings": settings}
    if wanted.fields:
        source["fields"] = list(dict.fromkeys(wanted.fields))
    if wanted.limit:
        source["limit"] = wanted.limit
    stream = _stream(name, _keyed(described, wanted), wanted, mode)
    target = _target(wanted, stream)
    return Job(name, wanted.connector.source(source), target, keeping(wanted, name, mode, target))


def _what(name: str, wanted: Wanted, described: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is read: the source as it was configured, or the endpoint with its parameters."""
    if wanted.source is not None:
        return dict(wanted.source)
    types = types_in(described.get("parameters", {}).get("properties", {}))
    return {"endpoint": name, "params": dict(param(text, types) for text in wanted.params)}


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
    merges = wanted.form_chosen == "duckdb" and not wanted.narrowed and wanted.state is None
    return "incremental" if merges and "incremental" in offered else "full"


def _stream(name: str, described: Mapping[str, Any], wanted: Wanted, mode: Mode) -> Stream:
    schema = described.get("schema", {})
    if wanted.fields:
        properties = {field: kind for field, kind in schema.get("properties", {}).items() if field in wanted.fields}
        schema = {**schema, "properties": properties}
    cursor: Cursor = "replaced" if mode == "incremental" else "forgotten" if wanted.narrowed else "kept"
    return Stream(name, tuple(described.get("key", ())), schema, cursor, whole=not wanted.narrowed)


def _target(wanted: Wanted, stream: Stream) -> Target:
    form = wanted.form_chosen
    if not wanted.several or form == "duckdb":
        return target_of(wanted.output, form, stream)
    return target_of(str(Path(wanted.output) / f"{stream.name}.{form}"), form, stream)

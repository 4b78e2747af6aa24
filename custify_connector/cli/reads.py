"""What `read` reads: each endpoint with its mode, its place, and where its state is kept.

Decides the mode that nobody chose, and which types the columns of a table start from.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from custify_connector import discovering, manifest
from custify_connector.cli import read_places
from custify_connector.cli.options import param
from custify_connector.cli.wanted import Mode, Wanted, names
from custify_connector.host.keeping import Keeping
from custify_connector.host.outputs import Form, Stream, Target
from custify_connector.host.outputs.target import Cursor
from custify_connector.plugin import connector
from custify_connector.validation import suggestion

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """One endpoint to be read: the `source` of the hook, where its records go, and where its state is kept."""

    name: str
    source: Mapping[str, Any]
    target: Target
    keeping: Keeping


def jobs(wanted: Wanted, settings: Mapping[str, Any], credential: Mapping[str, Any]) -> list[Job]:
    """Return one job for each endpoint; raises ConfigurationError before anything is read."""
    chosen = names(wanted, undocumented=bool(settings.get("undocumented")))
    described = _described(wanted.form_chosen, chosen, credential, settings)
    for name in chosen:
        _warn_of_slips(name, wanted.fields, described.get(name, {}))
    return [_job(name, wanted, settings, described.get(name, {})) for name in chosen]


def _warn_of_slips(endpoint: str, fields: tuple[str, ...], described: Mapping[str, Any]) -> None:
    """Warn of fields that the schema has not, where one that it has is close; an account may have others."""
    known = described.get("schema", {}).get("properties", {})
    for field in fields:
        meant = "" if field in known else suggestion(field, known)
        if "did you mean" in meant:
            log.warning("--field %s: the schema of %s has no such field%s", field, endpoint, meant)


def _described(
    form: Form, chosen: tuple[str, ...], credential: Mapping[str, Any], settings: Mapping[str, Any]
) -> Mapping[str, Mapping[str, Any]]:
    """Return the description of the sources; with the account's own attributes where they become columns."""
    known = manifest.load()
    description = connector.describe()
    if form != "jsonl" and any(known.sources[name].attributes for name in chosen if name in known.sources):

        def read(name: str) -> list[dict[str, Any]]:
            source = {"endpoint": name, "settings": {**settings, "undocumented": True}}
            return [record for batch in connector.read_source(credential, source, None) for record in batch.records]

        description = discovering.discover(description, known, read)
    sources: Mapping[str, Mapping[str, Any]] = description["sources"]
    return sources


def _job(name: str, wanted: Wanted, settings: Mapping[str, Any], described: Mapping[str, Any]) -> Job:
    mode = _mode(wanted, described.get("modes", ["full"]))
    source: dict[str, Any] = {"endpoint": name, "params": _params(name, wanted.params), "mode": mode}
    source["settings"] = settings
    if wanted.fields:
        source["fields"] = list(dict.fromkeys(wanted.fields))
    if wanted.limit:
        source["limit"] = wanted.limit
    target = read_places.target(wanted, _stream(name, described, wanted, mode))
    return Job(name, source, target, read_places.keeping(wanted, name, mode, target))


def _mode(wanted: Wanted, offered: list[str]) -> Mode:
    """Return the mode: what was chosen, where it is offered; else changes only where a table can take them."""
    if wanted.mode == "incremental" and wanted.several and "incremental" not in offered:
        return "full"
    if wanted.mode is not None:
        return wanted.mode
    merges = wanted.form_chosen == "duckdb" and not wanted.narrowed and wanted.state is None
    return "incremental" if merges and "incremental" in offered else "full"


def _params(endpoint: str, texts: tuple[str, ...]) -> dict[str, Any]:
    """Return parameters with the types that the endpoint gives them: text stays text, the rest is JSON."""
    source = manifest.load().sources.get(endpoint)
    types = {name: parameter.type for name, parameter in source.parameters.items()} if source else {}
    return dict(param(text, types) for text in texts)


def _stream(name: str, described: Mapping[str, Any], wanted: Wanted, mode: Mode) -> Stream:
    schema = described.get("schema", {})
    if wanted.fields:
        properties = {field: kind for field, kind in schema.get("properties", {}).items() if field in wanted.fields}
        schema = {**schema, "properties": properties}
    cursor: Cursor = "replaced" if mode == "incremental" else "forgotten" if wanted.narrowed else "kept"
    return Stream(name, tuple(described.get("key", ())), schema, cursor, whole=not wanted.narrowed)

"""What the command line of `read` asks for, and what of it cannot be meant.

Decides, before anything is made or asked for, which endpoints are read and whether their output can take them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from custify_connector.cli.connector_option import own
from custify_connector.contract.errors import Fault, refuse
from custify_connector.host.connectors import Chosen
from custify_connector.host.outputs import Form, form_of
from custify_connector.host.outputs.form import DATABASES, FileForm, ending_form, is_compressed
from custify_connector.host.outputs.place import STANDARD, place_of
from custify_connector.host.outputs.postgres_engine import address_of, is_postgres
from custify_connector.host.outputs.stream import Names

if TYPE_CHECKING:
    from custify_connector.host.outputs.database_tables import Known

Mode = Literal["full", "incremental"]


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for; `form` and `mode` are None where nothing was chosen.

    `source` is one that is configured by hand, in place of endpoints.
    """

    endpoints: tuple[str, ...]
    output: str = STANDARD
    form: FileForm | None = None
    mode: Mode | None = None
    state: Path | None = None
    params: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    limit: int | None = None
    every: bool = False
    source: Mapping[str, Any] | None = None
    connector: Chosen = field(default_factory=own)
    overwrite: bool = False
    for_excel: bool = False
    writable: str | None = None
    column_names: Names = "dotted"
    duckdb_version: str = "1.2"
    left_out: tuple[str, ...] = ()
    trust_parents: bool = False

    @property
    def several(self) -> bool:
        """Whether the output takes several streams."""
        return self.every or len(self.endpoints) > 1

    @property
    def form_chosen(self) -> Form:
        """The form of the output."""
        if is_postgres(self.output):
            return "postgres"
        if self.several or self.in_folder:
            return self.form or ending_form(self.output) or "jsonl"
        if place_of(self.output).file is None:
            return self.form or ending_form(self.output) or "jsonl"
        return form_of(self.output, self.form)

    @property
    def is_database(self) -> bool:
        """Whether the output keeps states with its tables, and merges changes by key."""
        return self.form_chosen in DATABASES

    @property
    def in_folder(self) -> bool:
        """Whether one stream goes into a folder: a file for each incremental run, or the one of a full read."""
        if self.several or is_postgres(self.output):
            return False
        return self.names_folder or os.path.isdir(self.output)  # noqa: PTH112 - Path raises for a long name

    @property
    def names_folder(self) -> bool:
        """Whether the output is written as a folder is, with a stroke at its end."""
        return self.output.endswith(("/", os.sep))

    def modes(self, described: Mapping[str, Any]) -> list[str]:
        """Return the modes in which a source can be read; parents that are trusted say what changed below them."""
        follows = self.trust_parents and described.get("follows_parents")
        return ["full", "incremental"] if follows else described.get("modes", ["full"])

    @property
    def narrowed(self) -> bool:
        """Whether only a part of the records is asked for."""
        return bool(self.params or self.fields or self.limit or self.writable)


def names(wanted: Wanted, *, undocumented: bool) -> tuple[str, ...]:
    """Return the endpoints to read; those that cannot be read without a parameter are not part of all."""
    if wanted.source is not None:
        return (stream_of(wanted.source),)
    if not wanted.every:
        wanted.connector.refuse_unknown("source", wanted.endpoints)
        return tuple(dict.fromkeys(wanted.endpoints))
    known = wanted.connector.description.get("sources", {})
    shown = (name for name, each in known.items() if undocumented or not each.get("undocumented"))
    return tuple(name for name in shown if name not in wanted.left_out)


def stream_of(source: Mapping[str, Any]) -> str:
    """Return what the records of a source are called: its stream, its endpoint, or a name made from its path."""
    request = source.get("request")
    path = request.get("path") if isinstance(request, Mapping) else None
    named = source.get("stream") or source.get("endpoint") or path or "records"
    return re.sub(r"[^\w-]+", "_", str(named)).strip("_") or "records"


def check(wanted: Wanted) -> None:
    """Raise ConfigurationError for what cannot be meant, before anything is made or asked for."""
    if wanted.source is not None and wanted.params:
        refuse((Fault("--param", "cannot be combined with --source: write it there, under request.query"),))
    names(wanted, undocumented=False)
    if wanted.left_out:
        if not wanted.every:
            refuse((Fault("--except", "applies to --all only"),))
        wanted.connector.refuse_unknown("source", wanted.left_out)
    if wanted.several:
        _check_several(wanted)
    if wanted.writable is not None:
        wanted.connector.refuse_unknown("destination", (wanted.writable,))
    if wanted.form_chosen == "postgres":
        _check_schema(wanted)
    elif wanted.form_chosen == "duckdb":
        _check_database(wanted)
    else:
        _check_files(wanted)


def _check_several(wanted: Wanted) -> None:
    if wanted.writable is not None:
        refuse((Fault("--writable", "applies to one endpoint only: read each by itself"),))
    if wanted.output == STANDARD:
        refuse((Fault("--output", "several endpoints need a folder, or a database such as crm.duckdb"),))
    if wanted.state is not None:
        refuse((Fault("--state", "applies to one endpoint only: several keep their states with the output"),))
    if wanted.params:
        refuse((Fault("--param", "applies to one endpoint only"),))


def _check_files(wanted: Wanted) -> None:
    if wanted.column_names != "dotted" and wanted.form_chosen in {"jsonl", "json"}:
        refuse((Fault("--names", "applies to tables only: JSON holds each record with the names of its fields"),))
    if wanted.for_excel and wanted.form_chosen not in {"csv", "tsv"}:
        refuse((Fault("--for-excel", "applies to CSV only: end the output in .csv"),))
    if wanted.several and not wanted.names_folder and (ending_form(wanted.output) or is_compressed(wanted.output)):
        reason = f"several endpoints need a folder, and this is the name of a file: write {wanted.output}/ or another"
        refuse((Fault(wanted.output, reason),))
    if wanted.in_folder and not wanted.names_folder and wanted.mode != "incremental":
        refuse((Fault(wanted.output, "is a directory: name a file in it, or end it in /"),))
    if wanted.in_folder:
        _refuse_mixed(wanted)
    if _is_incremental(wanted) and not (wanted.several or wanted.in_folder or wanted.state):
        reason = (
            "incremental needs --state NAME, which remembers what was read; "
            "a folder such as people/ or a database such as crm.duckdb remembers it as well"
        )
        refuse((Fault("--mode", reason),))


def _refuse_mixed(wanted: Wanted) -> None:
    """Refuse a folder of one stream that holds the other mode's files: who reads all of them has each record twice."""
    (name,), folder = names(wanted, undocumented=True), Path(wanted.output)
    others = {
        "incremental": (folder / f"{name}.{wanted.form_chosen}", "the file of a full read"),
        "full": (folder / ".custify" / f"{name}.cursor", "the files of incremental reads"),
    }
    other, holds = others[wanted.mode or "full"]
    if other.exists():
        refuse((Fault(wanted.output, f"holds {holds}: name another folder"),))


def _is_incremental(wanted: Wanted) -> bool:
    """Whether changes are asked for, of a source that can tell them; the others are refused by the connector."""
    if wanted.source is not None:
        return (wanted.mode or wanted.source.get("mode")) == "incremental"
    sources = wanted.connector.description.get("sources", {})
    return wanted.mode == "incremental" and all(
        "incremental" in wanted.modes(sources[name]) for name in wanted.endpoints
    )


def _check_database(wanted: Wanted) -> None:
    """Open the database once, before anything is asked for: it may be in use, or be something else."""
    path = Path(wanted.output)
    if wanted.output == STANDARD:
        refuse((Fault("--output", "a DuckDB database cannot be standard output: name a file"),))
    if place_of(wanted.output).file is None:
        refuse((Fault(wanted.output, "a DuckDB database cannot be a pipe or a device: name a file"),))
    from custify_connector.host.outputs.duckdb_engine import connected, duckdb  # noqa: PLC0415 - an extra

    duckdb()
    if not re.fullmatch(r"[0-9]+[.][0-9]+", wanted.duckdb_version):
        refuse((Fault("--duckdb-version", "write two numbers, such as 1.2"),))
    if path.exists():
        from custify_connector.host.outputs.duckdb_tables import stored  # noqa: PLC0415 - the same

        with connected(path):
            pass
        known = {name: stored(path, name) for name in names(wanted, undocumented=True)} if wanted.narrowed else {}
        refuse(tuple(_lost(str(path), known)))


def _check_schema(wanted: Wanted) -> None:
    """Connect once, before anything is asked for, and see that every table may be written."""
    from custify_connector.host.outputs.postgres_tables import prepare  # noqa: PLC0415 - an extra

    if wanted.form is not None:
        refuse((Fault("--format", "cannot be combined with an address of PostgreSQL, which holds tables"),))
    address = address_of(wanted.output)
    known = prepare(address, names(wanted, undocumented=True), keep=False)
    refuse(tuple(_lost(str(address), known)) if wanted.narrowed else ())


def _lost(place: str, known: Mapping[str, Known | None]) -> Iterator[Fault]:
    """Yield the tables that hold all of a stream, and would hold a part of it after this read."""
    for name, found in known.items():
        if found is not None and found.whole:
            reason = (
                "holds all records: name another database for a part of them, or leave out --limit, --field, --param"
            )
            yield Fault(f"{place}: table {name}", reason)

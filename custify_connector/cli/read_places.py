"""Where the records of a read go, where its state is kept, and that no other run writes there meanwhile.

Decides by the form of the output alone. It does not know endpoints.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from custify_connector.cli.wanted import Mode, Wanted
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host import home, state_file
from custify_connector.host.keeping import Beside, InFile, Keeping, Nowhere
from custify_connector.host.outputs import Stream, Target, target_of, target_of_run
from custify_connector.host.outputs.postgres_engine import address_of
from custify_connector.host.outputs.target import part_folder, target_of_schema
from custify_connector.host.state_file import Stored
from custify_connector.storage import locks


def target(wanted: Wanted, stream: Stream, mode: Mode) -> Target:
    """Return the place of one stream: the output itself, or its own file in a folder, one for each incremental run."""
    form, mark = wanted.form_chosen, wanted.for_excel
    if form == "postgres":
        return target_of_schema(address_of(wanted.output), _own_folder(wanted), stream)
    if form == "duckdb" or not (wanted.several or wanted.in_folder):
        return target_of(wanted.output, form, stream, mark=mark, duckdb_version=wanted.duckdb_version)
    folder = Path(wanted.output)
    if mode == "incremental":
        part = _own_folder(wanted) / f"{stream.name}.part"
        return target_of_run(folder / stream.name if wanted.several else folder, form, stream, part)
    return target_of(str(folder / f"{stream.name}.{form}"), form, stream, mark=mark)


def keeping(wanted: Wanted, name: str, mode: Mode, target: Target) -> Keeping:
    """Return where the state of one stream is kept: where the user said, else beside what it fills."""
    if wanted.state is not None:
        return InFile(wanted.state)
    if wanted.is_database:
        committed = functools.partial(_committed, wanted, name) if mode == "incremental" else _no_state
        return Beside(_own_folder(wanted) / f"{name}.state", target, committed)
    kept = wanted.several or wanted.in_folder
    return _in_folder(_own_folder(wanted), name, mode, target) if kept else Nowhere()


def _committed(wanted: Wanted, name: str) -> dict[str, Any] | None:
    """Return the state that a database keeps with a table."""
    if wanted.form_chosen == "postgres":
        from custify_connector.host.outputs import postgres_tables  # noqa: PLC0415 - an extra

        found = postgres_tables.stored(address_of(wanted.output), name)
    else:
        from custify_connector.host.outputs import duckdb_tables  # noqa: PLC0415 - an extra

        found = duckdb_tables.stored(database_of(wanted), name)
    return found.state if found else None


def _in_folder(folder: Path, name: str, mode: Mode, target: Target) -> Keeping:
    if mode == "full":
        return Beside(folder / f"{name}.state", target)
    cursor = folder / f"{name}.cursor"
    keep: Callable[[dict[str, Any]], None] = lambda state: state_file.save(cursor, Stored(state))  # noqa: E731 - a value
    return Beside(folder / f"{name}.state", target, lambda: state_file.load(cursor).state, keep)


def _no_state() -> None:
    return None


def _own_folder(wanted: Wanted) -> Path:
    """Return the folder in which a run keeps what it needs to go on.

    It is beside a database, inside a folder of files, or in the data directory where the database is elsewhere.
    """
    if wanted.form_chosen == "postgres":
        return home.made("outputs") / hashlib.sha256(address_of(wanted.output).shown.encode()).hexdigest()[:16]
    return part_folder(database_of(wanted)) if wanted.form_chosen == "duckdb" else Path(wanted.output) / ".custify"


def database_of(wanted: Wanted) -> Path:
    """Return the database's own path: a link and what it leads to are one database."""
    return Path(os.path.realpath(wanted.output))


@contextmanager
def output_held(wanted: Wanted) -> Iterator[None]:
    """Keep other runs from the same output while this one writes it, where the output is more than one file."""
    if not (wanted.several or wanted.in_folder or wanted.is_database):
        yield
        return
    if not wanted.is_database:
        _make_folder(Path(wanted.output))
    with locks.held(_own_folder(wanted), wanted.output):
        if wanted.form_chosen == "postgres":
            from custify_connector.host.outputs.postgres_tables import prepare  # noqa: PLC0415 - an extra

            prepare(address_of(wanted.output), ())
        yield


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(exist_ok=True)
    except OSError as error:
        reason = "is a file: name a folder" if path.exists() else f"cannot be made: {error.strerror or error}"
        raise ConfigurationError((Fault(str(path), reason),)) from None

"""Where a stream goes: its form, by name or by the path's ending, and the files that a run needs on the way.

Decides which output a form has, and where it is staged. It does not know what a stream means.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.outputs.form import Form, is_compressed
from custify_connector.host.outputs.lines import FileOutput, Output, Publish, StagedOutput, StreamOutput
from custify_connector.host.outputs.place import Place, place_of, written
from custify_connector.host.outputs.postgres_engine import Address
from custify_connector.host.outputs.stream import Stream


@dataclass(frozen=True)
class Target:
    """One stream's place: `path` is `-` for standard output; `publish` is None for JSON lines, which need none."""

    path: str
    form: Form = "jsonl"
    part: Path | None = None
    publish: Publish | None = None

    @property
    def place(self) -> Place:
        """What the path names; raises ConfigurationError where nothing can be written to it."""
        return Place(self.path) if self.form == "postgres" else place_of(self.path)

    @property
    def is_file(self) -> bool:
        """Whether the output is a file, or staged in one, which an unfinished run can continue."""
        return self.part is not None or self.place.file is not None

    @property
    def streams(self) -> bool:
        """Whether records are away for good as soon as they are written: into a stream, line by line."""
        return not self.is_file and self.publish is None

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other runs from the output; what is staged in a folder of its own is held by that folder."""
        file = self.place.file
        if file is not None and self.part is not None and self.part.parent != file.parent:
            yield
            return
        with self.place.held():
            yield

    def open(self, resume_at: int | None = None) -> Output:
        """Open the output; `resume_at` continues an unfinished one after so many bytes.

        Raises ConfigurationError when it cannot be written, or the unfinished one is not there.
        """
        place = self.place
        if self.publish is None:
            return StreamOutput(place) if place.file is None else FileOutput(place.file, resume_at, self.part)
        if self.part is None:
            folder = Path(tempfile.mkdtemp(prefix="custify-"))
            return _Passing(Path(self.path), folder / "records.part", self.publish)
        with written(self.path):
            self.part.parent.mkdir(exist_ok=True)
        return StagedOutput(place.file or self.part, self.part, self.publish, resume_at)

    @property
    def staging(self) -> Path | None:
        """Where records are until the run has finished; None for a stream."""
        file = self.place.file
        return self.part or (file and file.with_name(file.name + ".part"))

    def complete(self, size: int, state: dict[str, Any] | None, *, merges: bool) -> None:
        """Give an output that holds everything its final place, unless an earlier run has done so already."""
        if self.staging is not None and self.staging.is_file():
            output = self.open(size)
            output.finish(state, merges=merges)
            output.close()


class _Passing(StagedOutput):
    """A staged output for standard output: its folder goes with it, finished or not."""

    def __init__(self, path: Path, part: Path, publish: Publish) -> None:
        super().__init__(path, part, publish)
        self._folder = part.parent

    def close(self) -> None:
        """See `Output`."""
        super().close()
        import shutil  # noqa: PLC0415 - only for a form that standard output cannot take line by line

        shutil.rmtree(self._folder, ignore_errors=True)


def target_of(path: str, form: Form, stream: Stream, *, mark: bool = False, duckdb_version: str = "1.2") -> Target:
    """Return the place of one stream; several streams may share a DuckDB database.

    `mark` starts a text with a mark; a new database can be opened by DuckDB from `duckdb_version` on.

    Raises ConfigurationError for a place that the form cannot have, or a form whose extra is not installed.
    """
    place = place_of(path)
    if form in {"parquet", "duckdb"}:
        from custify_connector.host.outputs.duckdb_engine import absolute, duckdb  # noqa: PLC0415 - an extra

        duckdb()
        absolute(place.file or Path())
    file = place.file
    if form == "duckdb":
        return _table_of(path, file, stream, duckdb_version)
    publish = None if form == "jsonl" and not is_compressed(path) else _publish(form, place, stream, mark=mark)
    return Target(path, form, file and file.with_name(file.name + ".part"), publish)


def target_of_run(folder: Path, form: Form, stream: Stream, part: Path) -> Target:
    """Return the place of what one run reads of a stream: a file of its own in a folder, beside those of other runs.

    It is staged in `part`, whichever run began it. A run in which nothing had changed leaves no file. Parquet files are
    a data set that is partitioned by run.
    """
    stamp, number = f"{datetime.now(timezone.utc):%Y-%m-%dT%H%M%SZ}", 1
    while (file := _file_of_run(folder, form, stream, stamp if number == 1 else f"{stamp}-{number}")).exists():
        number += 1
    inner = _publish(form, Place(str(file), file), stream, mark=False)

    def publish(part: Path, state: dict[str, Any] | None, merges: bool) -> None:
        if part.stat().st_size or not merges:
            with written(file):
                file.parent.mkdir(parents=True, exist_ok=True)
            inner(part, state, merges)

    return Target(str(file), form, part, publish)


def _file_of_run(folder: Path, form: Form, stream: Stream, stamp: str) -> Path:
    return folder / f"run={stamp}" / f"{stream.name}.parquet" if form == "parquet" else folder / f"{stamp}.{form}"


def _table_of(path: str, database: Path | None, stream: Stream, version: str) -> Target:
    if database is None:
        raise ConfigurationError((Fault("--output", "a DuckDB database cannot be a stream: name a file"),))
    from custify_connector.host.outputs.duckdb_tables import publish_table  # noqa: PLC0415 - each form when it is used

    part = part_folder(database) / f"{stream.name}.jsonl"
    return Target(path, "duckdb", part, publish_table(database, stream, version))


def target_of_schema(address: Address, folder: Path, stream: Stream) -> Target:
    """Return the place of one stream in a PostgreSQL schema; it is staged in a folder of this machine.

    What was staged before another run wrote the table is left: its name has the version that it began with.
    """
    from custify_connector.host.outputs.postgres_tables import publish_table, stored, version_of  # noqa: PLC0415 - an extra

    version = version_of(stored(address, stream.name))
    part = folder / f"{stream.name}.{version}.jsonl"
    return Target(str(address), "postgres", part, publish_table(address, stream, version))


def part_folder(database: Path) -> Path:
    """Return the folder beside a database in which its streams are staged."""
    return database.with_name(database.name + ".part")


def _publish(form: Form, place: Place, stream: Stream, *, mark: bool) -> Publish:
    if form == "parquet":
        from custify_connector.host.outputs.parquet_file import publish_parquet  # noqa: PLC0415 - each when it is used

        return publish_parquet(place, stream)
    from custify_connector.host.outputs.text_file import content_of, publish_text  # noqa: PLC0415 - as above

    content = content_of(form, stream)
    return publish_text(place, content, mark=mark, compressed=is_compressed(place.path))

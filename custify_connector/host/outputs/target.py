"""Where a stream goes: its form, by name or by the path's ending, and the files that a run needs on the way.

Decides which output a form has, and where it is staged. It does not know what a stream means.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.outputs.lines import FileOutput, Output, Publish, StagedOutput, StandardOutput, written
from custify_connector.host.outputs.stream import Stream

Form = Literal["jsonl", "csv", "parquet", "duckdb"]
FORMS: tuple[Form, ...] = get_args(Form)
_ENDINGS: dict[str, Form] = {
    ".csv": "csv",
    ".parquet": "parquet",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
    ".db": "duckdb",
}

STANDARD = "-"


def form_of(path: str, chosen: Form | None = None) -> Form:
    """Return the form that was chosen, else the one that the path's ending names, else JSON lines."""
    return chosen or _ENDINGS.get(Path(path).suffix.lower(), "jsonl")


@dataclass(frozen=True)
class Target:
    """One stream's place: `path` is `-` for standard output; `publish` is None for JSON lines, which need none."""

    path: str
    form: Form = "jsonl"
    part: Path | None = None
    publish: Publish | None = None

    @property
    def streams(self) -> bool:
        """Whether records are away for good as soon as they are written: to standard output, line by line."""
        return self.path == STANDARD and self.publish is None

    def open(self, resume_at: int | None = None) -> Output:
        """Open the output; `resume_at` continues an unfinished one after so many bytes.

        Raises ConfigurationError when it cannot be written, or the unfinished one is not there.
        """
        if self.publish is None:
            return StandardOutput() if self.path == STANDARD else FileOutput(Path(self.path), resume_at)
        if self.part is None:
            folder = Path(tempfile.mkdtemp(prefix="custify-"))
            return _Passing(Path(self.path), folder / "records.part", self.publish)
        with written(Path(self.path)):
            self.part.parent.mkdir(exist_ok=True)
        return StagedOutput(Path(self.path), self.part, self.publish, resume_at)

    @property
    def staging(self) -> Path | None:
        """Where records are until the run has finished; None on standard output."""
        if self.path == STANDARD:
            return None
        return self.part or Path(self.path).with_name(Path(self.path).name + ".part")

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


def target_of(path: str, form: Form, stream: Stream) -> Target:
    """Return the place of one stream; several streams may share a DuckDB database.

    Raises ConfigurationError for a place that the form cannot have, or a form whose extra is not installed.
    """
    if form == "jsonl":
        return Target(path)
    if form in {"parquet", "duckdb"}:
        from custify_connector.host.outputs.duckdb_engine import duckdb  # noqa: PLC0415 - an extra

        duckdb()
    if path == STANDARD:
        return Target(path, form, None, _publish(form, None, stream))
    where = Path(path)
    if where.is_dir():
        raise ConfigurationError((Fault(path, "is a directory: name a file in it"),))
    part = part_folder(where) / f"{stream.name}.jsonl" if form == "duckdb" else where.with_name(where.name + ".part")
    return Target(path, form, part, _publish(form, where, stream))


def part_folder(database: Path) -> Path:
    """Return the folder beside a database in which its streams are staged."""
    return database.with_name(database.name + ".part")


def _publish(form: Form, path: Path | None, stream: Stream) -> Publish:
    if form == "csv":
        from custify_connector.host.outputs.csv_file import publish_csv  # noqa: PLC0415 - each form when it is used

        return publish_csv(path, stream.schema)
    if form == "parquet":
        from custify_connector.host.outputs.parquet_file import publish_parquet  # noqa: PLC0415 - the same

        return publish_parquet(path, stream.schema)
    if path is None:
        raise ConfigurationError((Fault("--output", "a DuckDB database cannot be standard output: name a file"),))
    from custify_connector.host.outputs.duckdb_tables import publish_table  # noqa: PLC0415 - the same

    return publish_table(path, stream)

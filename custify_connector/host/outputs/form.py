"""The form of an output: what was chosen, or what the ending of its path says. An ending of another form is refused."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal, get_args

from custify_connector.host.outputs.place import refused

FileForm = Literal["jsonl", "json", "csv", "tsv", "parquet", "duckdb"]
Form = FileForm | Literal["postgres"]
FORMS: tuple[FileForm, ...] = get_args(FileForm)
DATABASES: frozenset[Form] = frozenset({"duckdb", "postgres"})
"""They take several streams, keep the state of each with its rows, and merge changes by key."""

_ENDINGS: dict[str, Form] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".parquet": "parquet",
    ".duckdb": "duckdb",
    ".ddb": "duckdb",
    ".db": "duckdb",
}
_TEXTS = frozenset({"jsonl", "json", "csv", "tsv"})
_KNOWN = "end it in .jsonl, .json, .csv, .tsv, .parquet or .duckdb"
_NOT_WRITTEN = {
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "spreadsheets are not written: end it in .csv, and add --for-excel"),
    **dict.fromkeys((".sqlite", ".sqlite3"), "SQLite is not written: end it in .duckdb"),
    **dict.fromkeys(
        (".zst", ".bz2", ".xz", ".zip", ".7z", ".lz4", ".br"), "the only compression that is written is .gz"
    ),
    **dict.fromkeys((".avro", ".orc", ".arrow", ".feather"), "is not written: end it in .parquet"),
}


def ending_form(path: str) -> Form | None:
    """Return the form that a path's ending names, compressed or not; None where it names none."""
    return _ENDINGS.get(_ending(path))


def is_compressed(path: str) -> bool:
    """Whether a path asks for compression."""
    return PurePath(path).suffix.lower() == ".gz"


def form_of(path: str, chosen: Form | None = None) -> Form:
    """Return the form of a file; raises ConfigurationError where its ending says another one, or none is known."""
    ending, form = _ending(path), ending_form(path)
    wanted = chosen or form
    if wanted is None or ending in _NOT_WRITTEN:
        refused(
            path, _NOT_WRITTEN.get(ending, f"its ending names no known format: {_KNOWN}, or choose one with --format")
        )
    if form not in {None, wanted} and not {form, wanted} <= _TEXTS:
        refused(path, f"ends as {form}, and --format says {wanted}: leave out one of them")
    if is_compressed(path) and wanted not in _TEXTS:
        refused(path, f"{wanted} is compressed already: leave out .gz")
    return wanted


def text_form(path: str) -> Form:
    """Return the form of a text, JSON lines where its ending names none; raises ConfigurationError for any other."""
    form = ending_form(path) or "jsonl"
    if form not in _TEXTS or _ending(path) in _NOT_WRITTEN:
        refused(path, "can be a text alone: end it in .csv, .tsv, .json or .jsonl")
    return form


def _ending(path: str) -> str:
    name = PurePath(path)
    return (name.with_suffix("") if is_compressed(path) else name).suffix.lower()

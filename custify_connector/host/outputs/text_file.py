"""A staged file published as text: JSON lines, a JSON array, CSV or TSV, compressed where the name says so.

Decides the bytes, which are the same on every system and in every locale.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from custify_connector.host.outputs.csv_file import MARK, csv_rows
from custify_connector.host.outputs.lines import Publish
from custify_connector.host.outputs.place import Place
from custify_connector.host.outputs.stream import Stream

Content = Callable[[Path], Iterable[bytes]]
"""Returns the pieces of a staged file as they are published."""


def content_of(form: str, stream: Stream) -> Content:
    """Return what makes the content of a form from a staged file."""
    contents: dict[str, Content] = {
        "jsonl": _lines,
        "json": _array,
        "csv": lambda part: csv_rows(stream, part),
        "tsv": lambda part: csv_rows(stream, part, "\t"),
    }
    return contents[form]


def publish_text(place: Place, content: Content, *, mark: bool = False, compressed: bool = False) -> Publish:
    """Return what publishes a staged file; `mark` puts a byte order mark before its content."""
    start = MARK if mark else b""

    def publish(part: Path, _state: dict[str, Any] | None, _merges: bool) -> None:
        with place.opened() as stream:
            if not compressed:
                stream.write(start)
                stream.writelines(content(part))
                return
            # Without a time and a name, so that equal records make equal files.
            with gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as packed:
                packed.write(start)
                packed.writelines(content(part))

    return publish


def _lines(part: Path) -> Iterator[bytes]:
    with part.open("rb") as stream:
        yield from stream


def _array(part: Path) -> Iterator[bytes]:
    separator = b"[\n"
    for line in _lines(part):
        yield separator + line.rstrip(b"\n")
        separator = b",\n"
    yield b"[]\n" if separator == b"[\n" else b"\n]\n"

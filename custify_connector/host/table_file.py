"""A file of rows, opened: its form, encoding and compression, from its name, its first bytes, or what was said of it.

At most 64 KB are looked at. This file does not know what a row is.
"""

from __future__ import annotations

import codecs
import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.installation import unusable

INPUT_FORMS = ("jsonl", "csv", "parquet", "duckdb", "excel")
LOOKED_AT = 64 * 1024
STANDARD = "-"

_ENDINGS = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl",
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv",
    ".parquet": "parquet", ".duckdb": "duckdb", ".ddb": "duckdb",
    ".xlsx": "excel", ".xlsm": "excel", ".xlsb": "excel", ".xls": "excel", ".ods": "excel",
}  # fmt: skip
_PACKED = (".gz", ".zst")
_MAGIC = {b"PAR1": "parquet", b"PK\x03\x04": "excel", b"\xd0\xcf\x11\xe0": "excel"}
_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class FileForm:
    """How a file is written, as far as it was said; the rest is found out.

    `header_row` is the line of the columns' names, from 1; `footer_rows` are as many last rows that are not records.
    With `trim`, a blank before a quote is none of its cell. Rows of totals are not records unless `keep_totals` is set.
    """

    delimiter: str | None = None
    encoding: str | None = None
    header_row: int | None = None
    footer_rows: int = 0
    sheet: str | None = None
    trim: bool = False
    keep_totals: bool = False


PLAIN_FILE = FileForm()
"""A file of which nothing was said."""


@dataclass(frozen=True)
class Opened:
    """An opened file: its unpacked bytes from the first, without a mark, and what they are.

    `head` is what was looked at, unpacked; `guess` is an encoding that would explain bytes which are not UTF-8.
    """

    name: str
    form: str
    stream: BinaryIO
    head: bytes
    encoding: str
    guess: str | None
    remarks: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the lines as text, with ends of any kind; a byte that is none becomes half a character.

        Raises ConfigurationError where an encoding leaves no way to continue.
        """
        text = io.TextIOWrapper(self.stream, self.encoding, "surrogateescape", newline="")
        try:
            # NUL is a byte of UTF-16: Python 3.10 stops at it, and later ones would take it for text.
            yield from (line.replace("\0", "\udc00") if "\0" in line else line for line in text)
        except UnicodeError as error:
            raise _refused(self.name, f"is not {self.encoding}: {_reason(error)}; see --encoding") from None

    @property
    def head_text(self) -> str:
        """The text that was looked at, without a last line that may continue."""
        text = self.head.decode(self.encoding, "replace")
        whole = max(text.rfind("\n"), text.rfind("\r")) + 1
        return text[:whole] if whole and len(self.head) >= LOOKED_AT else text


def input_form(path: str) -> str:
    """Return the form that a path's ending names, else JSON lines."""
    return named_form(path) or "jsonl"


def named_form(path: str) -> str | None:
    """Return the form that a path's ending names, that of a packed file included; None when it names none."""
    ending = Path(path).suffix.lower()
    return _ENDINGS.get(Path(path).with_suffix("").suffix.lower() if ending in _PACKED else ending)


@contextmanager
def opened(path: str, form: str | None = None, written: FileForm = PLAIN_FILE) -> Iterator[Opened]:
    """Open a file, or standard input for `-`; raises ConfigurationError when it cannot be read, or is of no form."""
    name = "standard input" if path == STANDARD else path
    with ExitStack() as stack:
        source = _Source(name, _stream(path, stack))
        head = source.look()
        if head.startswith((_GZIP, _ZSTANDARD)):
            unpacked = stack.enter_context(_unpacked(name, head, io.BufferedReader(source, LOOKED_AT)))
            source = _Source(name, unpacked)
            head = source.look()
        found = form or _form(name, path, head)
        _check_bytes(name, found, head, said=form is not None)
        encoding, guess = _encoding(name, found, head, written.encoding)
        mark = next((mark for mark in _MARKS if head.startswith(mark) and found != "excel"), b"")
        rest = io.BufferedReader(source, LOOKED_AT)
        rest.read(len(mark))
        yield Opened(name, found, rest, head[len(mark) :], encoding, guess)


def _stream(path: str, stack: ExitStack) -> BinaryIO:
    if path == STANDARD:
        return sys.stdin.buffer
    try:
        stream = Path(path).open("rb")  # noqa: SIM115 - the stack closes it
    except OSError as error:
        raise _refused(path, f"cannot be opened: {error.strerror or error}") from None
    except ValueError as error:  # NUL, or half a character, which no name of a file has
        raise _refused(path, f"cannot be opened: {error}") from None
    stack.callback(stream.close)
    return stream


def _refused(name: str, reason: str) -> ConfigurationError:
    return ConfigurationError((Fault(name, reason),))


def _reason(error: UnicodeError) -> str:
    return error.reason if isinstance(error, UnicodeDecodeError) else str(error)


class _Source(io.RawIOBase):
    """The bytes of a stream; what was looked at comes once more."""

    def __init__(self, name: str, stream: Any) -> None:  # noqa: ANN401 - a stream of any library
        self._name = name
        self._stream = stream
        self._head = b""

    def look(self) -> bytes:
        """Return the first bytes: at least a whole line where there is one, at most 64 KB."""
        head = b""
        while len(head) < LOOKED_AT and b"\n" not in head and (more := self._read(LOOKED_AT - len(head))):
            head += more
        self._head = head
        return head

    def _read(self, size: int) -> bytes:
        read = getattr(self._stream, "read1", self._stream.read)
        try:
            content: bytes = read(size)
        except (OSError, EOFError, zlib.error, ValueError) as error:
            raise _refused(self._name, f"is damaged, and cannot be read to its end: {error}") from None
        return content

    def readable(self) -> bool:
        """Return True: it is for reading."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer of any kind
        """Fill the buffer as far as there are bytes."""
        content, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        content = content or self._read(len(buffer))
        buffer[: len(content)] = content
        return len(content)


@contextmanager
def _unpacked(name: str, head: bytes, stream: BinaryIO) -> Iterator[Any]:
    if head.startswith(_GZIP):
        with gzip.GzipFile(fileobj=stream) as unpacked:
            yield unpacked
        return
    try:
        import zstandard  # noqa: PLC0415 - an extra
    except ImportError as error:
        reason = f"is packed with Zstandard, and zstandard {unusable('zst', error)}; or unpack it first"
        raise _refused(name, reason) from None
    with zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True) as unpacked:
        yield _Zstandard(unpacked, zstandard.ZstdError)


class _Zstandard:
    """A stream whose faults are those of a file."""

    def __init__(self, stream: Any, fault: type[Exception]) -> None:  # noqa: ANN401 - of a library without types
        self._stream = stream
        self._fault = fault

    def read(self, size: int) -> bytes:
        """Read at most so many bytes."""
        try:
            content: bytes = self._stream.read(size)
        except self._fault as error:
            raise OSError(str(error)) from None
        return content


def _form(name: str, path: str, head: bytes) -> str:
    """Return the form of a file of which none was said; raises ConfigurationError where it is not known."""
    form = named_form(path)
    if form:
        return "jsonl" if form == "csv" and Path(path).suffix == ".txt" and _is_json(head) else form
    magic = next((found for start, found in _MAGIC.items() if head.startswith(start)), None)
    if magic or head[8:12] == b"DUCK":
        return magic or "duckdb"
    if not head or _is_json(head):
        return "jsonl"
    ending = Path(path).suffix
    if path == STANDARD or not ending or not Path(path).is_file():
        return "csv"
    raise _refused(name, f"has the ending {ending}, which names no form: say what it is, as in --input-format csv")


def _is_json(head: bytes) -> bool:
    """Return whether there is a JSON object at the start, or of a line."""
    text = head.removeprefix(codecs.BOM_UTF8).replace(b"\0", b"").lstrip()
    return (
        text[:1] in {b"{", b"["} or text[:3] in {b"\xff\xfe{", b"\xfe\xff{"} or re.search(rb"\n\s*\{", text) is not None
    )


_NAMES = {"parquet": "a Parquet file", "excel": "a workbook", "csv": "CSV", "jsonl": "JSON lines"}


def _check_bytes(name: str, form: str, head: bytes, *, said: bool) -> None:
    """Raise ConfigurationError where the first bytes are those of another form than the name has."""
    magic = next((found for start, found in _MAGIC.items() if head.startswith(start)), None)
    if form in {"csv", "jsonl"} and magic:
        reason = f"is {_NAMES[magic]}, not {_NAMES[form]}: {'leave out' if said else 'use'} --input-format"
        raise _refused(name, f"{reason} {form if said else magic}")
    if form == "excel" and head[:5].lower() in {b"<html", b"<!doc", b"<?xml", b"<tabl"}:
        raise _refused(name, "is a web page with the ending of a workbook: open it, and save it as .xlsx or .csv")
    if form == "excel" and not magic:
        raise _refused(name, "is not a workbook: if it is text, add --input-format csv")


def _encoding(name: str, form: str, head: bytes, said: str | None) -> tuple[str, str | None]:
    """Return the encoding, and a guess where bytes do not fit the encoding that is assumed."""
    marked = next((encoding for mark, encoding in _MARKS.items() if head.startswith(mark)), None)
    if said is not None:
        return _agreed(name, marked, _known_encoding(said)), None
    if marked or form not in {"csv", "jsonl"}:
        return marked or "utf-8", None
    if b"\0" in head[:2] or head[:200].count(0) * 3 > len(head[:200]):
        order = "utf-16-be" if head[:1] == b"\0" else "utf-16-le"
        raise _refused(name, f"looks like UTF-16 without a byte order mark: use --encoding {order}")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "utf-8", "windows-1252"
    return "utf-8", None


def _agreed(name: str, marked: str | None, said: str) -> str:
    """Return the encoding that was said; raises ConfigurationError where the file's own mark is that of another."""
    if marked is None or said == marked:
        return said
    if marked.startswith(said):
        return marked
    reason = f"has the mark of {marked.upper()} in its first bytes, not of {said}: leave out --encoding"
    raise _refused(name, reason)


def _known_encoding(said: str) -> str:
    try:
        found = codecs.lookup(said)
        b"".decode(said)
    except LookupError:
        reason = "is not an encoding: name one such as utf-8, utf-16, windows-1252 or iso-8859-1"
        raise _refused(f"--encoding {said}", reason) from None
    return {"utf-16": "utf-16", "utf-8-sig": "utf-8"}.get(found.name, found.name)

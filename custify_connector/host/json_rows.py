"""Rows that are JSON objects: one a line, or items of one array, or objects printed over several lines.

This file does not know what the objects are for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import orjson

from custify_connector.checking.json_values import loads, sequence
from custify_connector.contract.errors import ConfigurationError, Fault
from custify_connector.host.rows import Row, Table
from custify_connector.host.table_file import Opened


def table(file: Opened) -> Table:
    """Return the rows of a file; raises ConfigurationError where they are one document that is not whole."""
    if _is_document(file.head):
        return Table(file.name, None, iter(_items(file)), remarks=file.remarks)
    return Table(file.name, None, _lines(file), remarks=file.remarks)


def _is_document(head: bytes) -> bool:
    """Return whether objects go over several lines, or are items of an array."""
    text = head.replace(b"\0", b"").lstrip()
    first = text.partition(b"\n")[0].strip()
    return first in {b"[", b"{"} or text.strip() == b"[]" or (text[:1] == b"[" and text[1:].lstrip()[:1] == b"{")


def _items(file: Opened) -> list[Row]:
    text = "".join(file.lines())
    found, line, before = [], 1, 0
    try:
        for start, value in sequence(text):
            line, before = line + text.count("\n", before, start), start
            found.append(_row(line, value))
    except json.JSONDecodeError as error:
        place = f"{file.name}:{error.lineno}"
        raise ConfigurationError((Fault(place, f"is not valid JSON: {error.msg} at column {error.colno}"),)) from None
    except ValueError as error:
        raise ConfigurationError((Fault(file.name, f"is not valid JSON: {error}"),)) from None
    return found


def _row(line: int, value: object) -> Row:
    if isinstance(value, ValueError):
        return Row(line, {}, str(value))
    return Row(line, value) if isinstance(value, dict) else Row(line, {}, "is not a JSON object")


def _lines(file: Opened) -> Iterator[Row]:
    as_bytes = file.encoding == "utf-8" and (b"\n" in file.head or b"\r" not in file.head)
    lines = file.stream if as_bytes else (line.encode("utf-8", "surrogatepass") for line in file.lines())
    for number, text in enumerate(lines, start=1):
        if text.strip():
            yield json_row(number, text)


def json_row(line: int, text: bytes) -> Row:
    """Return the row that one line of JSON is."""
    fault = ""
    try:
        if b"NaN" in text or b"Infinity" in text:
            orjson.loads(text)  # which has no form for them, as JSON has none
        value = loads(text, unique_names=True)
    except json.JSONDecodeError as error:
        fault = f"is not valid JSON: {error.msg} at column {error.colno}"
    except UnicodeDecodeError as error:
        fault = f"is not valid JSON: it is not UTF-8 at column {error.start + 1}"
    except ValueError as error:
        fault = str(error) if str(error).startswith("has ") else f"is not valid JSON: {error}"
    if fault or not isinstance(value, dict):
        shown = text.decode("utf-8", "backslashreplace").rstrip("\r\n")
        return Row(line, {}, fault or "is not a JSON object", text=shown)
    return Row(line, value)

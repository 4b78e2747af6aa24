"""The lines that `target-custify` is sent, each checked as a Singer message before singer-sdk sees it.

Decides what a message must have; singer-sdk looks its fields up without asking of what kind they are.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Mapping
from typing import IO, Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import SchemaError
from singer_sdk.exceptions import RecordsWithoutSchemaException
from singer_sdk.singerlib.encoding.simple import SimpleSingerReader
from singer_sdk.singerlib.exceptions import InvalidInputLine
from singer_sdk.singerlib.json import deserialize_json

_SHOWN = 80


class Reader(SimpleSingerReader):
    """Reads messages; raises InvalidInputLine, with the number of the line, for what is none."""

    def __init__(self) -> None:
        super().__init__()
        self._line = 0
        self._streams: set[str] = set()

    @property
    def default_input(self) -> IO[str]:
        """Return standard input as UTF-8; a byte that is none becomes half a character: its row is rejected."""
        return io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8", errors="surrogateescape", newline="\n")

    def deserialize_json(self, line: str) -> dict[str, Any]:
        """Return the message of a line."""
        self._line += 1
        try:
            message = deserialize_json(line)
        except (ValueError, RecursionError) as error:
            raise self._invalid(f"is not JSON: {_why(error)}") from None
        if not isinstance(message, dict):
            raise self._invalid("must be an object with a type")
        kind = message.get("type")
        check = _CHECKS.get(kind) if isinstance(kind, str) else None
        if check is None:
            raise self._invalid(f"has the type {_shown(kind)}: it must be one of {', '.join(_CHECKS)}")
        if (fault := check(message)) is not None:
            raise self._invalid(f"{kind}: {fault}")
        if (fault := self._stream_fault(message, str(kind))) is not None:
            raise RecordsWithoutSchemaException(f"line {self._line} {kind}: {fault}")
        return message

    def _stream_fault(self, message: Mapping[str, Any], kind: str) -> str | None:
        """Return what is wrong with the stream of a message; its SCHEMA must come before everything else of it."""
        if kind == "STATE":
            return None
        if kind == "SCHEMA":
            self._streams.add(message["stream"])
        elif message["stream"] not in self._streams:
            return f"stream {_shown(message['stream'])} has no schema yet: its SCHEMA message must come first"
        return None

    def _invalid(self, reason: str) -> InvalidInputLine:
        return InvalidInputLine(f"line {self._line} {reason}")


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _must(message: Mapping[str, Any], **kinds: type) -> str | None:
    """Return what is wrong with the fields that a message must have."""
    for name, kind in kinds.items():
        value = message.get(name)
        if not isinstance(value, kind) or isinstance(value, bool) or value == "":
            return f"{name} must be {_WORDS[kind]}, not {_shown(value)}"
    return None


_WORDS: Mapping[type, str] = {str: "a text that is not empty", dict: "an object", list: "a list", int: "an integer"}


def _schema(message: Mapping[str, Any]) -> str | None:
    if fault := _must(message, stream=str, schema=dict):
        return fault
    if fault := _must(message["schema"], properties=dict):
        return f"schema.{fault}"
    try:
        Draft7Validator.check_schema(message["schema"])
    except (SchemaError, RecursionError) as error:
        return f"schema is not a JSON Schema: {getattr(error, 'message', 'nested too deeply')}"
    keys = message.get("key_properties")
    if keys is not None and not (isinstance(keys, list) and all(isinstance(key, str) for key in keys)):
        return f"key_properties must be a list of names, not {_shown(keys)}"
    return None


def _batch(message: Mapping[str, Any]) -> str | None:
    if fault := _must(message, stream=str, encoding=dict, manifest=list):
        return fault
    if fault := _must(message["encoding"], format=str):
        return f"encoding.{fault}"
    return None if all(isinstance(each, str) for each in message["manifest"]) else "manifest must be a list of files"


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], str | None]] = {
    "SCHEMA": _schema,
    "RECORD": lambda message: _must(message, stream=str, record=dict),
    "STATE": lambda message: _must(message, value=dict),
    "ACTIVATE_VERSION": lambda message: _must(message, stream=str, version=int),
    "BATCH": _batch,
}
